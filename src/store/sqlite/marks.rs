//! Which hours of which nodes are known to be marked, so that most commits need not mark any.
//!
//! Never ahead of the database: what is remembered here was committed, and is forgotten before the roller
//! is told of it. Both happen on the writer's connection, one after the other.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evara_actors::domain::{NodeId, Timestamp};

use crate::history::Mark;

/// A hundred thousand nodes and the hours that are not rolled up yet, in some ten megabytes. When it is
/// full all is forgotten, and marked once more.
const MOST: usize = 300_000;

/// What a mark is of.
const HOUR: Duration = Duration::from_secs(3_600);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Marks(Mutex<HashSet<(NodeId, Timestamp)>>);

/// Nodes and hours of UTC, each once.
#[derive(Debug, Default)]
pub(super) struct Touched(BTreeSet<(NodeId, Timestamp)>);

impl Touched {
    /// Adds the hour that `at` is in.
    pub(super) fn add(&mut self, node: NodeId, at: Timestamp) {
        let hour = i64::try_from(HOUR.as_millis()).unwrap_or(i64::MAX);
        let begin = at.millis() - at.millis().rem_euclid(hour);
        self.0.insert((node, Timestamp::from_millis(begin)));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (NodeId, Timestamp)> {
        self.0.iter().copied()
    }
}

impl Marks {
    /// What of `touched` is not known to be marked.
    pub(super) fn without(&self, mut touched: Touched) -> Touched {
        let known = self.known();
        touched.0.retain(|key| !known.contains(key));
        touched
    }

    /// To be called once the marks are committed.
    pub(super) fn remember(&self, marked: Touched) {
        let mut known = self.known();
        if known.len() + marked.0.len() > MOST {
            known.clear();
        }
        known.extend(marked.0);
    }

    /// To be called before marks are taken away.
    pub(super) fn forget(&self, taken: &[Mark]) {
        let mut known = self.known();
        for Mark { node, hour } in taken {
            known.remove(&(*node, *hour));
        }
    }

    /// A set of keys is whole after every step, so that a panic elsewhere spoils nothing.
    fn known(&self) -> MutexGuard<'_, HashSet<(NodeId, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
