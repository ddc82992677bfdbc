//! Values that are stored as JSON, as text: what is written here can be read back, or is not written.

use evara_actors::domain::NodeSpec;
use evara_actors::twin::Change;
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

/// The derived values without a column, as a JSON object. What is not finite is no number.
pub(super) fn unnamed_derived(derived: &[(&'static str, f64)], named: &[&str]) -> Option<String> {
    let rest = |(name, number): &&(&str, f64)| !named.contains(name) && number.is_finite();
    let object: serde_json::Map<_, _> = derived
        .iter()
        .filter(rest)
        .map(|(name, number)| ((*name).to_owned(), (*number).into()))
        .collect();
    (!object.is_empty()).then(|| serde_json::Value::Object(object).to_string())
}
