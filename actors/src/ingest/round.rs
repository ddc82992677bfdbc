//! What a poller keeps between two messages, and its round: wait, ask, hand over, store, wait.
//!
//! At any time exactly one of these is so: a timer runs, a request is out, or the poller is paused. Must
//! never ask again before the twins have what was read last.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use super::backfill::Backfill;
use super::cadence::Cadence;
use super::cursor::Cursor;
use super::delivery::{Delivery, Progress, Tally};
use super::fetch::fetch;
use super::host::{Cause, Hold, Pass};
use super::poller::{Msg, PollerCell, PollerError, PollerHandle, Wish};
use super::view::{PollerState, PollerView};
use crate::domain::Timestamp;
use crate::ports::{Ask, FeedError, Page};
use crate::tree::{Address, jitter};

/// Over which thousands of pollers that start, or were held, together come back.
const SPREAD: Duration = Duration::from_secs(2);
/// Between the requests that close a gap: the gate knows how many there may be.
const CATCH_UP: Duration = Duration::from_secs(1);
/// Between two looks at a twin or an archive that has no room. By the runtime's time, not the clock's:
/// they do not get ready any sooner in a world that runs faster.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// The same where the host's budget is used up: all its pollers are in line, and each look costs.
const CROWDED_SPREAD: Duration = Duration::from_secs(15);

/// What is in the way of polling.
#[derive(Debug)]
enum Obstacle {
    Held(Hold),
    /// Nobody, or nothing, could take what is read.
    NoRoom,
}

impl From<Obstacle> for PollerError {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Held(hold) => Self::Held { until: hold.until },
            Obstacle::NoRoom => Self::NoRoom,
        }
    }
}

/// A poller between two messages.
pub(super) struct Round {
    cell: Arc<PollerCell>,
    /// Its own, for what its tasks tell it.
    address: Arc<Address<Msg>>,
    cursor: Cursor,
    cadence: Cadence,
    /// What the twins have not all taken yet.
    delivery: Option<Delivery>,
    /// The right by which a request is out.
    pass: Option<Pass>,
    backfill: Backfill,
    /// The timer and the request. They end with the actor.
    tasks: JoinSet<()>,
    timer: Option<AbortHandle>,
    /// Counts timers, to tell the last one's message from an older one's.
    timers: u64,
    /// The newest time of creation that was handed out.
    newest: Option<Timestamp>,
    /// Rows of the last page that could not be read.
    malformed: u32,
    view: PollerView,
}

impl Round {
    pub(super) fn new(handle: &PollerHandle) -> Self {
        let cell = Arc::clone(handle.cell());
        let stored = cell.stored();
        let mut round = Self {
            address: handle.address().clone(),
            cursor: stored.as_ref().map(Cursor::resume).unwrap_or_default(),
            newest: stored.map(|row| row.last_created_at),
            view: PollerView::clone(&cell.view()),
            cell,
            cadence: Cadence::default(),
            delivery: None,
            pass: None,
            backfill: Backfill::default(),
            tasks: JoinSet::new(),
            timer: None,
            timers: 0,
            malformed: 0,
        };
        if !round.is_paused() {
            let spread = SPREAD.mul_f64(round.chance());
            round.wait(PollerState::Waiting, spread);
        }
        round
    }

    /// The time has come to do what is next.
    pub(super) async fn go_on(&mut self, timer: u64) {
        if timer != self.timers || self.is_paused() {
            return;
        }
        if self.delivery.is_some() {
            self.deliver().await;
        } else if let Err(obstacle) = self.poll() {
            self.wait_out(obstacle);
        }
    }

    /// The feed has answered.
    pub(super) async fn answered(&mut self, asked: Ask, page: Result<Arc<Page>, FeedError>) {
        // The answer to a predecessor that died; it is asked for anew.
        let Some(pass) = self.pass.take() else { return };
        let now = self.cell.now();
        pass.settle(page.as_ref().map(|_| ()), now);
        let again = self.backfill.answered(page.as_ref().map(|_| ()));
        match page {
            Ok(page) => {
                if again {
                    self.take_again(&page, now);
                } else {
                    self.take(asked, &page, now);
                }
                if !self.is_paused() {
                    self.deliver().await;
                }
            }
            Err(error) => {
                self.note_failure(error);
                self.wait_for_turn();
            }
        }
    }

