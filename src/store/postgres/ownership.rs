//! The right to write, over PostgreSQL: which claim is ours, and how a transaction holds to it.
//!
//! Every transaction that writes what belongs to a node begins by holding its shards' rows. Where another
//! process has claimed them since, that fails, and all that follows in the transaction with it.

use std::time::Duration;

use evara_actors::domain::{NodeId, ShardId};
use evara_actors::ports::{ArchiveError, BoxFuture, Epoch, Ownership};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::error::Failure;
use super::statements::{self, Query};
use super::transaction::Transaction;
use super::{DEADLINE, PostgresStore};

/// A claim waits for transactions of the owner before. The server ends those of one that hangs after
/// 4.5 s, and a claim's patience with a lock after 3 s.
const TRIES: u32 = 3;

/// Between two of them; the wait for the lock is much longer.
const PAUSE: Duration = Duration::from_millis(100);

/// What a store may write by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    /// This store, and no other that is open, also in this process.
    owner: Uuid,
    /// 0 before the first claim: then nothing may be written.
    epoch: i64,
    /// Whether a write was refused under it.
    is_over: bool,
}

impl Claim {
    /// That of a store that has claimed nothing yet.
    pub(super) fn none() -> Self {
        Self::of(Uuid::new_v4())
    }

    const fn of(owner: Uuid) -> Self {
        Self {
            owner,
            epoch: 0,
            is_over: false,
        }
    }

    /// As the database has it.
    pub(super) const fn stored(&self) -> &i64 {
        &self.epoch
    }

    const fn epoch(self) -> Epoch {
        Epoch(self.epoch.cast_unsigned())
    }
}

/// The first statement of a transaction that writes: fails unless the shards are ours until its end.
#[derive(Debug)]
pub(super) struct Fence {
    shards: Vec<i32>,
    pub(super) claim: Claim,
}

impl Fence {
    /// Whoever names no shard must own the first one: all of them are claimed together.
    fn new(claim: Claim, shards: &[ShardId]) -> Self {
        let shards = match shards {
            [] => vec![0],
            some => some.iter().map(|shard| shard.0.into()).collect(),
        };
        Self { shards, claim }
    }

    pub(super) const QUERY: Query = statements::HOLD_SHARDS;

    pub(super) fn params(&self) -> [&(dyn ToSql + Sync); 3] {
        [&self.shards, &self.claim.owner, &self.claim.epoch]
    }
}

impl PostgresStore {
    /// What a transaction begins with that writes what is of `shards`.
    pub(super) fn fence(&self, shards: &[ShardId]) -> Fence {
        Fence::new(*self.claim.borrow(), shards)
    }

    /// A transaction that may write what is of `node`.
    pub(super) async fn writing_of(&self, node: NodeId) -> Result<Transaction<'_>, Failure> {
        let fence = self.fence(&[ShardId::of_node(node)]);
        let mut transaction = Transaction::writing(&self.connections, DEADLINE).await?;
        let held = transaction.rows(Fence::QUERY, &fence.params()).await;
        self.unless_lost(&fence, held)?;
        Ok(transaction)
    }

    /// `done`, once it is noted whether that was refused since `fence` does not hold any more.
    pub(super) fn unless_lost<T>(
        &self,
        fence: &Fence,
        done: Result<T, Failure>,
    ) -> Result<T, Failure> {
        if done.as_ref().is_err_and(Failure::is_fenced) {
            self.claim.send_if_modified(|claim| {
                // Unless it was claimed again meanwhile.
                claim.is_over |= claim.epoch == fence.claim.epoch;
                claim.is_over
            });
        }
        done
    }

    /// As callers are told of what came to nothing.
    pub(super) fn told(&self, failure: Failure) -> ArchiveError {
        if failure.is_fenced() {
            return ArchiveError::Fenced(self.claim.borrow().epoch());
        }
        failure.into()
    }
}

impl Ownership for PostgresStore {
    fn claim(&self) -> BoxFuture<'_, Result<Epoch, ArchiveError>> {
        Box::pin(async move {
            let mut tries = 1;
            loop {
                match claim(self).await {
                    Err(failure) if tries < TRIES && is_held(&failure) => {
                        tries += 1;
                        tokio::time::sleep(PAUSE).await;
                    }
                    done => return Ok(done?),
                }
            }
        })
    }

    fn lost(&self) -> BoxFuture<'_, Epoch> {
        Box::pin(async move {
            let mut claim = self.claim.subscribe();
            let over = claim.wait_for(|claim| claim.is_over && claim.epoch > 0);
            let over = over.await.ok().map(|claim| claim.epoch());
            match over {
                Some(epoch) => epoch,
                // The sender is ours, and so cannot be gone.
                None => std::future::pending().await,
            }
        })
    }
}

async fn claim(store: &PostgresStore) -> Result<Epoch, Failure> {
    let owner = store.claim.borrow().owner;
    let mut transaction = Transaction::writing(&store.connections, DEADLINE).await?;
    let queries: [(Query, &[&(dyn ToSql + Sync)]); 2] = [
        (statements::LOCK_SHARDS, &[]),
        (statements::CLAIM_SHARDS, &[&owner]),
    ];
    let answers = transaction.all(&queries).await?;
    let claimed = answers.last().and_then(|rows| rows.first());
    let epoch: i64 = claimed.ok_or(Failure::Ended)?.try_get(0)?;
    transaction.commit().await?;
    let claim = Claim {
        epoch,
        ..Claim::of(owner)
    };
    store.claim.send_replace(claim);
    Ok(claim.epoch())
}

fn is_held(failure: &Failure) -> bool {
    failure.is(&SqlState::LOCK_NOT_AVAILABLE) || failure.is(&SqlState::QUERY_CANCELED)
}
