//! How far a channel was read: what of an answer is new, and what to ask next. Holds the truth on
//! which entries were handed out.
//!
//! Entries are known by their numbers, since writers may give them any time. Freshness goes first:
//! what an answer holds is handed out at once, and the numbers that it lacks are looked for
//! afterwards by wider windows.
//!
//! Pure. Must never hand an entry out twice within a generation, nor pass one over without counting it.

use std::collections::BTreeMap;
use std::time::Duration;

use clock::Clock;

use crate::domain::{ChannelId, EntryId, ShardId, Timestamp};
use crate::ports::{Ask, CursorRow, Entry, FeedError, Page};

#[path = "cursor_clock.rs"]
mod clock;

/// ThingSpeak answers more than a hundred entries from a cache of five minutes, so an answer may be
/// that old. Twice as much, to be sure.
const STALE_FOR: Duration = Duration::from_secs(10 * 60);
/// Room for what is written while a window is being asked for, and for rows out of order.
const MARGIN: u64 = 100;
/// How often a gap is looked for in answers that are stale, broken or too large, before it is missed.
const MOST_ATTEMPTS: u32 = 8;
/// Numbers kept beyond a gap: two of the largest windows.
const MOST_AHEAD: usize = 2 * Ask::MAX_BACKFILL as usize;

/// How far a channel was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor {
    generation: u32,
    /// Everything up to here was handed out or counted as missed; `None` before the first answer.
    settled: Option<u64>,
    /// The newest creation time up to there: a lower number with a newer time is another channel's life.
    settled_at: Option<Timestamp>,
    /// What was handed out beyond a gap.
    ahead: BTreeMap<u64, Timestamp>,
    /// The highest number that the channel was seen or said to have.
    known: u64,
    missed: u64,
    gap: Gap,
    asked: Option<Window>,
    /// Since when the channel says less than it did, without anything newer to show.
    regressed_since: Option<Timestamp>,
    /// When it was last found cleared: windows may still come from the cache of its former life.
    cleared_at: Option<Timestamp>,
    clock: Clock,
}

/// How the gap that is being looked for was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Gap {
    attempts: u32,
    /// The sufficient window was not: rows out of order lie in between.
    widest: bool,
    /// The newest entries were asked for last, so that a gap never keeps them waiting.
    turn: bool,
}

/// The window that was asked for last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    rows: u16,
    /// The highest number that was known then: what is written later may be missing in good faith.
    known: u64,
}

/// What an answer brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct News {
    /// What was not handed out before, oldest first.
    pub entries: Vec<Entry>,
    /// Whether the channel was found cleared; then all that it holds is new.
    pub cleared: bool,
    /// How many entries were given up on.
    pub missed: u64,
}

impl Cursor {
    /// Goes on from where the channel was read to. What was handed out beyond a gap is handed out
    /// once more: the row only tells what is certain.
    pub fn resume(row: &CursorRow) -> Self {
        Self {
            generation: row.generation,
            settled: Some(row.last_entry.0),
            settled_at: Some(row.last_created_at),
            known: row.last_entry.0,
            missed: row.missed,
            ..Self::default()
        }
    }

    /// What to store; `None` before the first answer.
    pub fn row(&self, channel: ChannelId) -> Option<CursorRow> {
        Some(CursorRow {
            channel,
            shard: ShardId::of_channel(channel),
            last_entry: EntryId(self.settled?),
            last_created_at: self.settled_at.unwrap_or(Timestamp::MIN),
            generation: self.generation,
            missed: self.missed,
        })
    }

    /// The newest entry that was handed out, gap or not.
    pub fn newest(&self) -> Option<EntryId> {
        let newest = self.ahead.last_key_value().map(|(id, _)| *id);
        newest.or(self.settled).filter(|id| *id > 0).map(EntryId)
    }

    /// How often the channel was found cleared.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// Entries that could not be fetched any more.
    pub const fn missed(&self) -> u64 {
        self.missed
    }

