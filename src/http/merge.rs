//! Merge patches, RFC 7396.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::by_name::ByName;
use super::misshapen::misshapen;
use super::problem::Problem;

/// `current` with `patch` merged into it. A field that is not known, or not of its type, is 400.
pub(crate) fn merged<T: Serialize + DeserializeOwned>(
    current: &T,
    patch: Map<String, Value>,
) -> Result<T, Problem> {
    let mut value = serde_json::to_value(current).map_err(Problem::internal)?;
    merge(&mut value, Value::Object(patch));
    serde_path_to_error::deserialize(ByName(value)).map_err(|error| misshapen(&error))
}

/// As the RFC has it, but for one thing: a `null` for what is not there is kept, so that the type says
/// whether there could be such a field. Types read `null` as absent.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else {
        return;
    };
    for (key, value) in patch {
        match fields.get_mut(&key) {
            Some(_) if value.is_null() => drop(fields.remove(&key)),
            Some(field) => merge(field, value),
            None => {
                let mut field = Value::Null;
                merge(&mut field, value);
                fields.insert(key, field);
            }
        }
    }
}
