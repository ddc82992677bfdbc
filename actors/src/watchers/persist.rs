//! The writer of what the sinks collect: owns when it is written, and in what portions.
//!
//! One batch at a time, and that one until it is committed, so that the archive never holds a later
//! record of a shard without the earlier ones. What the archive refuses for what it is must not keep the
//! rest waiting: it is sifted out, told of, and kept as a dead letter. The batch is kept on the desk: the
//! [supervisor](crate::tree) that starts this actor again loses nothing. It waits for the archive, but
//! never without a deadline.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorCell, ActorRef, SpawnErr};
use tokio::time::Instant;

use super::commit::{Failed, Stop, commit};
use super::desk::Desk;
use super::sift::Refused;
use super::sink::{Record, ShardSink, Taken};
use crate::domain::{ChannelId, NodeId, ShardId, Timestamp};
use crate::ports::{Archive, Batch, Clock, CursorRow, SnapshotRow};
use crate::tree::{Alarm, Done, Failure, backoff, jitter, later};
use crate::twin::Twin;

/// Between two batches while nobody waits for one. Whoever waits alone is served at once; those that come
/// during a commit share the next one.
const TICK: Duration = Duration::from_millis(50);

/// After a batch that several waited for, more are waited for so many times as long as it took. A
/// transaction costs the archive the same however few share it: many small ones use up its processors, and
/// then everybody waits for longer than this.
const GATHER: u32 = 3;

/// The longest such wait, which is what it may add to an acknowledgement.
const LONGEST_GATHER: Duration = Duration::from_millis(20);

/// Records in a batch: a transaction of some tens of milliseconds.
const BATCH_RECORDS: usize = 4_096;

/// Before a failed batch is tried again: a lost connection is back at once.
const FIRST_RETRY: Duration = Duration::from_millis(100);

/// The longest wait between two tries: the archive is found soon enough after its return to answer those
/// who wait five seconds.
const LONGEST_RETRY: Duration = Duration::from_secs(2);

/// What a writer is born with.
#[derive(Debug, Clone)]
pub(crate) struct PersistArgs {
    pub(crate) writer: u64,
    pub(crate) desk: Arc<Desk>,
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where the end of the process's right to write is told.
    pub(crate) alarm: Alarm,
}

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
    /// The same for everybody: what failed, without what was said of it.
    pub reason: Option<String>,
    /// Rows that the archive does not take, since the process started: kept as dead letters.
    pub refused: u64,
}

impl PersistView {
    /// Two writers' views as one: what waits is added up, of all else the worse one counts.
    #[must_use]
    pub(crate) fn worse(self, other: Self) -> Self {
        Self {
            waiting: self.waiting + other.waiting,
            last_commit_at: self.last_commit_at.min(other.last_commit_at),
            failing_since: match (self.failing_since, other.failing_since) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            },
            retries: self.retries.max(other.retries),
            last_error: self.last_error.or(other.last_error),
            reason: self.reason.or(other.reason),
            refused: self.refused + other.refused,
        }
    }
}

/// A batch that is not committed, and what it was taken from.
#[derive(Debug)]
pub(super) struct InFlight {
    batch: Arc<Batch>,
    /// The sink, the number of records taken, and the number of the last one.
    taken: Vec<(Arc<ShardSink>, usize, u64)>,
}

/// Time for the next round.
struct Round;

/// What comes between two rounds.
enum Rest {
    None,
    /// A tick, or less if somebody waits for what is listed; but those who wait are gathered for so long,
    /// unless there is enough for a batch sooner.
    UntilHurried {
        gathered_by: Instant,
    },
    /// The archive is given time, however many wait.
    For(Duration),
    /// Another process took over.
    ForGood,
}

struct Persist;

impl PersistArgs {
    /// Starts the writer.
    pub(crate) async fn start(self, parent: ActorCell) -> Result<ActorCell, SpawnErr> {
        let (actor, _) = Actor::spawn_linked(None, Persist, self, parent).await?;
        Ok(actor.get_cell())
    }
}

impl Actor for Persist {
    type Msg = Round;
    type State = PersistArgs;
    type Arguments = PersistArgs;

