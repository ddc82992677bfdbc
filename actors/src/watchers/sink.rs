//! What changed in one shard and is not written yet, in the order in which it happened.
//!
//! Twins and pollers put, a writer takes. A record that was put earlier is never taken later than one
//! that was put after it, and a twin's state is never taken while a record of the shard is left: after a
//! crash, neither a cursor nor a snapshot may be ahead of the readings that led to it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::Intake;
use super::desk::{Desk, lock};
use crate::domain::{NodeId, Revision, ShardId};
use crate::ports::{CursorRow, DeadLetter, EventRow, TelemetryRow};
use crate::tree::jitter;
use crate::twin::{Effect, Twin, TwinCell};

/// Records that may wait in one shard: the share of a desk's limit that a single channel which floods
/// can take from the others.
const SHARD_LIMIT: usize = 16_384;

/// A twin is saved once it has changed so often: what is replayed at a start stays short.
const SNAPSHOT_REVISIONS: u64 = 64;

/// A twin is saved once a change of it has waited so long, or less, see [`Unsaved::is_old`]: a start reads the log of a
/// minute.
const SNAPSHOT_AGE: Duration = Duration::from_secs(60);

/// How often unsaved twins are looked through: a fraction of `SNAPSHOT_AGE`.
const SNAPSHOT_SCAN: Duration = Duration::from_secs(1);

/// One thing to write.
#[derive(Debug, Clone)]
pub(super) enum Record {
    Telemetry(TelemetryRow),
    Event(EventRow),
    Cursor(CursorRow),
    DeadLetter(DeadLetter),
}

/// What changed in one shard and is not written yet.
#[derive(Debug)]
pub struct ShardSink {
    shard: ShardId,
    desk: Arc<Desk>,
    /// Where those who listen to live changes take them from.
    intake: Arc<Intake>,
    queue: Mutex<Queue>,
    /// As long as `queue.records`, readable without the lock.
    waiting: AtomicUsize,
    /// The sequence number up to which everything is committed.
    durable: watch::Sender<u64>,
}

#[derive(Debug)]
struct Queue {
    records: VecDeque<Record>,
    /// The number of the newest record, counted from 1 at the start of the process.
    sequence: u64,
    unsaved: HashMap<NodeId, Unsaved>,
    scanned_at: Instant,
    /// Whether the desk has this sink on its list.
    listed: bool,
}

/// A twin that changed after it was last saved.
#[derive(Debug)]
struct Unsaved {
    cell: Arc<TwinCell>,
    since: Instant,
    saved: Revision,
    /// To be saved with the next batch, whatever its age.
    due: bool,
}

/// What a writer took.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) records: Vec<Record>,
    /// The number of the last record.
    pub(super) sequence: u64,
    /// Twins to save; every record that led to them is in `records`, or was taken before.
    pub(super) twins: Vec<Arc<Twin>>,
}

impl ShardSink {
    /// The empty sink of a shard, to be emptied by the writer of `desk`.
    pub(crate) fn new(shard: ShardId, desk: Arc<Desk>, intake: Arc<Intake>) -> Arc<Self> {
        Arc::new(Self {
            shard,
            desk,
            intake,
            queue: Mutex::new(Queue {
                records: VecDeque::new(),
                sequence: 0,
                unsaved: HashMap::new(),
                scanned_at: Instant::now(),
                listed: false,
            }),
            waiting: AtomicUsize::new(0),
            durable: watch::Sender::new(0),
        })
    }

    /// Whose sink it is.
    pub fn shard(&self) -> ShardId {
        self.shard
    }

