//! The laws of the cursor, held against a channel that is written to, cleared, and read from caches.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::cursor::Cursor;
use crate::domain::{ChannelId, EntryId, Timestamp};
use crate::ports::{Ask, Entry, FeedError, Page};

pub(super) const CHANNEL: ChannelId = ChannelId(7);

pub(super) fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

pub(super) fn entry(id: u64, secs: i64) -> Entry {
    Entry {
        id: EntryId(id),
        created_at: at(secs),
        fields: Default::default(),
    }
}

pub(super) fn page(entries: impl IntoIterator<Item = Entry>) -> Page {
    let entries: Vec<Entry> = entries.into_iter().collect();
    Page {
        last_entry: entries.iter().map(|entry| entry.id).max(),
        entries,
        ..Page::default()
    }
}

/// Entries of a channel that writes its number `n` at second `n * 15`.
pub(super) fn steady(ids: std::ops::RangeInclusive<u64>) -> Page {
    page(ids.map(|id| entry(id, id.cast_signed() * 15)))
}

/// A channel as ThingSpeak keeps it.
#[derive(Debug, Clone, Default)]
pub(super) struct Channel {
    rows: Vec<Entry>,
    unreadable: BTreeSet<u64>,
}

impl Channel {
    pub(super) fn write(&mut self, count: u64, secs: i64) {
        for _ in 0..count {
            let id = self.rows.len() as u64 + 1;
            self.rows.push(entry(id, secs));
        }
    }

    pub(super) fn answer(&self, ask: Ask) -> Page {
        let (Ask::Newest(rows) | Ask::Backfill(rows)) = ask else {
            panic!("the cursor never asks for {ask:?}")
        };
        let mut newest = self.rows.clone();
        newest.sort_by_key(|entry| (entry.created_at, entry.id));
        newest.drain(..newest.len().saturating_sub(usize::from(rows)));
        let before = newest.len();
        newest.retain(|entry| !self.unreadable.contains(&entry.id.0));
        Page {
            malformed: u32::try_from(before - newest.len()).unwrap(),
            entries: newest,
            last_entry: self.rows.last().map(|entry| entry.id),
            ..Page::default()
        }
    }
}

/// A cursor that reads a channel, and all that it handed out of the present life of it.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) cursor: Cursor,
    pub(super) handed_out: BTreeSet<u64>,
    pub(super) missed: u64,
}

impl Reader {
    pub(super) fn of_empty_channel() -> Self {
        let mut reader = Self::default();
        reader.poll(&Channel::default(), at(0));
        reader
    }

    pub(super) fn poll(&mut self, channel: &Channel, now: Timestamp) -> Ask {
        let ask = self.cursor.ask(now);
        self.take(&channel.answer(ask), now);
        ask
    }

    pub(super) fn take(&mut self, page: &Page, now: Timestamp) {
        let generation = self.cursor.generation();
        let news = self.cursor.take(page, now);
        if news.cleared {
            self.handed_out.clear();
            self.missed = 0;
        } else {
            self.missed += news.missed;
        }
        assert_eq!(
            self.cursor.generation() - generation,
            u32::from(news.cleared)
        );
        for entry in news.entries {
            assert!(self.handed_out.insert(entry.id.0), "{} twice", entry.id);
        }
    }

    fn restart(&mut self) {
        let row = self.cursor.row(CHANNEL).unwrap();
        self.cursor = Cursor::resume(&row);
        self.handed_out.retain(|id| *id <= row.last_entry.0);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Write(u64),
    /// Rows with a time of so many seconds ago.
    WriteOld(u64, i64),
    WriteUnreadable,
    Clear,
    Poll,
    PollTwice,
    Outage,
    /// An answer from before the latest changes.
    Stale,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_u64..5).prop_map(Step::Write),
        3 => (50_u64..400).prop_map(Step::Write),
        2 => (1_u64..200, 1_i64..5_000).prop_map(|(count, age)| Step::WriteOld(count, age)),
        1 => Just(Step::WriteUnreadable),
        1 => Just(Step::Clear),
        8 => Just(Step::Poll),
        2 => Just(Step::PollTwice),
        2 => Just(Step::Outage),
        2 => Just(Step::Stale),
        1 => Just(Step::Restart),
    ]
}