    async fn pre_start(&self, _: ActorRef<Round>, args: PersistArgs) -> Done<PersistArgs> {
        Ok(args)
    }

    async fn post_start(&self, myself: ActorRef<Round>, _: &mut PersistArgs) -> Done {
        later(&myself, Duration::ZERO, Round);
        Ok(())
    }

    async fn handle(&self, myself: ActorRef<Round>, _: Round, state: &mut PersistArgs) -> Done {
        let pause = match state.round().await {
            Rest::None => Duration::ZERO,
            Rest::UntilHurried { gathered_by } => {
                state.desk.rest(TICK).await;
                state.desk.gather(gathered_by).await;
                Duration::ZERO
            }
            Rest::For(pause) => pause,
            Rest::ForGood => return Ok(()),
        };
        later(&myself, pause, Round);
        Ok(())
    }
}

impl PersistArgs {
    /// Writes one batch, if there is anything, and says how long to rest.
    async fn round(&self) -> Rest {
        if self.desk.is_lost() {
            return Rest::ForGood;
        }
        let flush = self.desk.is_flushing();
        let in_flight = self.desk.in_flight().or_else(|| self.collect(flush));
        let pause = match in_flight {
            Some(in_flight) => self.write(&in_flight).await,
            None => Rest::UntilHurried {
                gathered_by: Instant::now(),
            },
        };
        self.desk.end_round(flush);
        pause
    }

    async fn write(&self, in_flight: &InFlight) -> Rest {
        let (begun, served) = (Instant::now(), self.desk.take_hurrying());
        match commit(&*self.archive, &in_flight.batch).await {
            Ok(refused) => {
                self.tell(in_flight, &refused);
                self.succeeded(in_flight);
                let full = in_flight.batch.len() >= BATCH_RECORDS;
                if full {
                    Rest::None
                } else {
                    rest_after(begun, served)
                }
            }
            Err(Stop::Failed(failure)) => self.failed(failure),
            Err(Stop::Fenced(failure)) => self.lost(failure),
        }
    }

    /// Says what the archive does not take; of a twin whose log lacks a row, the state is kept instead.
    fn tell(&self, in_flight: &InFlight, refused: &[Refused]) {
        for Refused { row, why } in refused {
            let (what, node) = (row.what(), row.node());
            let id = node.map(tracing::field::display);
            tracing::error!(
                row = what,
                node.id = id,
                error = why,
                "the archive does not take a row"
            );
            self.desk.count_refused();
            for (sink, ..) in &in_flight.taken {
                node.inspect(|node| sink.save_in_place_of_log(*node));
            }
        }
    }

    fn succeeded(&self, in_flight: &InFlight) {
        for (sink, records, sequence) in &in_flight.taken {
            sink.committed(*records, *sequence);
        }
        self.desk.set_in_flight(None);
        if self.desk.view().failing_since.is_some() {
            tracing::info!(
                persist.writer = self.writer,
                "the archive takes batches again"
            );
        }
        self.desk.publish(PersistView {
            last_commit_at: Some(self.clock.now()),
            ..PersistView::default()
        });
    }

    /// Nothing is tried again: the other process wrote on from what was committed, and whoever waits for
    /// more is told that it will not be.
    fn lost(&self, Failed { reason, error }: Failed) -> Rest {
        tracing::error!(
            persist.writer = self.writer,
            error,
            "the right to write is lost"
        );
        self.desk.publish(PersistView {
            last_commit_at: self.desk.view().last_commit_at,
            failing_since: Some(self.clock.now()),
            last_error: Some(error.clone()),
            reason: Some(reason),
            ..PersistView::default()
        });
        self.desk.lose();
        self.alarm.send_replace(Some(Failure::Fenced(error)));
        Rest::ForGood
    }

