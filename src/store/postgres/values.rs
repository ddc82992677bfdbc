//! How single values travel to PostgreSQL and back, where its types are not ours.

use std::borrow::Cow;
use std::error::Error;

use bytes::BytesMut;
use evara_actors::domain::Timestamp;
use serde_json::Value;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

use crate::store::codes;
use crate::store::unreadable::Unreadable;

/// 2000-01-01, from which PostgreSQL counts microseconds, in milliseconds since 1970.
const POSTGRES_EPOCH_MS: i64 = 946_684_800_000;

/// An instant as a `timestamptz`: of whole milliseconds, like all of ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct At(pub(super) Timestamp);

impl ToSql for At {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        // The years 0 to 9999 in microseconds are far from the ends of 64 bits.
        let micros = (self.0.millis() - POSTGRES_EPOCH_MS) * 1_000;
        micros.to_sql(ty, out)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for At {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let micros = i64::from_sql(ty, raw)?;
        let millis = micros.div_euclid(1_000).saturating_add(POSTGRES_EPOCH_MS);
        Ok(Self(codes::timestamp(millis)?))
    }

    accepts!(TIMESTAMPTZ);
}

/// Says that the next character is not to be taken for itself. A private one, which people do not type.
const ESCAPE: char = '\u{e000}';

/// A text as PostgreSQL can hold it, whose texts have no U+0000.
pub(super) fn to_stored(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let mut stored = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\0' => stored.extend([ESCAPE, '0']),
            ESCAPE => stored.extend([ESCAPE, '1']),
            other => stored.push(other),
        }
    }
    Cow::Owned(stored)
}

/// The text as it was before [`to_stored`].
pub(super) fn from_stored(stored: String) -> Result<String, Unreadable> {
    if !stored.contains(ESCAPE) {
        return Ok(stored);
    }
    let mut text = String::with_capacity(stored.len());
    let mut letters = stored.chars();
    while let Some(letter) = letters.next() {
        let meant = match letter {
            ESCAPE => match letters.next() {
                Some('0') => '\0',
                Some('1') => ESCAPE,
                Some(_) | None => return Err(torn()),
            },
            other => other,
        };
        text.push(meant);
    }
    Ok(text)
}

fn torn() -> Unreadable {
    Unreadable("a text that was not written by this service".to_owned())
}

/// JSON as `jsonb` can hold it: [`to_stored`] in every text of it.
pub(super) fn json_to_stored(json: String) -> Result<String, Unreadable> {
    // An escaped NUL is the only form in which JSON text holds one.
    if !json.contains(ESCAPE) && !json.contains("\\u0000") {
        return Ok(json);
    }
    in_texts(&json, &|text| Ok(to_stored(&text).into_owned()))
}

/// The JSON as it was before [`json_to_stored`], but for spaces and the order of names.
pub(super) fn json_from_stored(json: String) -> Result<String, Unreadable> {
    if !json.contains(ESCAPE) {
        return Ok(json);
    }
    in_texts(&json, &from_stored)
}

fn in_texts(
    json: &str,
    change: &dyn Fn(String) -> Result<String, Unreadable>,
) -> Result<String, Unreadable> {
    let value: Value = crate::store::json::parse("description of a node", json)?;
    Ok(changed(value, change)?.to_string())
}

fn changed(
    value: Value,
    change: &dyn Fn(String) -> Result<String, Unreadable>,
) -> Result<Value, Unreadable> {
    Ok(match value {
        Value::String(text) => Value::String(change(text)?),
        Value::Array(items) => {
            let items = items.into_iter().map(|item| changed(item, change));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let field = |(name, value)| Ok((change(name)?, changed(value, change)?));
            Value::Object(fields.into_iter().map(field).collect::<Result<_, _>>()?)
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[\u{0}\u{e000}01a\\\\\"]{0,8}"]
    }

    proptest! {
        #[test]
        fn every_text_comes_back_and_has_no_nul_on_the_way(text in texts()) {
            let stored = to_stored(&text).into_owned();
            prop_assert!(!stored.contains('\0'));
            prop_assert_eq!(from_stored(stored).unwrap(), text);
        }

        #[test]
        fn every_json_comes_back_and_has_no_nul_on_the_way(name in texts(), text in texts()) {
            let value = serde_json::json!({ name: [text, 1.5, null, {"deep": "\u{0}"}] });
            let stored = json_to_stored(value.to_string()).unwrap();
            prop_assert!(!stored.contains("\\u0000"), "{}", stored);
            let back: Value = serde_json::from_str(&json_from_stored(stored).unwrap()).unwrap();
            prop_assert_eq!(back, value);
        }

        #[test]
        fn every_instant_comes_back(millis in any::<i64>()) {
            let instant = Timestamp::from_millis(millis);
            let mut bytes = BytesMut::new();
            At(instant).to_sql(&Type::TIMESTAMPTZ, &mut bytes).unwrap();
            prop_assert_eq!(At::from_sql(&Type::TIMESTAMPTZ, &bytes).unwrap().0, instant);
        }
    }
}
