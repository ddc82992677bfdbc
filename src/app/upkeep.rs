//! What is done beside everything else, in small portions: rollups kept up, old samples removed.
//!
//! No request and no reading waits for it. A failure is told and tried again; a panic costs the portion.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use evara_actors::ports::Clock;
use evara_actors::system::System;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::history::roller::{Progress, Roller};
use crate::history::{Rolling, checkpoint};

/// Between two looks for hours to roll up: they become due once an hour.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Between two portions, where there is more than one: time for the writes of readings.
const BREATH: Duration = Duration::from_millis(20);

/// After a failure: a store that is away is not back at once.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// What is to go becomes so once a day.
const RETIRE_EVERY: Duration = Duration::from_secs(3_600);

/// How long the portion in hand may take at the end; the store's own deadline is shorter.
const END_WITHIN: Duration = Duration::from_secs(6);

/// See the module.
pub(super) struct Upkeep {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl fmt::Debug for Upkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upkeep").finish_non_exhaustive()
    }
}

/// What it works with.
#[derive(Clone)]
pub(super) struct Tools {
    pub(super) store: Arc<dyn Rolling>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) system: Arc<System>,
    /// Samples of nodes whose plan says nothing are removed at this age.
    pub(super) raw_age: Duration,
    /// How many hours were written to after they were sealed.
    pub(super) late_hours: Arc<AtomicU64>,
}

impl Upkeep {
    pub(super) fn start(tools: Tools) -> Self {
        let upkeep = Self {
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let stop = upkeep.stop.clone();
        upkeep.tasks.spawn(async move {
            while !stop.is_cancelled() {
                let mut one = JoinSet::new();
                one.spawn(keep(tools.clone(), stop.clone()));
                if let Some(Err(panic)) = one.join_next().await {
                    tracing::error!(%panic, "the upkeep of history broke, and begins again");
                    stop.run_until_cancelled(sleep(TRY_AGAIN)).await;
                }
            }
        });
        upkeep
    }

    /// Ends after the portion in hand; what it leaves is done after the next start.
    pub(super) async fn drain(&self) {
        self.stop.cancel();
        self.tasks.close();
        let _cut_short = timeout(END_WITHIN, self.tasks.wait()).await;
    }
}

async fn keep(tools: Tools, stop: CancellationToken) {
    let system = Arc::clone(&tools.system);
    let specs = move || {
        let twins = system.twins();
        twins
            .iter()
            .map(|handle| Arc::clone(handle.view().spec()))
            .collect()
    };
    let clock = Arc::clone(&tools.clock);
    let mut roller = Roller::new(
        Arc::clone(&tools.store),
        Arc::clone(&clock),
        Arc::new(specs),
    );
    let mut retired: Option<Instant> = None;
    while !stop.is_cancelled() {
        let pause = match roller.pass().await {
            Ok(progress) if progress.is_nothing() => clock.wait_for(LOOK_EVERY).max(BREATH),
            Ok(progress) => {
                told(progress, &tools.late_hours);
                BREATH
            }
            Err(error) => {
                tracing::warn!(%error, "rollups wait for the store");
                TRY_AGAIN
            }
        };
        if pause > BREATH && retired.is_none_or(|at| at.elapsed() >= RETIRE_EVERY) {
            retired = Some(Instant::now());
            checkpoint(&tools).await;
            retire(&roller, tools.raw_age, &stop).await;
        }
        stop.run_until_cancelled(sleep(pause)).await;
    }
}

/// Once an hour, so that a day in which the service was away for some time has one too; the first of a
/// day stays.
async fn checkpoint(tools: &Tools) {
    let kept = checkpoint::keep(&*tools.store, || tools.clock.now()).await;
    if let Err(error) = kept {
        tracing::warn!(%error, "twins could not be kept as they stand today");
    }
}

async fn retire(roller: &Roller, age: Duration, stop: &CancellationToken) {
    // Each portion is a transaction: to stop between two leaves nothing half done.
    match stop.run_until_cancelled(roller.retire(age)).await {
        Some(Ok(samples)) if samples > 0 => tracing::info!(samples, "old samples were removed"),
        Some(Err(error)) => tracing::warn!(%error, "old samples could not be removed yet"),
        Some(Ok(_)) | None => {}
    }
}

fn told(progress: Progress, late_hours: &AtomicU64) {
    if progress.too_late > 0 {
        let hours = progress.too_late;
        late_hours.fetch_add(hours as u64, Ordering::Relaxed);
        tracing::warn!(
            hours,
            "readings came in after their hours were sealed, and are in no rollup"
        );
    }
}
