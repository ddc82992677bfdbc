//! A replica that answers questions about the past, as long as it knows all that the primary does.
//!
//! Holds no truth: what it says was committed on the primary. The primary is asked first how far its log is
//! written, and the replica, on the connection that will answer, whether it has come as far: so nothing that
//! was acknowledged before a question is missing from its answer. Where that cannot be had soon the primary
//! answers. Nothing is written or decided by what is read here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool_postgres::Object;
use evara_actors::domain::{NodeId, Timestamp};
use evara_actors::ports::{ArchiveError, BoxFuture};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::error::SqlState;

use super::connect::Connections;
use super::error::{Failure, PostgresError};
use super::past::Past;
use super::statements::{self, Query};
use super::transaction::{Params, Transaction};
use super::{PostgresAddress, PostgresStore, rows};
use crate::history::{Checkpoint, History, PastSample, Rollup, RollupSpan, SampleSpan, Standing};

/// For the replica altogether. What is left of a call's deadline is enough for the primary.
const PATIENCE: Duration = Duration::from_secs(2);

/// For a replica that is nearly there: some times what the log takes to another machine and into its pages.
const CATCH_UP: Duration = Duration::from_millis(50);

/// Between two looks whether it is.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// How long a replica is not asked after it was found so, so that not every question waits for it in vain.
const REST_BEHIND: Duration = Duration::from_secs(1);
const REST_AWAY: Duration = Duration::from_secs(5);
const REST_FOREIGN: Duration = Duration::from_secs(60);

/// How a replica was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReplicaState {
    /// It was not asked yet.
    #[default]
    Unasked,
    /// It has all that the primary had committed.
    Following,
    /// It lacks some of that.
    Behind,
    /// It does not answer.
    Away,
    /// It is a copy of something else, or takes writes of its own.
    Foreign,
}

/// How a replica was found last, and what it is good for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplicaReport {
    /// How it was found.
    pub state: ReplicaState,
    /// How many bytes of the primary's log it had not replayed; `None` where it did not say.
    pub lag_bytes: Option<u64>,
    /// For how many milliseconds it had not been as the primary is; 0 where it was.
    pub lag_ms: Option<u64>,
    /// Questions that it answered, since the start.
    pub answered: u64,
    /// Questions that the primary answered instead.
    pub passed_over: u64,
}

/// What is read by a replica where it can be, over a store that everything else is done by.
#[derive(Debug)]
pub struct WithReplica {
    pub(super) store: Arc<PostgresStore>,
    pub(super) past: Past,
}

impl WithReplica {
    /// The replica at `address` beside the primary of `store`, with as many connections at most. One that
    /// cannot be reached now is asked again later.
    ///
    /// # Errors
    /// When what is there follows another database, or none.
    pub async fn open(
        store: Arc<PostgresStore>,
        address: &PostgresAddress,
        pool_size: u32,
    ) -> Result<Self, PostgresError> {
        let replica = Replica::of(&store.connections, address, pool_size)?;
        let past = Past::of(store.connections.clone(), Some(replica));
        let opened = Self { store, past };
        match opened.report().await.state {
            ReplicaState::Foreign => Err(PostgresError::NotAReplica),
            ReplicaState::Unasked
            | ReplicaState::Following
            | ReplicaState::Behind
            | ReplicaState::Away => Ok(opened),
        }
    }

    /// How the replica is now, unless it rests.
    pub async fn report(&self) -> ReplicaReport {
        let Some(replica) = self.past.replica() else {
            return ReplicaReport::default();
        };
        if !replica.is_resting() {
            drop(replica.look(self.past.primary(), Duration::ZERO).await);
        }
        replica.told()
    }
}

