//! Entity tags, and the conditions that requests put on them.
//!
//! `"r42"` names the revision of a twin. `"v3"` names the version of a node's description, which
//! moves only when people change it: editing a node against `"r42"` loses to every reading that
//! arrives in between, against `"v3"` it does not.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use evara_actors::domain::Revision;

use super::problem::{Part, Problem};
use crate::app::nodes::{Expected, Precondition};

/// More tags than this are not a condition but an attack.
const MAX_TAGS: usize = 32;

/// The tag of a twin at a revision.
pub(crate) fn revision_tag(revision: Revision) -> HeaderValue {
    HeaderValue::try_from(format!("\"r{revision}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// The tag of a description at a version.
pub(crate) fn version_tag(version: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"v{version}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// `If-Match`: what a change goes by.
#[derive(Debug)]
pub(crate) struct IfMatch(pub(crate) Precondition);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut expected = Vec::new();
        let mut any = false;
        for tag in tags(&parts.headers, &IF_MATCH) {
            let malformed =
                || Problem::malformed(Part::Header, "if-match", r#"must be "r42", "v3" or *"#);
            match tag {
                Some("*") => any = true,
                Some(tag) => expected.push(tag_of(tag).ok_or_else(malformed)?),
                None => return Err(malformed()),
            }
        }
        if expected.len() > MAX_TAGS {
            return Err(Problem::malformed(
                Part::Header,
                "if-match",
                "must be at most 32 tags",
            ));
        }
        let unconditional = any || !parts.headers.contains_key(IF_MATCH);
        Ok(Self(if unconditional {
            Precondition::None
        } else {
            Precondition::OneOf(expected)
        }))
    }
}

/// `If-None-Match`: what the caller has already.
#[derive(Debug)]
pub(crate) struct IfNoneMatch(Option<HeaderMap>);

impl IfNoneMatch {
    /// Whether the caller has what `tag` names.
    pub(crate) fn has(&self, tag: &HeaderValue) -> bool {
        let Some(headers) = &self.0 else { return false };
        let same = |held: Option<&str>| {
            held.is_some_and(|held| {
                held == "*" || held.trim_start_matches("W/").as_bytes() == tag.as_bytes()
            })
        };
        tags(headers, &IF_NONE_MATCH).take(MAX_TAGS).any(same)
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let asked = parts.headers.contains_key(IF_NONE_MATCH);
        let held = || {
            let values = parts.headers.get_all(IF_NONE_MATCH);
            values
                .iter()
                .map(|value| (IF_NONE_MATCH, value.clone()))
                .collect()
        };
        Ok(Self(asked.then(held)))
    }
}

/// The tags of a header, trimmed; `None` for a value that is no text.
fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Option<&'a str>> {
    headers.get_all(name).iter().flat_map(|value| {
        let text = value.to_str().ok();
        let unreadable = text.is_none().then_some(None);
        text.into_iter()
            .flat_map(|text| text.split(',').map(|tag| Some(tag.trim())))
            .chain(unreadable)
    })
}

/// What a well-formed tag expects; a tag that we never gave expects what never is.
fn tag_of(tag: &str) -> Option<Expected> {
    let opaque = tag.strip_prefix('"')?.strip_suffix('"')?;
    if opaque.contains('"') {
        return None;
    }
    let number = |prefix: char| opaque.strip_prefix(prefix)?.parse::<u64>().ok();
    let revision = number('r').map(|number| Expected::Revision(Revision(number)));
    Some(
        revision
            .or_else(|| number('v').map(Expected::Version))
            .unwrap_or(Expected::Other),
    )
}