    fn failed(&self, Failed { reason, error }: Failed) -> Rest {
        let before = self.desk.view();
        if before.failing_since.is_none() {
            let writer = self.writer;
            tracing::warn!(
                persist.writer = writer,
                error,
                "a batch is not committed and will be tried again"
            );
        }
        let retries = before.retries.saturating_add(1);
        self.desk.publish(PersistView {
            waiting: 0,
            last_commit_at: before.last_commit_at,
            failing_since: before.failing_since.or_else(|| Some(self.clock.now())),
            retries,
            last_error: Some(error),
            reason: Some(reason),
            refused: 0,
        });
        let jitter = jitter(self.writer, retries);
        Rest::For(backoff(FIRST_RETRY, LONGEST_RETRY, retries, jitter))
    }

    /// Takes the next batch from the sinks in turn, and leaves it on the desk.
    fn collect(&self, flush: bool) -> Option<Arc<InFlight>> {
        let mut portions = Vec::new();
        let mut room = BATCH_RECORDS;
        let mut twins = self.desk.room_for_twins(flush);
        for sink in self.desk.take_listed() {
            if room == 0 {
                self.desk.list(sink);
                continue;
            }
            let taken = sink.take(room, twins, flush);
            room -= taken.records.len();
            twins -= taken.twins.len();
            portions.push((sink, taken));
        }
        let mut draft = Draft::default();
        let mut taken = Vec::new();
        for (sink, portion) in portions {
            if !portion.records.is_empty() {
                taken.push((Arc::clone(&sink), portion.records.len(), portion.sequence));
            }
            draft.add(&sink, portion);
            if sink.stays_listed() {
                self.desk.list(sink);
            }
        }
        let batch = draft.into_batch();
        if batch.is_empty() {
            return None;
        }
        let batch = Arc::new(batch);
        let in_flight = Arc::new(InFlight { batch, taken });
        self.desk.set_in_flight(Some(Arc::clone(&in_flight)));
        Some(in_flight)
    }
}

/// The rest after a commit that began at `begun`, and that so many waited for: who waits alone is never
/// made to wait for company.
fn rest_after(begun: Instant, served: u64) -> Rest {
    let now = Instant::now();
    let gather = match served {
        0 | 1 => Duration::ZERO,
        _ => (now - begun).saturating_mul(GATHER).min(LONGEST_GATHER),
    };
    Rest::UntilHurried {
        gathered_by: now + gather,
    }
}

/// A batch that is being put together: of cursors and snapshots only the newest of each counts.
#[derive(Default)]
struct Draft {
    batch: Batch,
    shards: BTreeSet<ShardId>,
    cursors: HashMap<ChannelId, CursorRow>,
    snapshots: HashMap<NodeId, SnapshotRow>,
}

impl Draft {
    fn add(&mut self, sink: &ShardSink, portion: Taken) {
        if !(portion.records.is_empty() && portion.twins.is_empty()) {
            self.shards.insert(sink.shard());
        }
        for record in portion.records {
            match record {
                Record::Telemetry(row) => self.batch.telemetry.push(row),
                Record::Event(row) => self.batch.events.push(row),
                Record::DeadLetter(row) => self.batch.dead_letters.push(row),
                Record::Cursor(row) => {
                    self.cursors.insert(row.channel, row);
                }
            }
        }
        for twin in portion.twins {
            let node = twin.spec().id;
            let newest = self.snapshots.get(&node).map(|row| row.revision);
            if newest.is_some_and(|newest| newest >= twin.revision()) {
                continue;
            }
            if let Some(state) = state_of(&twin) {
                let row = SnapshotRow {
                    node,
                    shard: sink.shard(),
                    revision: twin.revision(),
                    state,
                };
                self.snapshots.insert(node, row);
            }
        }
    }

    fn into_batch(self) -> Batch {
        let mut batch = self.batch;
        batch.shards = self.shards.into_iter().collect();
        batch.cursors = self.cursors.into_values().collect();
        batch.snapshots = self.snapshots.into_values().collect();
        batch
    }
}

/// A twin that cannot be written must not stop the writing of others: its log goes on without.
fn state_of(twin: &Twin) -> Option<Vec<u8>> {
    let state = catch_unwind(AssertUnwindSafe(|| twin.snapshot())).ok();
    if state.is_none() {
        tracing::error!(node.id = %twin.spec().id, "a twin's state cannot be written");
    }
    state
}
