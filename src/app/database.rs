//! How the database does, for those who run the service: whether it answers, how long it takes, and how far
//! its replica is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use evara_actors::domain::Timestamp;
use evara_actors::ports::Clock;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;

use crate::store::{PostgresStore, WithReplica};
pub use crate::store::{QueryProfile, ReplicaReport, ReplicaState};

/// However many ask for it, the database is asked once in so long.
const FRESH: Duration = Duration::from_secs(1);

/// A database that takes longer is of no use to whoever waits for `/health`. A new connection takes five
/// turns: enough for one across a continent.
const ANSWERS_WITHIN: Duration = Duration::from_millis(1_500);

/// Asks the store, where it is one that can be asked.
#[derive(Debug, Clone, Default)]
pub struct Database {
    postgres: Option<Arc<PostgresStore>>,
    replica: Option<Arc<WithReplica>>,
    /// Counted by whoever rolls up.
    late_hours: Arc<AtomicU64>,
    /// The pulse that was taken last, and when. Held while it is taken: the others wait for that one.
    taken: Arc<Mutex<Option<(Instant, Pulse)>>>,
    /// Pulses that are taken though nobody waits for them any more; none takes longer than it may.
    looks: TaskTracker,
}

/// Whether the database answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Since when it has not.
    pub failing_since: Option<Timestamp>,
    /// Whether its replica is of use, now or as soon as it has caught up; `None` where there is none.
    pub replica: Option<bool>,
}

impl Database {
    pub(super) fn new(
        postgres: Option<Arc<PostgresStore>>,
        replica: Option<Arc<WithReplica>>,
        late_hours: Arc<AtomicU64>,
    ) -> Self {
        Self {
            postgres,
            replica,
            late_hours,
            taken: Arc::default(),
            looks: TaskTracker::new(),
        }
    }

    /// Whether the database answers, as of a second ago at most. The embedded store always does.
    pub async fn pulse(&self, clock: &dyn Clock) -> Pulse {
        let Some(store) = &self.postgres else {
            return Pulse::default();
        };
        let mut taken = self.taken.lock().await;
        let before = match *taken {
            Some((at, pulse)) if at.elapsed() < FRESH => return pulse,
            Some((_, before)) => before.failing_since,
            None => None,
        };
        let asked = timeout(ANSWERS_WITHIN, store.ping());
        let (answer, replica) = tokio::join!(asked, self.is_replica_of_use());
        let pulse = Pulse {
            failing_since: match answer {
                Ok(Ok(_)) => None,
                Ok(Err(_)) | Err(_) => before.or_else(|| Some(clock.now())),
            },
            replica,
        };
        *taken = Some((Instant::now(), pulse));
        pulse
    }

    /// [`Self::pulse`], waited for no longer than this: one that takes longer is told as failing, and is taken all the same
    /// for whoever asks next.
    pub async fn pulse_within(&self, patience: Duration, clock: &Arc<dyn Clock>) -> Pulse {
        let (database, by) = (self.clone(), Arc::clone(clock));
        let taken = self.looks.spawn(async move { database.pulse(&*by).await });
        match timeout(patience, taken).await {
            Ok(Ok(pulse)) => pulse,
            Ok(Err(_)) | Err(_) => Pulse {
                failing_since: Some(clock.now()),
                replica: None,
            },
        }
    }

    async fn is_replica_of_use(&self) -> Option<bool> {
        let replica = self.replica.as_ref()?;
        let state = timeout(ANSWERS_WITHIN, replica.report()).await;
        Some(match state.map(|report| report.state) {
            Ok(ReplicaState::Unasked | ReplicaState::Following | ReplicaState::Behind) => true,
            Ok(ReplicaState::Away | ReplicaState::Foreign) | Err(_) => false,
        })
    }

    /// Every query that was asked since the start, by name. None from the embedded store, which is asked
    /// in no more than a few ways, and over no wire.
    pub fn queries(&self) -> Vec<QueryProfile> {
        self.postgres
            .as_ref()
            .map(|store| store.profile())
            .unwrap_or_default()
    }

    /// How many hours of nodes were written to after they were sealed, since the start: what came in then is
    /// in no rollup, and goes with the next removal.
    pub fn late_hours(&self) -> u64 {
        self.late_hours.load(Ordering::Relaxed)
    }

    /// How the replica is; `None` where there is none. Waits for it for two seconds at most.
    pub async fn replica(&self) -> Option<ReplicaReport> {
        match &self.replica {
            Some(replica) => Some(replica.report().await),
            None => None,
        }
    }
}
