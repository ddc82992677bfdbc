//! What a writer and the sinks it empties share: which sinks have something, and how much waits in all.
//!
//! It outlives the writer's actor, so it also holds the batch that is being written: a writer that is
//! started again goes on with that batch, and must never take another one before it is committed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::ShardSink;
use super::persist::{InFlight, PersistView};

/// Records that may wait for one writer: some 200 MB, an hour of 50,000 nodes that report once in
/// ten minutes.
const WAITING_LIMIT: u64 = 300_000;

/// Records that are worth a transaction of their own: no more of them are waited for.
const ENOUGH: u64 = 256;

/// Twins saved in a batch that nobody waits for: to write them as JSON holds a thread for a few milliseconds.
const MOST_TWINS: u64 = 256;

/// The same where somebody does: a millisecond.
const FEW_TWINS: u64 = 16;

/// But where there are many records, one for so many of them: a twin is saved after four times as many, and must be,
/// however fast they come.
const RECORDS_A_TWIN: u64 = 16;

/// What one writer is to write.
#[derive(Debug)]
pub(crate) struct Desk {
    /// Sinks with records or unsaved twins, each at most once.
    listed: Mutex<Vec<Arc<ShardSink>>>,
    /// Records in the sinks and in flight.
    waiting: AtomicU64,
    /// Rows that the archive does not take, since the process started.
    refused: AtomicU64,
    in_flight: Mutex<Option<Arc<InFlight>>>,
    flushing: AtomicBool,
    /// Somebody waits for what is listed.
    hurried: Notify,
    /// How many said so since the last batch was taken.
    hurrying: AtomicU64,
    /// Enough waits for a batch.
    filled: Notify,
    view: ArcSwap<PersistView>,
    /// Whether the last round that flushed left nothing.
    clear: watch::Sender<bool>,
    /// Whether another process took over: nothing is written any more.
    lost: watch::Sender<bool>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            listed: Mutex::default(),
            waiting: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            in_flight: Mutex::default(),
            flushing: AtomicBool::new(false),
            hurried: Notify::new(),
            hurrying: AtomicU64::new(0),
            filled: Notify::new(),
            view: ArcSwap::default(),
            clear: watch::Sender::new(false),
            lost: watch::Sender::new(false),
        }
    }
}

impl Desk {
    /// Whether more may be put into its sinks.
    pub(super) fn has_room(&self) -> bool {
        self.waiting() < WAITING_LIMIT
    }

    /// Records that are not committed.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Counts records that were put into a sink.
    pub(super) fn add(&self, records: u64) {
        let before = self.waiting.fetch_add(records, Ordering::Relaxed);
        if before < ENOUGH && before + records >= ENOUGH {
            self.filled.notify_one();
        }
    }

    /// Counts records that were committed.
    pub(super) fn remove(&self, records: u64) {
        self.waiting.fetch_sub(records, Ordering::Relaxed);
    }

    /// Counts a row that the archive does not take, and that waits no longer.
    pub(super) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Puts a sink on the list; the sink sees to it that it is there only once.
    pub(super) fn list(&self, sink: Arc<ShardSink>) {
        lock(&self.listed).push(sink);
    }

    /// Takes the list; what still has something goes back by [`Desk::list`], behind those that came
    /// meanwhile, so that each gets its turn.
    pub(super) fn take_listed(&self) -> Vec<Arc<ShardSink>> {
        std::mem::take(&mut *lock(&self.listed))
    }

    /// The batch that is not committed yet.
    pub(super) fn in_flight(&self) -> Option<Arc<InFlight>> {
        lock(&self.in_flight).clone()
    }

    /// Keeps a batch until it is committed, or forgets it then.
    pub(super) fn set_in_flight(&self, batch: Option<Arc<InFlight>>) {
        *lock(&self.in_flight) = batch;
    }

    /// Whether every unsaved twin is to be saved now, however little it changed.
    pub(super) fn is_flushing(&self) -> bool {
        self.flushing.load(Ordering::Acquire)
    }

    /// From now on, saves every twin at once.
    pub(crate) fn flush(&self) {
        self.flushing.store(true, Ordering::Release);
        self.hurry();
        self.filled.notify_one();
    }

    /// Has the writer begin its next round at once, or right after the one that it is in.
    pub(super) fn hurry(&self) {
        self.hurrying.fetch_add(1, Ordering::Relaxed);
        self.hurried.notify_one();
    }

    /// How many were in a hurry since this was last asked.
    pub(super) fn take_hurrying(&self) -> u64 {
        self.hurrying.swap(0, Ordering::Relaxed)
    }

    /// How many twins the next batch may save; one that flushes is not hurried by those who wait for its end.
    pub(super) fn room_for_twins(&self, flush: bool) -> usize {
        let is_hurried = self.hurrying.load(Ordering::Relaxed) > 0;
        let most = match is_hurried && !flush {
            true => (self.waiting() / RECORDS_A_TWIN).clamp(FEW_TWINS, MOST_TWINS),
            false => MOST_TWINS,
        };
        most as usize
    }

    /// Waits until somebody is in a hurry, at most for `span`.
    pub(super) async fn rest(&self, span: Duration) {
        let _nobody_hurried = timeout(span, self.hurried.notified()).await;
    }

    /// Waits until enough has come for a batch, at most until `deadline`.
    pub(super) async fn gather(&self, deadline: Instant) {
        let filled = async {
            while self.waiting() < ENOUGH && !self.is_flushing() {
                self.filled.notified().await;
            }
        };
        let _less_will_do = timeout_at(deadline, filled).await;
    }

    /// How the writing goes.
    pub(crate) fn view(&self) -> PersistView {
        PersistView {
            waiting: self.waiting(),
            refused: self.refused.load(Ordering::Relaxed),
            ..PersistView::clone(&self.view.load())
        }
    }

    /// Says how the writing goes.
    pub(super) fn publish(&self, view: PersistView) {
        self.view.store(Arc::new(view));
    }

    /// Says that a round has ended, which saved every twin if `flushed`. Only the writer can say so: while
    /// it is at work, it holds sinks that are on no list.
    pub(super) fn end_round(&self, flushed: bool) {
        let clear = flushed
            && self.waiting() == 0
            && lock(&self.listed).is_empty()
            && lock(&self.in_flight).is_none();
        self.clear.send_replace(clear);
    }

    /// Waits until a flush has left nothing to write, or nothing that may be written. Has no deadline of
    /// its own.
    pub(crate) async fn cleared(&self) {
        let mut clear = self.clear.subscribe();
        tokio::select! {
            // The sender is ours, and so cannot be gone.
            _sender_gone = clear.wait_for(|clear| *clear) => {}
            () = self.lost() => {}
        }
    }

    /// Says that another process took over: what waits here is never written.
    pub(super) fn lose(&self) {
        self.lost.send_replace(true);
    }

    /// Whether another process took over.
    pub(super) fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }

    /// Waits until another process took over, which need not ever be.
    pub(super) async fn lost(&self) {
        let mut lost = self.lost.subscribe();
        // The sender is ours, and so cannot be gone.
        let _sender_gone = lost.wait_for(|lost| *lost).await;
    }
}

/// A lock whose holder panicked guards data that is still whole here: every change is one assignment.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
