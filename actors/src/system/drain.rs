//! How the system ends: from the source of the path to its mouth, so that nothing is lost on the way.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::System;
use crate::tree::{AskError, Shard};

/// What was left when the system ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Records that were not committed; polled ones will be polled again.
    pub records: u64,
    /// Twins whose last state was not saved; it follows from the log, where that is complete.
    pub twins: usize,
}

impl Drained {
    /// Whether nothing was left.
    pub const fn is_complete(self) -> bool {
        self.records == 0 && self.twins == 0
    }
}

impl System {
    /// Stops the pollers, then the twins, has everything written, and stops the rest; says what could not
    /// be written `within` this time. Nothing can be changed any more from the first call on.
    pub async fn drain(&self, within: Duration) -> Drained {
        let deadline = Instant::now() + within;
        self.stopping.store(true, Ordering::Release);
        // Whoever is about a change finishes it first.
        let changes = timeout_at(deadline, self.changes.lock()).await;
        let shards = self.estate.shards();
        let stop_pollers = |shard: Shard| async move { shard.stop_pollers().await };
        each(&shards, deadline, stop_pollers).await;
        let stop_twins = |shard: Shard| async move { shard.stop_twins().await };
        each(&shards, deadline, stop_twins).await;
        for desk in &self.estate.desks {
            desk.flush();
        }
        for desk in &self.estate.desks {
            if timeout_at(deadline, desk.cleared()).await.is_err() {
                break;
            }
        }
        self.tree.stop().await;
        drop(changes);
        Drained {
            records: self.persistence().waiting,
            twins: self.estate.unsaved(),
        }
    }
}

/// Does something with all shards at once; one that does not answer is not waited for.
async fn each<F>(shards: &[Shard], deadline: Instant, stop: impl Fn(Shard) -> F)
where
    F: Future<Output = Result<(), AskError>> + Send + 'static,
{
    let mut stops: JoinSet<_> = shards.iter().cloned().map(stop).collect();
    while let Ok(Some(_answered)) = timeout_at(deadline, stops.join_next()).await {}
}
