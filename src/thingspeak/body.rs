//! What an answer of ThingSpeak means. Pure, and total: any bytes give a page or a reason, never a
//! panic.
//!
//! ThingSpeak says "no" in a body as often as in a status, so the body is asked first: `-1`, as a
//! number or a string, is a refusal under every status. A row that cannot be read costs that row
//! and no other. Fields are handed on as they came; what they mean is decided by whoever knows the
//! device.

use std::borrow::Cow;
use std::time::Duration;

use evara_actors::domain::{EntryId, Timestamp};
use evara_actors::ports::{Entry, FeedError, Page};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::transport::Response;

/// Past what a signed column of 64 bits holds, a number is a fault and not an entry.
const LAST_POSSIBLE_ENTRY: u64 = i64::MAX as u64;

const NO_LIST: &str = "it has no list of entries";

/// Reads the answer to an ask for entries.
pub(super) fn read(answer: &Response) -> Result<Page, FeedError> {
    // Bytes that are not UTF-8 become marks in one value instead of the loss of the page.
    let text = String::from_utf8_lossy(&answer.body);
    let text = text.trim();
    let refused = |status| refusal(status, answer.retry_after);
    if is_minus_one(text) {
        return Err(FeedError::NoAccess);
    }
    if answer.status == 429 || answer.status >= 500 {
        return Err(refused(answer.status));
    }
    if is_json_but_no_object(text) {
        return Err(FeedError::NoAccess);
    }
    let body = serde_json::from_str::<Body<'_>>(text);
    if let Some(status) = body.as_ref().ok().and_then(Body::status_of_error) {
        return Err(refused(status));
    }
    if !(200..300).contains(&answer.status) {
        return Err(refused(answer.status));
    }
    let body = body.map_err(|error| not_a_feed(answer, text, &error))?;
    let rows = body.feeds.ok_or(FeedError::Malformed(NO_LIST))?;
    Ok(page(&rows, body.channel.and_then(last_entry)))
}

/// The statuses of ThingSpeak's own table: one that is not in it says nothing about the channel.
fn refusal(status: u16, retry_after: Option<Duration>) -> FeedError {
    match status {
        429 => FeedError::Throttled { retry_after },
        401 | 404 => FeedError::NoAccess,
        status => FeedError::Status { status },
    }
}

fn is_minus_one(text: &str) -> bool {
    let unquoted = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    unquoted.unwrap_or(text).trim() == "-1"
}

/// A number, a string, an array: how older actions say that there is nothing to see.
fn is_json_but_no_object(text: &str) -> bool {
    !text.starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn not_a_feed(answer: &Response, text: &str, error: &serde_json::Error) -> FeedError {
    let is_html = |kind: &str| kind.to_ascii_lowercase().contains("html");
    FeedError::Malformed(if text.is_empty() {
        "it is empty"
    } else if text.starts_with('<') || answer.content_type.as_deref().is_some_and(is_html) {
        "it is a web page"
    } else if error.is_eof() {
        "it is cut short"
    } else if error.is_data() {
        NO_LIST
    } else {
        "it is not JSON"
    })
}

/// A feed or an error object. The rows stay raw: nothing within one, however deep or large, can
/// spoil the next.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    channel: Option<&'a RawValue>,
    #[serde(borrow, default)]
    feeds: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<IgnoredAny>,
}

impl Body<'_> {
    /// The status that an error object names; ThingSpeak writes it as a string.
    fn status_of_error(&self) -> Option<u16> {
        let _is_an_error = self.error.as_ref()?;
        let status = self.status?.get().trim_matches('"').parse().ok()?;
        (400..600).contains(&status).then_some(status)
    }
}

fn page(rows: &[&RawValue], last_entry: Option<EntryId>) -> Page {
    let mut entries: Vec<Entry> = rows.iter().filter_map(|row| entry(row)).collect();
    let malformed = rows.len() - entries.len();
    entries.sort_by_key(|entry| (entry.created_at, entry.id));
    Page {
        entries,
        last_entry,
        malformed: u32::try_from(malformed).unwrap_or(u32::MAX),
        ..Page::default()
    }
}

/// Reads an object by its keys; serde alone would take an array for one, by position.
fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    let text = raw.get();
    text.starts_with('{')
        .then(|| serde_json::from_str(text).ok())?
}

fn last_entry(channel: &RawValue) -> Option<EntryId> {
    #[derive(Deserialize)]
    struct Channel {
        last_entry_id: Option<u64>,
    }
    let channel: Channel = object(channel)?;
    entry_id(channel.last_entry_id?)
}

/// Entries count from 1.
fn entry_id(number: u64) -> Option<EntryId> {
    (1..=LAST_POSSIBLE_ENTRY)
        .contains(&number)
        .then_some(EntryId(number))
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    created_at: Cow<'a, str>,
    entry_id: u64,
    #[serde(borrow, default)]
    field1: Option<&'a RawValue>,
    #[serde(borrow, default)]
    field2: Option<&'a RawValue>,
    #[serde(borrow, default)]
    field3: Option<&'a RawValue>,
    #[serde(borrow, default)]
    field4: Option<&'a RawValue>,
    #[serde(borrow, default)]
    field5: Option<&'a RawValue>,
    #[serde(borrow, default)]
    field6: Option<&'a RawValue>,
    #[serde(borrow, default)]
    field7: Option<&'a RawValue>,
    #[serde(borrow, default)]
    field8: Option<&'a RawValue>,
}

/// One row. Without an `entry_id`, as aggregates are, it cannot be told from its repetition: it is
/// no entry.
fn entry(row: &RawValue) -> Option<Entry> {
    let row: Row<'_> = object(row)?;
    let raw = [
        row.field1, row.field2, row.field3, row.field4, row.field5, row.field6, row.field7,
        row.field8,
    ];
    let mut fields = <[Option<Box<str>>; 8]>::default();
    for (field, raw) in fields.iter_mut().zip(raw) {
        if let Some(raw) = raw {
            *field = Some(field_text(raw.get())?);
        }
    }
    Some(Entry {
        id: entry_id(row.entry_id)?,
        created_at: row.created_at.parse::<Timestamp>().ok()?,
        fields,
    })
}

/// A string's content, or a number exactly as it was written; nothing else is a value of a field.
fn field_text(raw: &str) -> Option<Box<str>> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(raw)
            .ok()
            .map(String::into_boxed_str),
        b'-' | b'0'..=b'9' => Some(raw.into()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
