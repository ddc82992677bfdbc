//! How lists are cut into pages, and what their query parameters have in common.

use std::fmt;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::guard::Caller;
use super::problem::{Part, Problem};
use super::state::AppState;

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

/// Keeps cursors of lists from being taken for others.
const PURPOSE: &[u8] = b"list";

/// Whatever is told of the place by its length is told in steps of so many bytes: numbers and UUIDs look alike.
const STEP_BYTES: usize = 40;

/// The cursors of a list, as whoever asks sees it: bound to them and to how far they see, to the path, and to the
/// filters. The length of a page may change from one to the next.
#[derive(Debug)]
pub(crate) struct Pages {
    app: AppState,
    owner: String,
    path: String,
    filters: String,
}

impl FromRequestParts<AppState> for Pages {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        // A query that cannot be read is refused by whoever takes the filters from it.
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let mut filters = query.map_or_else(|_| Vec::new(), |Query(filters)| filters);
        filters.retain(|(name, _)| name != "cursor" && name != "limit");
        filters.sort_unstable();
        Ok(Self {
            app: app.clone(),
            owner: Caller::of(parts)?.owner(),
            path: parts.uri.path().to_owned(),
            filters: format!("{filters:?}"),
        })
    }
}

impl Pages {
    /// Of a list that says in its places what was asked for, however that was spelled.
    pub(crate) fn of_any_spelling(self) -> Self {
        let filters = String::new();
        Self { filters, ..self }
    }

    /// The cursor of what comes after a place.
    pub(crate) fn cursor(&self, after: impl fmt::Display) -> Result<String, Problem> {
        let mut place = after.to_string();
        let length = place.len().next_multiple_of(STEP_BYTES);
        place.extend(std::iter::repeat_n(' ', length - place.len()));
        let sealed = self.app.cursors().seal(&self.bounds(), place.into_bytes());
        sealed.ok_or_else(|| Problem::internal("a cursor cannot be sealed"))
    }

    /// What a cursor stands for, by `parse`; what was not given for this list, as it is asked for here, is 400.
    pub(crate) fn after<T>(
        &self,
        cursor: Option<&str>,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(cursor) = cursor else {
            return Ok(None);
        };
        let place = self.app.cursors().open(&self.bounds(), cursor);
        let text = place.and_then(|place| String::from_utf8(place).ok());
        let parsed = text.and_then(|text| parse(text.trim_end_matches(' ')));
        let foreign = || {
            let detail = "is not a cursor that you were given for this list with these filters";
            Problem::malformed(Part::Query, "cursor", detail)
        };
        parsed.map(Some).ok_or_else(foreign)
    }

    fn bounds(&self) -> [&[u8]; 4] {
        let [owner, path, filters] = [&self.owner, &self.path, &self.filters].map(String::as_bytes);
        [PURPOSE, owner, path, filters]
    }
}
