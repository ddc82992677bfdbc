//! What is done now and then, behind everything else: writing down when device keys were used, forgetting
//! answers that nobody may ask for again and sessions that are over, and following what others change of
//! the tenants. The audit is sealed, and nodes follow the time zone of their community.
//!
//! Nothing waits for it, and what fails is tried again the next time.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::ports::Clock;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accounts::People;
use super::audit::{Audit, SEAL_EVERY};
use super::device_keys::DeviceKeyring;
use super::tenancy::Tenancy;
use super::zones::Zones;
use crate::store::{RECEIPT_AGE, Receipts};

/// As exact as the use of a key is told.
const EVERY: Duration = Duration::from_secs(60);

/// As old as what is known of a person may be: a tenant that another process changed is followed within it.
const FOLLOW_EVERY: Duration = Duration::from_secs(5);

/// Answers that are forgotten in one transaction: some milliseconds of the store's time.
const BATCH: u32 = 1_000;

/// Batches in one round: more than requests with keys that a minute can bring.
const MOST_BATCHES: u32 = 1_000;

/// For the last round, at the end of the service.
const LAST_WITHIN: Duration = Duration::from_secs(2);

/// Whoever does it.
#[derive(Debug)]
pub(super) struct Chores {
    hands: Hands,
    tasks: TaskTracker,
    ended: CancellationToken,
}

#[derive(Debug, Clone)]
struct Hands {
    keys: Arc<DeviceKeyring>,
    receipts: Arc<dyn Receipts>,
    people: Arc<dyn People>,
    clock: Arc<dyn Clock>,
}

impl Chores {
    pub(super) fn start(
        keys: Arc<DeviceKeyring>,
        receipts: Arc<dyn Receipts>,
        people: Arc<dyn People>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let hands = Hands {
            keys,
            receipts,
            people,
            clock,
        };
        let chores = Self {
            hands: hands.clone(),
            tasks: TaskTracker::new(),
            ended: CancellationToken::new(),
        };
        let ended = chores.ended.clone();
        chores.tasks.spawn(async move {
            ended.run_until_cancelled(hands.work()).await;
        });
        chores
    }

    /// Follows what other processes change of the tenants.
    pub(super) fn follow(&self, tenancy: Tenancy) {
        let ended = self.ended.clone();
        self.tasks.spawn(async move {
            ended.run_until_cancelled(follow(tenancy)).await;
        });
    }

    /// Has nodes follow the time zone of their community.
    pub(super) fn bring_zones(&self, zones: Zones) {
        let ended = self.ended.clone();
        self.tasks.spawn(async move {
            ended.run_until_cancelled(Box::pin(zones.keep())).await;
        });
    }

    /// Seals the audit now and then, and once more at the end.
    pub(super) fn seal(&self, audit: Audit, tenancy: Tenancy) {
        let ended = self.ended.clone();
        self.tasks.spawn(async move {
            ended.run_until_cancelled(seal(&audit, &tenancy)).await;
            if !matches!(timeout(LAST_WITHIN, audit.seal()).await, Ok(Ok(_))) {
                tracing::warn!("the end of the audit is not sealed");
            }
        });
    }

    /// Ends it, after a last look at the keys.
    pub(super) async fn end(&self) {
        self.ended.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        let _unwritten = timeout(LAST_WITHIN, self.hands.write_uses()).await;
    }
}

/// Where several processes have one database, each follows what the others change.
async fn follow(tenancy: Tenancy) {
    let mut rounds = interval_at(Instant::now() + FOLLOW_EVERY, FOLLOW_EVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if let Err(error) = tenancy.refresh().await {
            tracing::debug!(%error, "the tenants are not read anew");
        }
    }
}

/// Chains that have grown are sealed, and what is older than it is kept is taken.
async fn seal(audit: &Audit, tenancy: &Tenancy) {
    // Whoever was killed has sealed nothing at the end.
    sealed(audit).await;
    let mut rounds = interval_at(Instant::now() + SEAL_EVERY, SEAL_EVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        sealed(audit).await;
        match audit.retire(&tenancy.forest()).await {
            Ok(0) => {}
            Ok(entries) => tracing::info!(entries, "the front of the audit was taken for its age"),
            Err(error) => tracing::warn!(%error, "old entries of the audit stay"),
        }
    }
}

async fn sealed(audit: &Audit) {
    if let Err(error) = audit.seal().await {
        tracing::warn!(%error, "the audit is not sealed");
    }
}

impl Hands {
    async fn work(self) {
        let mut rounds = interval_at(Instant::now() + EVERY, EVERY);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            self.write_uses().await;
            self.settle_keys().await;
            self.forget_old().await;
            self.forget_expired().await;
        }
    }

    async fn write_uses(&self) {
        if let Err(error) = self.keys.write_uses().await {
            tracing::warn!(%error, "when device keys were used is not written");
        }
    }

    async fn settle_keys(&self) {
        if let Err(error) = self.keys.settle_rest().await {
            tracing::warn!(%error, "some device keys open nothing for now");
        }
    }

    async fn forget_old(&self) {
        let before = self.clock.now().minus(RECEIPT_AGE);
        for _ in 0..MOST_BATCHES {
            match self.receipts.forget_older(before, BATCH).await {
                Ok(forgotten) if forgotten == u64::from(BATCH) => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(%error, "old answers are not forgotten");
                    return;
                }
            }
        }
    }

    /// A batch a round: sessions end by themselves whether they are forgotten or not.
    async fn forget_expired(&self) {
        let forgotten = self.people.forget_expired(self.clock.now(), BATCH);
        if let Err(error) = forgotten.await {
            tracing::warn!(%error, "sessions that are over are not forgotten");
        }
    }
}
