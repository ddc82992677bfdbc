//! Which hours of which nodes are known to be marked, so that most commits need not mark any.
//!
//! Several commits may run at once. Whoever takes marks away waits for those that rely on them, and keeps
//! out those that would: see [`Marks::relying`] and [`Marks::taking`]. A commit of which nobody knows what
//! became is offered again, and marks again what it relied on: also for rows that are there already.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use evara_actors::domain::{NodeId, Timestamp};
use evara_actors::ports::TelemetryRow;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A hundred thousand nodes and the hours that are not rolled up yet, in some ten megabytes. When it is
/// full all is forgotten, and marked once more.
const MOST: usize = 300_000;

const HOUR_MILLIS: i64 = 3_600_000;

/// A mark, in the order of the table.
pub(super) type Key = (Timestamp, NodeId);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Marks {
    known: Mutex<HashSet<Key>>,
    /// Shared by commits from before they look what is known until they are over.
    gate: RwLock<()>,
}

impl Marks {
    /// To be held while a commit relies on what is known.
    pub(super) async fn relying(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().await
    }

    /// To be held while marks are taken away: no commit relies on any.
    pub(super) async fn taking(&self) -> RwLockWriteGuard<'_, ()> {
        let gate = self.gate.write().await;
        self.known().clear();
        gate
    }

    /// The hours of `rows` that are not known to be marked, in their order.
    pub(super) fn missing(&self, rows: &[TelemetryRow]) -> BTreeSet<Key> {
        let known = self.known();
        let hour = |at: Timestamp| at.millis() - at.millis().rem_euclid(HOUR_MILLIS);
        let key = |row: &TelemetryRow| {
            let hour = Timestamp::from_millis(hour(row.sample.source_at));
            (hour, row.node)
        };
        rows.iter()
            .map(key)
            .filter(|key| !known.contains(key))
            .collect()
    }

    /// To be called once the marks are committed.
    pub(super) fn remember(&self, marked: BTreeSet<Key>) {
        let mut known = self.known();
        if known.len() + marked.len() > MOST {
            known.clear();
        }
        known.extend(marked);
    }

    /// A set of keys is whole after every step, so that a panic elsewhere spoils nothing.
    fn known(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