impl History for WithReplica {
    fn samples(
        &self,
        node: NodeId,
        span: SampleSpan,
    ) -> BoxFuture<'_, Result<Vec<PastSample>, ArchiveError>> {
        self.past.samples(node, span)
    }

    fn standing(
        &self,
        node: NodeId,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, ArchiveError>> {
        self.past.standing(node, from, to)
    }

    fn rollups(
        &self,
        node: NodeId,
        span: RollupSpan,
    ) -> BoxFuture<'_, Result<Vec<Rollup>, ArchiveError>> {
        self.past.rollups(node, span)
    }

    fn checkpoint(
        &self,
        node: NodeId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ArchiveError>> {
        self.past.checkpoint(node, at)
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Replica {
    connections: Connections,
    seen: Mutex<Seen>,
    answered: AtomicU64,
    passed_over: AtomicU64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    state: ReplicaState,
    lag_bytes: Option<u64>,
    lag_ms: Option<u64>,
    /// It is not asked before then.
    rests_until: Option<Instant>,
}

/// What a replica says of itself.
struct Said {
    follows_us: bool,
    is_there: bool,
    lag_bytes: u64,
    lag_ms: u64,
}

impl Replica {
    /// Connects to nothing yet.
    fn of(
        primary: &Connections,
        address: &PostgresAddress,
        pool_size: u32,
    ) -> Result<Self, PostgresError> {
        Ok(Self {
            connections: Connections::beside(primary, address, pool_size)?,
            seen: Mutex::default(),
            answered: AtomicU64::new(0),
            passed_over: AtomicU64::new(0),
        })
    }

    /// A transaction that sees all that `primary` had committed before; `None` where it is to be asked itself.
    pub(super) async fn reading(&self, primary: &Connections) -> Option<Transaction<'_>> {
        let deadline = Instant::now() + PATIENCE;
        let client = if self.is_resting() {
            None
        } else {
            self.look(primary, CATCH_UP).await
        };
        let count = if client.is_some() {
            &self.answered
        } else {
            &self.passed_over
        };
        count.fetch_add(1, Ordering::Relaxed);
        let left = deadline.saturating_duration_since(Instant::now());
        client.map(|client| Transaction::reading_on(&self.connections, client, left))
    }

    /// Notes that a question failed on it, which the primary answers now.
    pub(super) fn failed(&self, failure: Failure) {
        self.answered.fetch_sub(1, Ordering::Relaxed);
        self.passed_over.fetch_add(1, Ordering::Relaxed);
        // What replaying takes away from under a reader is no fault of the line.
        if !failure.is(&SqlState::T_R_SERIALIZATION_FAILURE) {
            self.is_away(&failure);
        }
    }

    /// A connection to it, if it is as far as `primary` is now, or will be within `patience`.
    async fn look(&self, primary: &Connections, patience: Duration) -> Option<Object> {
        let deadline = Instant::now() + PATIENCE;
        let (database, position) = match timeout_at(deadline, position(primary)).await {
            Ok(Ok(position)) => position,
            // The primary's trouble, of which it speaks itself.
            Ok(Err(_)) | Err(_) => return None,
        };
        let caught_up = self.caught_up(&database, &position, Instant::now() + patience);
        match timeout_at(deadline, caught_up).await {
            Ok(Ok(client)) => client,
            Ok(Err(failure)) => self.is_away(&failure),
            Err(_elapsed) => self.is_away(&Failure::TimedOut),
        }
    }

    async fn caught_up(
        &self,
        database: &str,
        position: &str,
        by: Instant,
    ) -> Result<Option<Object>, Failure> {
        let client = self.connections.get().await?;
        loop {
            let said = self.said(&client, &[&database, &position]).await?;
            let state = match (said.follows_us, said.is_there) {
                (false, _) => ReplicaState::Foreign,
                (true, true) => ReplicaState::Following,
                (true, false) if Instant::now() < by => {
                    sleep(LOOK_AGAIN).await;
                    continue;
                }
                (true, false) => ReplicaState::Behind,
            };
            self.is(state, Some(&said));
            return Ok((state == ReplicaState::Following).then_some(client));
        }
    }

    async fn said(&self, client: &Object, params: Params<'_>) -> Result<Said, Failure> {
        let row = answer(
            &self.connections,
            client,
            statements::REPLICA_STANDING,
            params,
        )
        .await?;
        let (follows_us, is_there, lag_bytes, lag_ms) = rows::replica_standing(&row)?;
        Ok(Said {
            follows_us,
            is_there,
            lag_bytes,
            lag_ms,
        })
    }

    fn is_away(&self, failure: &Failure) -> Option<Object> {
        if self.is(ReplicaState::Away, None) {
            tracing::warn!(%failure, "the replica does not answer: the primary does");
        }
        None
    }

    /// Notes how it was found. Tells whether that is new.
    fn is(&self, state: ReplicaState, said: Option<&Said>) -> bool {
        let rest = match state {
            ReplicaState::Unasked | ReplicaState::Following => None,
            ReplicaState::Behind => Some(REST_BEHIND),
            ReplicaState::Away => Some(REST_AWAY),
            ReplicaState::Foreign => Some(REST_FOREIGN),
        };
        let now = Seen {
            state,
            lag_bytes: said.map(|said| said.lag_bytes),
            lag_ms: said.map(|said| said.lag_ms),
            rests_until: rest.map(|rest| Instant::now() + rest),
        };
        let before = std::mem::replace(&mut *self.seen(), now).state;
        match (before, state) {
            (ReplicaState::Away | ReplicaState::Foreign, ReplicaState::Following) => {
                tracing::info!("the replica answers again");
            }
            (before, ReplicaState::Foreign) if before != state => {
                tracing::error!("the replica follows another database than ours, or none");
            }
            (_, _) => {}
        }
        before != state
    }

    fn is_resting(&self) -> bool {
        let until = self.seen().rests_until;
        until.is_some_and(|until| Instant::now() < until)
    }

    fn told(&self) -> ReplicaReport {
        let seen = *self.seen();
        ReplicaReport {
            state: seen.state,
            lag_bytes: seen.lag_bytes,
            lag_ms: seen.lag_ms,
            answered: self.answered.load(Ordering::Relaxed),
            passed_over: self.passed_over.load(Ordering::Relaxed),
        }
    }

    /// What it guards is replaced as a whole, so that a panic elsewhere spoils nothing.
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which database `primary` is, and how far its log is written.
async fn position(primary: &Connections) -> Result<(String, String), Failure> {
    let client = primary.get().await?;
    let row = answer(primary, &client, statements::PRIMARY_POSITION, &[]).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// The only row that `query` gives, outside of any transaction.
async fn answer(
    connections: &Connections,
    client: &Object,
    query: Query,
    params: Params<'_>,
) -> Result<tokio_postgres::Row, Failure> {
    let statement = client.prepare_cached(query.sql).await?;
    let sent = Instant::now();
    let row = client.query_one(&statement, params).await;
    connections.profile().note(query, sent.elapsed());
    Ok(row?)
}
