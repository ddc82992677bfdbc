//! How a twin comes back from what was saved of it, or into being where nothing was.

use std::sync::Arc;

use super::StartError;
use crate::domain::{NodeSpec, Timestamp};
use crate::ports::{LogEntry, Record, SavedTwin};
use crate::twin::{Change, Event, Transition, Twin, apply};

/// The twin as it was, or a new one, and what is to be written of it: a description that was changed just
/// before the process died is in the registry, and not yet in the log.
///
/// # Errors
/// When the snapshot cannot be read.
pub(super) fn restore(
    spec: Arc<NodeSpec>,
    saved: Option<SavedTwin>,
    now: Timestamp,
) -> Result<Transition, StartError> {
    let saved = saved.unwrap_or_default();
    let node = spec.id;
    let twin = match (&saved.snapshot, saved.tail.first()) {
        (Some(row), _) => Twin::restore(Arc::clone(&spec), &row.state)
            .map_err(|source| StartError::Unreadable { node, source })?,
        (None, Some(first)) => Twin::blank(Arc::clone(&spec), birth(first, &spec)),
        (None, None) => return Ok(Twin::create(spec, now)),
    };
    let twin = saved.tail.iter().fold(twin, Twin::replay);
    Ok(apply(&twin, &Event::Configured { spec, at: now }))
}

/// When a twin came to be, by the first entry of its log.
fn birth(first: &LogEntry, spec: &NodeSpec) -> Timestamp {
    match &first.record {
        Record::Event(at, Change::Created) => *at,
        Record::Event(..) | Record::Telemetry(_) => spec.created_at,
    }
}
