//! state

use std::sync::Arc;

use super::{Derived, Property};
use crate::domain::{NodeSpec, Revision, Status, Timestamp};
use crate::ports::LogEntry;

/// What is known of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Twin {
    pub(super) spec: Arc<NodeSpec>,
    pub(super) revision: Revision,
    pub(super) status: Status,
    pub(super) reported: Vec<Property>,
    pub(super) derived: Vec<Derived>,
}

/// Why a snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the snapshot cannot be read")]
pub struct SnapshotError(#[from] serde_json::Error);

impl Twin {
    /// A twin of which nothing is known yet, at revision zero. Never written: see [`Twin::create`].
    pub fn blank(spec: Arc<NodeSpec>, at: Timestamp) -> Self {
        let _ = (spec, at);
        unimplemented!()
    }
    /// The twin as it was when `state` was made by [`Twin::snapshot`], under the description `spec`.
    ///
    /// # Errors
    /// When `state` is not a snapshot that this version can read.
    pub fn restore(spec: Arc<NodeSpec>, state: &[u8]) -> Result<Self, SnapshotError> {
        let _ = (spec, state);
        unimplemented!()
    }
    /// Its state as bytes, for [`Twin::restore`].
    pub fn snapshot(&self) -> Vec<u8> {
        unimplemented!()
    }
    /// The twin after an entry of its own log; entries at or below its revision change nothing.
    #[must_use]
    pub fn replay(self, entry: &LogEntry) -> Self {
        let _ = entry;
        unimplemented!()
    }
    /// The description that it goes by.
    pub fn spec(&self) -> &Arc<NodeSpec> {
        &self.spec
    }
    /// How many changes it has seen.
    pub fn revision(&self) -> Revision {
        self.revision
    }
    /// Whether the node is alive.
    pub fn status(&self) -> Status {
        self.status
    }
    /// The current values, by metric.
    pub fn reported(&self) -> &[Property] {
        &self.reported
    }
    /// What follows from them, in a fixed order.
    pub fn derived(&self) -> &[Derived] {
        &self.derived
    }
    /// The newest source time of all; `None` before the first sample.
    pub fn last_seen_at(&self) -> Option<Timestamp> {
        self.reported.iter().map(|p| p.source_at).max()
    }
    /// The status that would hold at `now` if nothing more were heard.
    pub fn status_at(&self, now: Timestamp) -> Status {
        let _ = now;
        unimplemented!()
    }
}