    /// Whether more may be offered. What is put is kept in any case: offers ask first, and the little
    /// that was on its way then is bounded by the mailboxes.
    pub fn has_room(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) < SHARD_LIMIT && self.desk.has_room()
    }

    /// The number of the newest record that was put.
    pub fn sequence(&self) -> u64 {
        lock(&self.queue).sequence
    }

    /// Waits until everything up to `sequence` is committed, and has the writer hurry. `false` when it is not
    /// by the deadline, and as soon as it is known that it never will be, since another process took over.
    pub async fn durable_by(&self, sequence: u64, deadline: Instant) -> bool {
        let durable = timeout_at(deadline, self.durable(sequence));
        durable.await.unwrap_or(false)
    }

    async fn durable(&self, sequence: u64) -> bool {
        let mut durable = self.durable.subscribe();
        if *durable.borrow() < sequence {
            self.desk.hurry();
        }
        tokio::select! {
            biased;
            // The sender is ours, and so cannot be gone.
            reached = durable.wait_for(|reached| *reached >= sequence) => reached.is_ok(),
            () = self.desk.lost() => false,
        }
    }

    /// Says how far a channel was read. To be put after the readings, or a crash loses them.
    pub fn put_cursor(self: &Arc<Self>, cursor: CursorRow) {
        self.extend([Record::Cursor(cursor)], None);
    }

    /// Keeps a message that broke an actor.
    pub(crate) fn put_dead_letter(self: &Arc<Self>, letter: DeadLetter) {
        self.extend([Record::DeadLetter(letter)], None);
    }

    /// Keeps what came of an event, which is something; `before` is the revision that stood before it.
    pub(crate) fn put(
        self: &Arc<Self>,
        cell: &Arc<TwinCell>,
        before: Revision,
        effects: Vec<Effect>,
    ) {
        let records = effects.into_iter().map(|effect| match effect {
            Effect::Store(row) => Record::Telemetry(row),
            Effect::Log(row) => Record::Event(row),
        });
        self.extend(records, Some((cell, before, false)));
    }

    /// Says that a twin was published, after what led to it was put.
    pub(crate) fn tell(&self, cell: &TwinCell) {
        self.intake.changed(|| cell.view());
    }

    /// Has a twin saved with the next batch, since what led to it was put into another sink.
    pub(crate) fn save_soon(self: &Arc<Self>, cell: &Arc<TwinCell>) {
        self.extend([], Some((cell, cell.view().revision(), true)));
    }

    /// Has a twin saved soon, if it is unsaved: a row that led to it will not be in the log.
    pub(super) fn save_in_place_of_log(&self, node: NodeId) {
        if let Some(unsaved) = lock(&self.queue).unsaved.get_mut(&node) {
            unsaved.due = true;
        }
    }

    /// Forgets that a twin is unsaved: it was removed, or lives in another shard.
    pub(crate) fn forget(&self, node: NodeId) {
        if let Some(unsaved) = lock(&self.queue).unsaved.remove(&node) {
            unsaved.cell.set_unsaved(false);
        }
    }

    fn extend(
        self: &Arc<Self>,
        records: impl IntoIterator<Item = Record>,
        unsaved: Option<(&Arc<TwinCell>, Revision, bool)>,
    ) {
        let mut queue = lock(&self.queue);
        let before = queue.records.len();
        queue.records.extend(records);
        let added = (queue.records.len() - before) as u64;
        queue.sequence += added;
        if let Some((cell, saved, due)) = unsaved {
            queue.note(cell, saved, due);
        }
        self.waiting.store(queue.records.len(), Ordering::Relaxed);
        self.desk.add(added);
        if !std::mem::replace(&mut queue.listed, true) {
            self.desk.list(Arc::clone(self));
        }
    }

    /// Takes up to `room` records, and twins to save once no record is left; at most `twins` of them,
    /// all that are unsaved when `flush` is set, and else those that are due.
    pub(super) fn take(&self, room: usize, twins: usize, flush: bool) -> Taken {
        let mut queue = lock(&self.queue);
        let count = room.min(queue.records.len());
        let records: Vec<Record> = queue.records.drain(..count).collect();
        let sequence = queue.sequence - queue.records.len() as u64;
        let twins = match queue.records.is_empty() {
            true => queue.take_due(twins, flush),
            false => Vec::new(),
        };
        self.waiting.store(queue.records.len(), Ordering::Relaxed);
        Taken {
            records,
            sequence,
            twins,
        }
    }

    /// Whether it is to stay on the desk's list; when not, the next record puts it there again.
    pub(super) fn stays_listed(&self) -> bool {
        let mut queue = lock(&self.queue);
        queue.listed = !queue.records.is_empty() || !queue.unsaved.is_empty();
        queue.listed
    }

    /// Twins that are not saved.
    pub(crate) fn unsaved(&self) -> usize {
        lock(&self.queue).unsaved.len()
    }

    /// Says that `records` were committed, the last of which has the number `sequence`.
    pub(super) fn committed(&self, records: usize, sequence: u64) {
        self.desk.remove(records as u64);
        self.durable.send_replace(sequence);
    }
}

impl Unsaved {
    /// Twins that began to change together, as after a start, are saved one after the other, within the second half of
    /// what they may wait: all at once they would hold up those who wait for a commit.
    fn is_old(&self, now: Instant) -> bool {
        let (high, low) = self.cell.id().0.as_u64_pair();
        let age = SNAPSHOT_AGE.mul_f64(0.5 + 0.5 * jitter(high ^ low, 0));
        now.duration_since(self.since) >= age
    }
}

impl Queue {
    fn note(&mut self, cell: &Arc<TwinCell>, saved: Revision, due: bool) {
        // At nearly every reading: the cell is at hand then, and the map is not.
        if cell.is_unsaved() && !due {
            return;
        }
        cell.set_unsaved(true);
        let entry = self.unsaved.entry(cell.id());
        let unsaved = entry.or_insert_with(|| Unsaved {
            cell: Arc::clone(cell),
            since: Instant::now(),
            saved,
            due,
        });
        unsaved.due |= due;
    }

    fn take_due(&mut self, most: usize, flush: bool) -> Vec<Arc<Twin>> {
        let now = Instant::now();
        let rested = now.duration_since(self.scanned_at) >= SNAPSHOT_SCAN;
        if self.unsaved.is_empty() || most == 0 || !(rested || flush) {
            return Vec::new();
        }
        let mut twins = Vec::new();
        self.unsaved.retain(|_, unsaved| {
            let view = unsaved.cell.view();
            let changes = view.revision().0.saturating_sub(unsaved.saved.0);
            let due = flush || unsaved.due || changes >= SNAPSHOT_REVISIONS || unsaved.is_old(now);
            let take = due && twins.len() < most;
            if take {
                unsaved.cell.set_unsaved(false);
                twins.push(view);
            }
            !take
        });
        if twins.len() < most {
            self.scanned_at = now;
        }
        twins
    }
}
