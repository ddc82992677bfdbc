//! How the system ends: from the source of the path to its mouth, so that nothing is lost on the way.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::System;
use crate::tree::{AskError, Shard};

/// An archive that fails all the time is waited for no longer at the end: the longest pause between two tries, and as long
/// as one may wait for an answer. What it would save by coming back later is polled again, or with whoever was not answered.
const LAST_TRIES: Duration = Duration::from_secs(6);

/// Between two looks whether it does.
const LOOK: Duration = Duration::from_millis(100);

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
        self.write_all(deadline).await;
        self.tree.stop().await;
        drop(changes);
        Drained {
            records: self.persistence().waiting,
            twins: self.estate.unsaved(),
        }
    }

    /// Waits until everything is written, or it is in vain to wait.
    async fn write_all(&self, deadline: Instant) {
        let cleared = async {
            for desk in &self.estate.desks {
                desk.cleared().await;
            }
        };
        tokio::select! {
            () = cleared => {}
            () = self.in_vain() => {}
            () = sleep_until(deadline) => {}
        }
    }

    /// Waits until the archive has failed for as long as it is tried at the end.
    async fn in_vain(&self) {
        let mut failing = Instant::now();
        while failing.elapsed() < LAST_TRIES {
            sleep(LOOK).await;
            if self.persistence().failing_since.is_none() {
                failing = Instant::now();
            }
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
