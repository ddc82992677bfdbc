//! Values that are stored as JSON, as text: what is written here can be read back, or is not written.

use evara_actors::domain::NodeSpec;
use evara_actors::twin::Change;
use serde::Serializer as _;
use serde::de::DeserializeOwned;

use super::unreadable::Unreadable;

/// Stored JSON as a value; `what` names it where it cannot be read.
pub(super) fn parse<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, Unreadable> {
    serde_json::from_str(json)
        .map_err(|error| Unreadable(format!("a {what} that cannot be read: {error}")))
}

/// A description as JSON that can be read back: one that cannot would keep every node from being read.
pub(super) fn of_spec(spec: &NodeSpec) -> Result<String, Unreadable> {
    let json = serde_json::to_string(spec)
        .map_err(|error| Unreadable(format!("a description that is no JSON: {error}")))?;
    self::spec(&json)?;
    Ok(json)
}

pub(super) fn spec(json: &str) -> Result<NodeSpec, Unreadable> {
    parse("description of a node", json)
}

pub(super) fn of_change(change: &Change) -> Result<String, Unreadable> {
    serde_json::to_string(change)
        .map_err(|error| Unreadable(format!("a change that is no JSON: {error}")))
}

pub(super) fn change(json: &str) -> Result<Change, Unreadable> {
    parse("change", json)
}

/// The derived values without a column, as a JSON object. What is not finite is no number. Written straight
/// to text: nearly every row of a flow meter or a well has some.
pub(super) fn unnamed_derived(derived: &[(&'static str, f64)], named: &[&str]) -> Option<String> {
    let unnamed = |(name, number): &&(&str, f64)| !named.contains(name) && number.is_finite();
    let mut rest = derived.iter().filter(unnamed).copied().peekable();
    rest.peek()?;
    let mut text = Vec::with_capacity(32 * derived.len());
    let written = serde_json::Serializer::new(&mut text).collect_map(rest);
    written.expect("text keys and finite numbers are always JSON");
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_values_that_have_a_column_or_are_no_number_are_left_out() {
        let derived = [("level_pct", 50.5), ("rate", -1.0), ("left_s", f64::NAN)];
        let text = unnamed_derived(&derived, &["level_pct"]);
        assert_eq!(text.as_deref(), Some(r#"{"rate":-1.0}"#));
        assert_eq!(unnamed_derived(&derived[..1], &["level_pct"]), None);
        assert_eq!(unnamed_derived(&[], &[]), None);
    }
}
