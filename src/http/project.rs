//! Parts of a view, by path: for callers that want little, and may wait a little longer for it.

use serde::Serialize;
use serde_json::{Map, Value};

use super::problem::{Code, Part, Problem};

/// More parts than this are the whole.
const MAX_FIELDS: usize = 64;

/// The part of `view` at a path like `reported/level_cm`; nothing there is 404.
pub(crate) fn at(view: &impl Serialize, path: &str) -> Result<Value, Problem> {
    let mut value = serde_json::to_value(view).map_err(Problem::internal)?;
    for name in path.split('/') {
        let part = if let Value::Object(fields) = &mut value {
            fields.remove(name)
        } else {
            None
        };
        value = part.ok_or_else(Problem::not_found)?;
    }
    Ok(value)
}

/// Only these parts of `view`, each in its place. A part that is not there is left out, as a metric
/// may be that was not seen yet; a first name that no twin has is 400.
pub(crate) fn only(view: &impl Serialize, fields: &str) -> Result<Value, Problem> {
    let whole = serde_json::to_value(view).map_err(Problem::internal)?;
    if fields.split(',').count() > MAX_FIELDS {
        return Err(Problem::malformed(
            Part::Query,
            "fields",
            "must be at most 64 parts",
        ));
    }
    let mut result = Value::Object(Map::new());
    for field in fields.split(',').map(str::trim) {
        let first = field.split('.').next().unwrap_or_default();
        if whole.get(first).is_none() {
            return Err(
                Problem::new(Code::InvalidRequest, "A twin has no such part.").field(
                    Part::Query,
                    "fields",
                    "names a part that no twin has",
                ),
            );
        }
        copy(&whole, &mut result, field);
    }
    Ok(result)
}

fn copy(from: &Value, to: &mut Value, path: &str) {
    let (name, rest) = path
        .split_once('.')
        .map_or((path, None), |(name, rest)| (name, Some(rest)));
    let (Some(part), Value::Object(fields)) = (from.get(name), to) else {
        return;
    };
    match rest {
        None => drop(fields.insert(name.to_owned(), part.clone())),
        Some(rest) => {
            let place = fields
                .entry(name)
                .or_insert_with(|| Value::Object(Map::new()));
            copy(part, place, rest);
        }
    }
}