    /// A person wants something.
    pub(super) fn obey(&mut self, wish: Wish) -> Result<(), PollerError> {
        match wish {
            Wish::Poll => return self.poll_now(),
            Wish::Pause => self.pause(),
            Wish::Resume => self.resume(),
            Wish::ResetBreaker => self.reset_breaker(),
            Wish::Backfill => self.backfill(),
        }
        Ok(())
    }

    fn backfill(&mut self) {
        self.backfill.wish();
        if self.view.state == PollerState::Waiting {
            self.wait(PollerState::Waiting, Duration::ZERO);
        }
    }

    fn poll_now(&mut self) -> Result<(), PollerError> {
        if self.is_paused() {
            return Err(PollerError::Paused);
        }
        if self.pass.is_some() {
            return Ok(());
        }
        if self.delivery.is_some() {
            return Err(PollerError::NoRoom);
        }
        self.poll().map_err(PollerError::from)
    }

    /// What is on its way is still taken, but not handed over.
    fn pause(&mut self) {
        self.stop_timer();
        self.view.state = PollerState::Paused;
        self.view.next_poll_at = None;
    }

    fn resume(&mut self) {
        if !self.is_paused() {
            return;
        }
        if self.pass.is_some() {
            self.view.state = PollerState::Polling;
        } else {
            self.wait(PollerState::Waiting, Duration::ZERO);
        }
    }

    fn reset_breaker(&mut self) {
        self.cell.gate.reset_breaker();
        if self.view.state == PollerState::Waiting {
            self.wait(PollerState::Waiting, Duration::ZERO);
        }
    }

    /// Shows what is known now.
    pub(super) fn publish(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.view.breaker = self.cell.gate.breaker();
        self.cell.publish(self.view.clone());
    }

    /// Sends a request on its way.
    fn poll(&mut self) -> Result<(), Obstacle> {
        // With nobody to read for, the cursor would move past what the next reader should have.
        if !self.cell.sink.has_room() || self.cell.readers.now().is_empty() {
            return Err(Obstacle::NoRoom);
        }
        let now = self.cell.now();
        self.pass = Some(self.cell.gate.admit(now).map_err(Obstacle::Held)?);
        self.stop_timer();
        self.view.state = PollerState::Polling;
        self.view.next_poll_at = None;
        self.view.last_poll_at = Some(now);
        self.view.counts.polls += 1;
        let ask = self.backfill.ask();
        let ask = ask.unwrap_or_else(|| self.cursor.ask(now));
        let channel = self.cell.channel;
        let (feed, address) = (Arc::clone(&self.cell.ingest.feed), self.address.clone());
        self.tasks.spawn(async move {
            let page = fetch(feed, channel, ask).await;
            let _died_meanwhile = address.tell(Msg::Answered(ask, page)).is_err();
        });
        Ok(())
    }

    /// Waits for what is in the way of polling.
    fn wait_out(&mut self, obstacle: Obstacle) {
        match obstacle {
            Obstacle::Held(hold) => {
                let spread = match hold.cause {
                    Cause::Away | Cause::ChannelBudget => SPREAD,
                    Cause::HostBudget => CROWDED_SPREAD,
                };
                let left = hold.until.since(self.cell.now());
                self.wait(PollerState::Waiting, left + spread.mul_f64(self.chance()));
            }
            Obstacle::NoRoom => self.look_again(PollerState::Blocked, SECOND_LOOK),
        }
    }

    fn take(&mut self, asked: Ask, page: &Arc<Page>, now: Timestamp) {
        if matches!(asked, Ask::Newest(_)) {
            self.cell.ingest.cache.put(self.cell.channel, page);
            let more = page.malformed.saturating_sub(self.malformed);
            self.view.counts.malformed += u64::from(more);
            self.malformed = page.malformed;
        }
        let news = self.cursor.take(page, now);
        if news.cleared {
            self.cadence.cleared();
            self.newest = None;
        }
        self.cadence
            .answered(page.entries.iter().map(|entry| entry.created_at));
        for entry in &news.entries {
            self.view.counts.entries += 1;
            self.view.counts.late += u64::from(self.newest > Some(entry.created_at));
            self.newest = self.newest.max(Some(entry.created_at));
        }
        self.note_success(now);
        self.view.interval = self.cadence.interval();
        self.view.last_entry_id = self.cursor.newest();
        self.view.generation = self.cursor.generation();
        self.view.missed_entries = self.cursor.missed();
        let row = self.cursor.row(self.cell.channel);
        self.delivery = Some(Delivery::new(
            self.cell.channel,
            news.entries,
            page.opened.clone(),
            now,
            row,
        ));
    }

