//! How a twin comes back from what was saved of it, or into being where nothing was.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::task::JoinSet;

use super::StartError;
use crate::domain::{NodeSpec, Revision, Timestamp};
use crate::ports::{LogEntry, Record, SavedTwin, SavedTwins};
use crate::twin::{Change, Event, Transition, Twin, apply};

/// Nodes that one thread brings back in some tens of milliseconds: fewer are not worth a second thread.
const PORTION: usize = 2_048;

/// A twin that came back.
#[derive(Debug)]
pub(super) struct Restored {
    /// The twin, and what is to be written of it.
    pub(super) transition: Transition,
    /// The revision of its snapshot.
    pub(super) saved: Revision,
}

/// Every node's twin as it was, or a new one, in the order of `nodes`; on all cores where there are many,
/// since nobody is answered before they are there.
///
/// # Errors
/// When a snapshot cannot be read.
pub(super) async fn restore_all(
    nodes: Vec<NodeSpec>,
    mut saved: SavedTwins,
    now: Timestamp,
) -> Result<Vec<Restored>, StartError> {
    let count = nodes.len();
    let threads = available_parallelism().map_or(1, usize::from);
    let portion = count.div_ceil(threads).max(PORTION);
    let mut waiting = nodes.into_iter().map(|spec| {
        let saved = saved.remove(&spec.id);
        (spec, saved)
    });
    let mut tasks = JoinSet::new();
    for number in 0.. {
        let portion: Vec<_> = waiting.by_ref().take(portion).collect();
        if portion.is_empty() {
            break;
        }
        tasks.spawn_blocking(move || {
            let twins = portion.into_iter();
            let twins = twins.map(|(spec, saved)| bring_back(spec, saved, now));
            (number, twins.collect::<Result<Vec<_>, _>>())
        });
    }
    let mut portions: Vec<(usize, Result<Vec<Restored>, StartError>)> = tasks.join_all().await;
    portions.sort_by_key(|(number, _)| *number);
    let mut twins = Vec::with_capacity(count);
    for (_, portion) in portions {
        twins.extend(portion?);
    }
    Ok(twins)
}

/// The twin as it was, judged by what time it is now: what has become of its status since it was saved was
/// told to nobody.
fn bring_back(
    spec: NodeSpec,
    saved: Option<SavedTwin>,
    now: Timestamp,
) -> Result<Restored, StartError> {
    let snapshot = saved.as_ref().and_then(|saved| saved.snapshot.as_ref());
    let revision = snapshot.map_or(Revision::ZERO, |row| row.revision);
    let mut transition = restore(Arc::new(spec), saved, now)?;
    let judged = apply(&transition.twin, &Event::Ticked { now });
    transition.twin = judged.twin;
    transition.effects.extend(judged.effects);
    Ok(Restored {
        transition,
        saved: revision,
    })
}

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