/// A channel, its reader, and the time that goes by.
#[derive(Debug)]
struct World {
    channel: Channel,
    former: Channel,
    reader: Reader,
    now: i64,
}

impl World {
    fn take(&mut self, step: &Step) {
        self.now += 15;
        match step {
            Step::Write(count) => self.write(*count, self.now),
            Step::WriteOld(count, age) => self.write(*count, (self.now - age).max(1)),
            Step::WriteUnreadable => {
                self.write(1, self.now);
                self.channel
                    .unreadable
                    .insert(self.channel.rows.len() as u64);
            }
            Step::Clear => {
                // A life that nobody saw leaves no trace: the reader is up to date before, and looks after.
                self.settle();
                self.channel = Channel::default();
                self.poll();
                self.former = self.channel.clone();
            }
            Step::Poll => self.poll(),
            Step::PollTwice => {
                let ask = self.reader.cursor.ask(at(self.now));
                let page = self.channel.answer(ask);
                self.reader.take(&page, at(self.now));
                let before = self.reader.cursor.row(CHANNEL);
                self.reader.take(&page, at(self.now));
                assert_eq!(self.reader.cursor.row(CHANNEL), before);
            }
            Step::Outage => {
                self.reader.cursor.ask(at(self.now));
                self.reader.cursor.failed(&FeedError::TimedOut);
            }
            Step::Stale => {
                let ask = self.reader.cursor.ask(at(self.now));
                let page = self.former.answer(ask);
                self.reader.take(&page, at(self.now));
            }
            Step::Restart => self.reader.restart(),
        }
    }

    fn write(&mut self, count: u64, secs: i64) {
        self.former = self.channel.clone();
        self.channel.write(count, secs);
    }

    fn poll(&mut self) {
        self.reader.poll(&self.channel, at(self.now));
    }

    /// Polls until nothing is open, as a poller would in an hour or two.
    fn settle(&mut self) {
        for _ in 0..30 {
            self.now += 660;
            self.poll();
        }
        assert!(!self.reader.cursor.is_behind());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_entry_is_handed_out_once_or_counted_as_missed(
        steps in prop::collection::vec(step(), 0..40)
    ) {
        let mut world = World {
            channel: Channel::default(),
            former: Channel::default(),
            reader: Reader::of_empty_channel(),
            now: 100_000,
        };
        for step in &steps {
            world.take(step);
        }
        world.settle();
        let written = world.channel.rows.len() as u64;
        let handed_out = world.reader.handed_out.len() as u64;
        prop_assert_eq!(handed_out + world.reader.missed, written);
        prop_assert_eq!(world.reader.missed, world.channel.unreadable.len() as u64);
    }

    #[test]
    fn an_answer_in_parts_brings_what_it_brings_in_one(
        count in 2_u64..100,
        cut in 1_u64..100,
    ) {
        let cut = cut.min(count - 1);
        let mut whole = Reader::of_empty_channel();
        whole.take(&steady(1..=count), at(count.cast_signed() * 15));
        let mut parts = Reader::of_empty_channel();
        parts.take(&steady(1..=cut), at(cut.cast_signed() * 15));
        parts.take(&steady(cut + 1..=count), at(count.cast_signed() * 15));
        parts.take(&steady(1..=count), at(count.cast_signed() * 15));
        prop_assert_eq!(&whole.handed_out, &parts.handed_out);
        prop_assert_eq!(whole.cursor.row(CHANNEL), parts.cursor.row(CHANNEL));
    }

    #[test]
    fn what_is_stored_is_never_ahead_of_what_was_handed_out(
        steps in prop::collection::vec(step(), 0..40)
    ) {
        let mut world = World {
            channel: Channel::default(),
            former: Channel::default(),
            reader: Reader::of_empty_channel(),
            now: 100_000,
        };
        for step in &steps {
            world.take(step);
            let stored = world.reader.cursor.row(CHANNEL).unwrap().last_entry.0;
            let handed_out = world.reader.handed_out.range(..=stored).count() as u64;
            prop_assert!(handed_out + world.reader.missed >= stored);
        }
    }
}