    /// Whether entries are known to be there that were not handed out yet.
    pub fn is_behind(&self) -> bool {
        self.settled.is_some_and(|settled| settled < self.known)
    }

    /// Whether the gap is worth a request at once: the first look usually closes it.
    pub fn is_catching_up(&self, now: Timestamp) -> bool {
        self.is_behind() && self.gap.attempts == 0 && self.may_ask_windows(now)
    }

    /// What to ask next.
    pub fn ask(&mut self, now: Timestamp) -> Ask {
        self.asked = None;
        self.gap.turn = !self.gap.turn && self.is_behind() && self.may_ask_windows(now);
        if !self.gap.turn {
            return Ask::Newest(Ask::MAX_LIVE);
        }
        let reach = self.known.saturating_sub(self.settled.unwrap_or(0));
        let rows = if self.gap.widest {
            Ask::MAX_BACKFILL
        } else {
            window(reach.saturating_add(MARGIN))
        };
        self.asked = Some(Window {
            rows,
            known: self.known,
        });
        Ask::Backfill(rows)
    }

    /// Takes the answer to what was asked last.
    pub fn take(&mut self, page: &Page, now: Timestamp) -> News {
        let asked = self.asked.take();
        let missed_before = self.missed;
        let top = top_of(page);
        if top >= self.known {
            self.follow_clock(page);
        }
        let cleared = self.settled.is_some() && self.is_cleared(page, top, asked.is_some(), now);
        if cleared {
            self.begin_anew(now);
        }
        self.known = self.known.max(top);
        let entries = self.unseen(page);
        if self.settled.is_none() {
            self.begin_with(&entries);
        } else {
            let handed_out = entries.iter().map(|entry| (entry.id.0, entry.created_at));
            self.ahead.extend(handed_out);
            self.settle();
        }
        if let Some(window) = asked.filter(|_| !cleared) {
            self.conclude(window, page, top);
        }
        self.clock.note(page);
        if self.gap.attempts >= MOST_ATTEMPTS || self.ahead.len() > MOST_AHEAD {
            self.miss_up_to(self.known);
        }
        News {
            entries,
            cleared,
            missed: self.missed - missed_before,
        }
    }

    /// Takes the lack of an answer to what was asked last. Only what a window itself brings about
    /// counts against the gap: an outage is no reason to give up on it.
    pub fn failed(&mut self, error: &FeedError) {
        if self.asked.take().is_none() {
            return;
        }
        match error {
            FeedError::TooLarge | FeedError::Malformed(_) => self.gap.attempts += 1,
            FeedError::Throttled { .. }
            | FeedError::NoAccess
            | FeedError::Status { .. }
            | FeedError::TimedOut
            | FeedError::Unreachable => {}
        }
    }

    fn may_ask_windows(&self, now: Timestamp) -> bool {
        self.cleared_at
            .is_none_or(|at| now < at || now.since(at) >= STALE_FOR)
    }

    /// A clock that was set moves all that was handed out, and makes none of it new.
    fn follow_clock(&mut self, page: &Page) {
        let shift = self.clock.shift(page);
        if shift == 0 {
            return;
        }
        self.clock.set(shift);
        self.settled_at = self.settled_at.map(|at| clock::moved(at, shift));
        for at in self.ahead.values_mut() {
            *at = clock::moved(*at, shift);
        }
    }

    /// Numbers that go back tell of a clearing only together with a newer time, or when they stay
    /// back for longer than any cache: else the answer is an old one.
    fn is_cleared(&mut self, page: &Page, top: u64, is_window: bool, now: Timestamp) -> bool {
        let settled = self.settled.unwrap_or(0);
        let reused = |entry: &Entry| {
            entry.id.0 <= settled && self.settled_at.is_some_and(|at| entry.created_at > at)
        };
        if page.entries.iter().any(reused) {
            return true;
        }
        if is_window {
            return false;
        }
        if top >= self.known {
            self.regressed_since = None;
            return false;
        }
        if top == 0 && page.malformed == 0 {
            return true;
        }
        let newest = self.ahead.values().copied().chain(self.settled_at).max();
        if page
            .entries
            .iter()
            .any(|entry| Some(entry.created_at) > newest)
        {
            return true;
        }
        let since = *self.regressed_since.get_or_insert(now);
        now.since(since) >= STALE_FOR
    }

