//! How lists are cut into pages, and what their query parameters have in common.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::problem::{Part, Problem};

/// How many items a page has, 1 to 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(u32);

impl Limit {
    const MOST: u32 = 200;

    pub(crate) fn get(self) -> u32 {
        self.0
    }

    pub(crate) fn size(self) -> usize {
        self.0 as usize
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let number = text
            .parse()
            .ok()
            .filter(|number| (1..=Self::MOST).contains(number));
        number
            .map(Self)
            .ok_or_else(|| D::Error::custom("must be from 1 to 200"))
    }
}

/// Several values of one filter, separated by commas: any of them will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnyOf<T>(Vec<T>);

/// More alternatives than this are a list that somebody should have kept.
const MAX_ALTERNATIVES: usize = 100;

impl<T> Default for AnyOf<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> AnyOf<T> {
    /// Every one of them, in the order in which they were named.
    pub(crate) fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T: PartialEq> AnyOf<T> {
    /// Whether `value` is one of them; everything is, where nothing was asked for.
    pub(crate) fn allows(&self, value: &T) -> bool {
        self.0.is_empty() || self.0.contains(value)
    }

    /// Whether `test` holds for any of them; it does, where nothing was asked for.
    pub(crate) fn any(&self, test: impl FnMut(&T) -> bool) -> bool {
        self.0.is_empty() || self.0.iter().any(test)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for AnyOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        if text.split(',').count() > MAX_ALTERNATIVES {
            return Err(D::Error::custom("must be at most 100 values"));
        }
        let value = |text: &str| T::deserialize(StrDeserializer::<D::Error>::new(text.trim()));
        text.split(',')
            .map(value)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Makes a cursor of what the next page begins after. Hexadecimal, so that nobody builds one by hand.
pub(crate) fn cursor(after: impl fmt::Display) -> String {
    let hex = |byte: u8| format!("{byte:02x}");
    after.to_string().bytes().map(hex).collect()
}

/// What a cursor stands for, by `parse`; a text that is no cursor of this list is 400.
pub(crate) fn after<T>(
    cursor: Option<&str>,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let text = decode(cursor).and_then(|bytes| String::from_utf8(bytes).ok());
    let parsed = text.and_then(|text| parse(&text));
    let foreign = || Problem::malformed(Part::Query, "cursor", "is not a cursor of this list");
    parsed.map(Some).ok_or_else(foreign)
}

fn decode(hex: &str) -> Option<Vec<u8>> {
    let nibble = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(nibble(*high)? * 16 + nibble(*low)?).ok(),
        _ => None,
    };
    hex.as_bytes().chunks(2).map(pair).collect()
}
