//! What of a target is written down: all but its secrets.

use serde_json::Value;

/// What stands in place of a secret.
const MASK: &str = "***";

/// Parts of names that secrets have here; whatever is named like that is one.
const SECRET: [&str; 6] = [
    "key_secret",
    "api_key",
    "password",
    "secret",
    "token",
    "seed",
];

/// `value` with every secret in it masked, however deep. Whether a secret was there is still seen.
#[must_use]
pub fn masked(mut value: Value) -> Value {
    mask(&mut value);
    value
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                let is_secret = SECRET.iter().any(|part| name.to_lowercase().contains(part));
                if is_secret && !field.is_null() && !field.is_boolean() {
                    *field = Value::from(MASK);
                } else {
                    mask(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_masked_however_deep_and_that_there_was_one_is_seen() {
        let shown = masked(json!({
            "channel": { "channel_id": 7, "read_api_key": "SESAME", "has_key": true },
            "users": [{ "password": "x", "new_password": null, "totp_seed": ["x"] }],
        }));
        assert_eq!(
            shown,
            json!({
                "channel": { "channel_id": 7, "read_api_key": "***", "has_key": true },
                "users": [{ "password": "***", "new_password": null, "totp_seed": "***" }],
            })
        );
    }
}
