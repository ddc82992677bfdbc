//! A twin as it was known at a time, made again from its log.
//!
//! What had come in by then, from the last checkpoint on, in the order in which it was taken in, and nothing that came later, whatever
//! it tells of. The log keeps no descriptions: values are judged and derived by the one of today. Nothing
//! here touches the live twin.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::{NodeSpec, Revision, Timestamp};
use evara_actors::ports::{Archive, ArchiveError, LogEntry, Record};
use evara_actors::twin::{Change, Twin};

use super::History;

/// Entries read at once: some hundred kilobytes, and a moment's work between two waits.
const PAGE: u32 = 1_000;

/// The most entries that are gone through for one answer: what a processor does in a second or two.
const MAX_REPLAYED: usize = 200_000;

/// Pages that are gone through for what somebody missed: more than two days by the minute.
const MOST_PAGES: usize = 4;

const DAY: Duration = Duration::from_secs(86_400);

/// Why there is no twin of that time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The store did not answer.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The node was not there yet.
    #[error("the node was not there yet")]
    Unborn,
    /// A part of the log that is needed was removed.
    #[error("the log does not reach back so far any more")]
    TornLog,
    /// Values before it were judged by another description than the one of today.
    #[error("the description was changed since")]
    Redescribed,
    /// More than [`MAX_REPLAYED`] entries lead there.
    #[error("too many changes lead there")]
    TooMuch,
}

/// The twin of `spec` as it was known at `at`.
pub(crate) async fn twin_at(
    archive: &dyn Archive,
    history: &dyn History,
    spec: &Arc<NodeSpec>,
    at: Timestamp,
) -> Result<Twin, Error> {
    let checkpoint = history.checkpoint(spec.id, at).await?;
    let mut twin = checkpoint.and_then(|kept| kept.restore(spec));
    let mut replayed = 0;
    loop {
        let after = twin.as_ref().map_or(Revision::ZERO, Twin::revision);
        let page = archive.changes(spec.id, after, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        for entry in &page {
            if known_at(entry) > at {
                return twin.ok_or(Error::Unborn);
            }
            let before = twin
                .take()
                .unwrap_or_else(|| Twin::blank(Arc::clone(spec), known_at(entry)));
            if entry.revision != before.revision().next() {
                return Err(Error::TornLog);
            }
            twin = Some(before.replay(entry));
        }
        replayed += page.len();
        if is_last {
            return twin.ok_or(Error::Unborn);
        }
        if replayed >= MAX_REPLAYED {
            return Err(Error::TooMuch);
        }
    }
}

/// The twin of `spec` at the revision `from`, and at each one after it, with when each came to be known.
///
/// # Errors
/// When the log does not reach back so far, or the description was changed since.
pub(crate) async fn from(
    archive: &dyn Archive,
    history: &dyn History,
    spec: &Arc<NodeSpec>,
    (from, now): (Revision, Timestamp),
) -> Result<Vec<(Timestamp, Twin)>, Error> {
    let mut twin = None;
    // Whoever was away over midnight knew it before the last one.
    for by in [now, now.minus(DAY)] {
        let checkpoint = history.checkpoint(spec.id, by).await?;
        let before = checkpoint.filter(|kept| kept.revision <= from);
        if let Some(kept) = before {
            twin = kept.restore(spec).map(|twin| (kept.at, twin));
            break;
        }
    }
    let mut twins = Vec::new();
    twins.extend(twin.clone().filter(|(_, twin)| twin.revision() == from));
    let mut twin = twin.map(|(_, twin)| twin);
    for _ in 0..MOST_PAGES {
        let after = twin.as_ref().map_or(Revision::ZERO, Twin::revision);
        let page = archive.changes(spec.id, after, PAGE).await?;
        for entry in &page {
            let at = known_at(entry);
            let before = twin.take();
            let before = before.unwrap_or_else(|| Twin::blank(Arc::clone(spec), at));
            if entry.revision != before.revision().next() {
                return Err(Error::TornLog);
            }
            let is_new = entry.revision > from;
            if is_new && matches!(entry.record, Record::Event(_, Change::Configured { .. })) {
                return Err(Error::Redescribed);
            }
            let after = before.replay(entry);
            if entry.revision >= from {
                twins.push((at, after.clone()));
            }
            twin = Some(after);
        }
        if page.len() < PAGE as usize {
            return Ok(twins);
        }
    }
    Err(Error::TooMuch)
}

/// When a change came to be known.
fn known_at(entry: &LogEntry) -> Timestamp {
    match &entry.record {
        Record::Telemetry(sample) => sample.received_at,
        Record::Event(at, Change::Created | Change::Status(_) | Change::Configured { .. }) => *at,
    }
}
