//! Twins as they stood once a day, kept so that one of the past is found without its whole log.
//!
//! Copies of the snapshots that twins come back from: never ahead of what is committed. Only a shortcut:
//! what a checkpoint leads to is what the log alone would lead to.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::{NodeId, NodeSpec, Revision, Timestamp};
use evara_actors::ports::ArchiveError;
use evara_actors::twin::Twin;

use super::Rolling;
use super::grid::{Grid, Width};

/// Copied at once: some hundred kilobytes.
const AT_ONCE: u32 = 100;

/// Longer than a call of the store takes: what is copied was committed, and so had come in, by then.
const WITHIN: Duration = Duration::from_secs(30);

/// A twin as it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// All that it knows had come in by then.
    pub at: Timestamp,
    /// The revision it was taken at.
    pub revision: Revision,
    /// Opaque to the store.
    pub state: Vec<u8>,
}

impl Checkpoint {
    /// The twin under the description `spec`; `None` where it cannot be read, as of a newer version.
    pub(super) fn restore(&self, spec: &Arc<NodeSpec>) -> Option<Twin> {
        Twin::restore(Arc::clone(spec), &self.state).ok()
    }
}

/// The beginning of the day of UTC that `at` is in: of each there is one checkpoint a node.
pub(crate) fn day_of(at: Timestamp) -> Timestamp {
    Grid::new(jiff::tz::TimeZone::UTC, Width::Day)
        .bucket(at)
        .from
}

/// Keeps every twin as it stands, unless there is one of this day already.
///
/// # Errors
/// When the store does not answer; what is missing is kept by the next call.
pub async fn keep(store: &dyn Rolling, now: impl Fn() -> Timestamp) -> Result<(), ArchiveError> {
    let mut after: Option<NodeId> = None;
    loop {
        let at = now().plus(WITHIN);
        after = store.keep_checkpoints(at, after, AT_ONCE).await?;
        if after.is_none() {
            return Ok(());
        }
    }
}