    /// Takes what was read once more: nothing of it is news to the cursor.
    fn take_again(&mut self, page: &Page, now: Timestamp) {
        self.note_success(now);
        let mut entries = page.entries.clone();
        entries.sort_by_key(|entry| (entry.created_at, entry.id));
        self.delivery = Some(Delivery::new(
            self.cell.channel,
            entries,
            page.opened.clone(),
            now,
            None,
        ));
    }

    /// Hands over as much as fits into one step, and stores the cursor after the last.
    async fn deliver(&mut self) {
        let Some(mut delivery) = self.delivery.take() else {
            return;
        };
        let mut tally = Tally::default();
        let readers = self.cell.readers.now();
        let progress = delivery.step(&readers, &mut tally).await;
        tally.add_to(&mut self.view.counts);
        match progress {
            Progress::Done => {
                if let Some(cursor) = delivery.cursor() {
                    self.cell.store(cursor);
                }
                self.wait_for_turn();
                return;
            }
            Progress::More => self.look_again(PollerState::Delivering, Duration::ZERO),
            Progress::Blocked => self.look_again(PollerState::Blocked, SECOND_LOOK),
        }
        self.delivery = Some(delivery);
    }

    fn note_success(&mut self, now: Timestamp) {
        self.view.last_success_at = Some(now);
        self.view.consecutive_failures = 0;
        self.view.last_error = None;
    }

    fn note_failure(&mut self, error: FeedError) {
        self.cursor.failed(&error);
        self.view.counts.failures += 1;
        if !matches!(error, FeedError::Throttled { .. }) {
            self.cadence.failed();
            self.view.consecutive_failures = self.view.consecutive_failures.saturating_add(1);
        }
        self.view.last_error = Some(error);
    }

    /// Waits until the channel should be asked next.
    fn wait_for_turn(&mut self) {
        if self.is_paused() {
            return;
        }
        let now = self.cell.now();
        let usual = if self.view.consecutive_failures == 0 && self.cursor.is_catching_up(now) {
            CATCH_UP
        } else {
            self.cadence.wait(now, 2.0 * self.chance() - 1.0)
        };
        let span = match self.cell.gate.check(now) {
            Err(hold) if hold.cause == Cause::Away => {
                hold.until.since(now) + SPREAD.mul_f64(self.chance())
            }
            Err(hold) => usual.max(hold.until.since(now)),
            Ok(()) => usual,
        };
        self.wait(PollerState::Waiting, span);
    }

    /// Goes on after `span` of the clock's time.
    fn wait(&mut self, state: PollerState, span: Duration) {
        self.view.next_poll_at = Some(self.cell.now().plus(span));
        let span = self.cell.ingest.clock.wait_for(span);
        self.set_timer(state, span);
    }

    /// Goes on after `span` of the runtime's time; when the channel is asked next is open.
    fn look_again(&mut self, state: PollerState, span: Duration) {
        self.view.next_poll_at = None;
        self.set_timer(state, span);
    }

    fn set_timer(&mut self, state: PollerState, span: Duration) {
        self.stop_timer();
        self.view.state = state;
        let (address, timer) = (self.address.clone(), self.timers);
        self.timer = Some(self.tasks.spawn(async move {
            sleep(span).await;
            let _died_meanwhile = address.tell(Msg::Due(timer)).is_err();
        }));
    }

    fn stop_timer(&mut self) {
        self.timers += 1;
        if let Some(timer) = self.timer.take() {
            timer.abort();
        }
    }

    fn is_paused(&self) -> bool {
        self.view.state == PollerState::Paused
    }

    /// From 0 to 1; differs between channels and between turns.
    fn chance(&self) -> f64 {
        jitter(self.cell.channel.0, self.timers as u32)
    }
}
