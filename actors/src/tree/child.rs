//! How a child is started, and what is known of it without asking: for any actor but a twin, whose cell
//! tells the same.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use ractor::{ActorCell, SpawnErr};
use tokio::time::Instant;

use super::restart::{Decision, History, Patience, jitter};
use crate::ports::BoxFuture;
use crate::twin::Presence;

/// Starts an actor under the supervisor that is given, and moves it into its address.
pub(crate) type Start =
    Arc<dyn Fn(ActorCell) -> BoxFuture<'static, Result<ActorCell, SpawnErr>> + Send + Sync>;

/// A child as its supervisor knows it, whether it runs or not.
#[derive(Clone)]
pub(crate) struct ChildSpec {
    /// Unique among its siblings, such as `shard/17`.
    pub(crate) name: String,
    pub(crate) start: Start,
    pub(crate) vitals: Arc<Vitals>,
}

impl ChildSpec {
    pub(crate) fn new<F>(name: impl Into<String>, start: F) -> Self
    where
        F: Fn(ActorCell) -> BoxFuture<'static, Result<ActorCell, SpawnErr>> + Send + Sync + 'static,
    {
        Self {
            name: name.into(),
            start: Arc::new(start),
            vitals: Arc::default(),
        }
    }
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ChildSpec");
        shown
            .field("name", &self.name)
            .field("vitals", &self.vitals);
        shown.finish_non_exhaustive()
    }
}

/// Whether an actor runs, and how often it was started again.
#[derive(Debug, Default)]
pub(crate) struct Vitals {
    running: AtomicBool,
    quarantined: AtomicBool,
    restarts: AtomicU32,
}

impl Vitals {
    pub(crate) fn presence(&self) -> Presence {
        if self.quarantined.load(Ordering::Acquire) {
            Presence::Quarantined
        } else if self.running.load(Ordering::Acquire) {
            Presence::Running
        } else {
            Presence::Restarting
        }
    }

    pub(crate) fn set_presence(&self, presence: Presence) {
        let quarantined = presence == Presence::Quarantined;
        self.quarantined.store(quarantined, Ordering::Release);
        let running = presence == Presence::Running;
        self.running.store(running, Ordering::Release);
    }

    pub(crate) fn restarts(&self) -> u32 {
        self.restarts.load(Ordering::Relaxed)
    }

    pub(crate) fn count_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }
}

/// Decides about a failure that happened just now.
pub(crate) fn judge(
    history: &mut History,
    patience: Patience,
    began: Instant,
    seed: u64,
    restarts: u32,
) -> Decision {
    let jitter = jitter(seed, restarts);
    let now: Duration = began.elapsed();
    history.failed(patience, now, jitter)
}

/// For what waits in the mailboxes of children that are to stop: a twin's is done in an instant, and a
/// poller that waits for its feed loses nothing when it is cut off. Shorter than a question's patience.
const DRAIN_DEADLINE: Duration = Duration::from_secs(3);

/// Has actors handle what waits for them and then stop, and waits for that; kills those that do not.
pub(crate) async fn drain(actors: Vec<ActorCell>) {
    for actor in &actors {
        let _stopped_already = actor.drain().is_err();
    }
    let deadline = Instant::now() + DRAIN_DEADLINE;
    for actor in &actors {
        if tokio::time::timeout_at(deadline, actor.wait(None))
            .await
            .is_err()
        {
            actor.kill();
        }
    }
}