    fn begin_anew(&mut self, now: Timestamp) {
        *self = Self {
            generation: self.generation.saturating_add(1),
            settled: Some(0),
            missed: self.missed + self.lacking(),
            cleared_at: Some(now),
            ..Self::default()
        };
    }

    /// What was there before the first answer is history, not a gap.
    fn begin_with(&mut self, entries: &[Entry]) {
        let newest = entries.iter().map(|entry| entry.id.0).max();
        self.settled = Some(newest.unwrap_or(self.known));
        self.settled_at = entries.iter().map(|entry| entry.created_at).max();
    }

    fn unseen(&self, page: &Page) -> Vec<Entry> {
        let settled = self.settled.unwrap_or(0);
        let mut unseen: BTreeMap<u64, &Entry> = BTreeMap::new();
        for entry in &page.entries {
            if entry.id.0 > settled && !self.ahead.contains_key(&entry.id.0) {
                unseen.entry(entry.id.0).or_insert(entry);
            }
        }
        let mut entries: Vec<Entry> = unseen.into_values().cloned().collect();
        entries.sort_by_key(|entry| (entry.created_at, entry.id));
        entries
    }

    /// A window decides about what was known when it was asked for, if it is not older than that and
    /// reaches back over all of it. The very newest are left open until a later one is seen: a channel
    /// may name an entry a moment before it shows it.
    fn conclude(&mut self, window: Window, page: &Page, top: u64) {
        let settled = self.settled.unwrap_or(0);
        if settled >= window.known {
            return;
        }
        let seen = self.ahead.last_key_value().map_or(settled, |(id, _)| *id);
        let decided = window.known.min(seen);
        let rows = page.entries.len() as u64 + u64::from(page.malformed);
        let holds_all = rows < u64::from(window.rows) || window.rows == Ask::MAX_BACKFILL;
        if top < window.known || (holds_all && decided <= settled) {
            self.gap.attempts += 1;
        } else if holds_all {
            self.miss_up_to(decided);
        } else {
            self.gap.widest = true;
        }
    }

    /// How many entries are known to be there that were not handed out.
    fn lacking(&self) -> u64 {
        let settled = self.settled.unwrap_or(self.known);
        self.known.saturating_sub(settled + self.ahead.len() as u64)
    }

    fn miss_up_to(&mut self, id: u64) {
        let settled = self.settled.unwrap_or(0);
        if id <= settled {
            return;
        }
        let beyond = self.ahead.split_off(&id.saturating_add(1));
        let handed_out = std::mem::replace(&mut self.ahead, beyond);
        self.missed += id - settled - handed_out.len() as u64;
        self.settled_at = handed_out.into_values().chain(self.settled_at).max();
        self.settled = Some(id);
        self.settle();
        self.gap = Gap::default();
    }

    /// Moves over what was handed out without a gap.
    fn settle(&mut self) {
        let Some(mut settled) = self.settled else {
            return;
        };
        while let Some(at) = self.ahead.remove(&settled.saturating_add(1)) {
            settled += 1;
            self.settled_at = self.settled_at.max(Some(at));
        }
        self.settled = Some(settled);
        if !self.is_behind() {
            self.gap = Gap::default();
        }
    }
}

fn top_of(page: &Page) -> u64 {
    let ids = page.entries.iter().map(|entry| entry.id);
    ids.chain(page.last_entry).max().map_or(0, |id| id.0)
}

fn window(rows: u64) -> u16 {
    let rows = u16::try_from(rows).unwrap_or(Ask::MAX_BACKFILL);
    rows.clamp(Ask::MAX_LIVE + 1, Ask::MAX_BACKFILL)
}
