//! The writer of what the sinks collect.

use std::sync::Arc;

use super::ShardSink;
use crate::domain::Timestamp;
use crate::ports::Batch;

/// How the writing goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersistView {
    /// Records that are not committed.
    pub waiting: u64,
    /// When a batch was last committed.
    pub last_commit_at: Option<Timestamp>,
    /// Since when no batch could be committed.
    pub failing_since: Option<Timestamp>,
    /// How often the batch in flight was tried again.
    pub retries: u32,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

/// A batch that is not committed, and what it was taken from.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) batch: Arc<Batch>,
    /// The sink, the number of records taken, and the number of the last one.
    pub(super) taken: Vec<(Arc<ShardSink>, usize, u64)>,
}
