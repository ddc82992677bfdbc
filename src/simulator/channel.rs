//! One channel: its settings and the ring of its newest entries.
//!
//! The truth of what was written. Entries lie in order of time, which is not always the order
//! of their ids: writers may name their own time. An id is never given twice between two clears.

use std::collections::VecDeque;

use serde::Serialize;

use super::fault::Faults;
use super::knobs::Knobs;
use super::world::Node;
use super::{keys, talkback::TalkBack};

/// Fields of a channel; ThingSpeak never had another number.
pub(super) const FIELDS: usize = 8;

/// The names of the fields on the wire.
pub(super) const FIELD_NAMES: [&str; FIELDS] = [
    "field1", "field2", "field3", "field4", "field5", "field6", "field7", "field8",
];

/// One stored row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) created_at_s: i64,
    pub(super) entry_id: u64,
    pub(super) fields: [Option<Box<str>>; FIELDS],
    /// Boxed because fleets never send it and every entry would pay for its size.
    pub(super) extra: Option<Box<Extra>>,
}

/// What a row may carry beside its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Extra {
    pub(super) status: Option<String>,
    pub(super) latitude: Option<String>,
    pub(super) longitude: Option<String>,
    pub(super) elevation: Option<String>,
}

/// A row on its way in, before it has an id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) created_at_s: i64,
    pub(super) fields: [Option<String>; FIELDS],
    pub(super) extra: Extra,
}

/// How often a channel was asked for what, refused requests included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RequestCounts {
    /// Every GET of the channel's data or settings.
    pub reads: u64,
    /// Every `/update` that carried the channel's write key.
    pub writes: u64,
    /// Every bulk update addressed to the channel.
    pub bulk_writes: u64,
    /// Every request to the channel's TalkBack.
    pub talkback: u64,
}

/// A channel and everything that is known about it.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) id: u64,
    pub(super) node: Node,
    pub(super) public: bool,
    pub(super) read_key: String,
    pub(super) write_key: String,
    pub(super) created_at_s: i64,
    /// The time of the last change of settings: writes do not move it.
    pub(super) updated_at_s: i64,
    pub(super) last_entry_id: Option<u64>,
    pub(super) last_update_ms: Option<i64>,
    pub(super) last_bulk_ms: Option<i64>,
    pub(super) counts: RequestCounts,
    pub(super) faults: Faults,
    pub(super) talkback_id: Option<u64>,
    entries: VecDeque<Entry>,
    keep: usize,
}

impl Channel {
    /// Makes channel number `index` of a simulator, private unless the knobs say otherwise.
    pub(super) fn new(index: u64, node: Node, created_at_s: i64, knobs: &Knobs) -> Self {
        Self {
            id: knobs.first_channel_id + index,
            node,
            public: knobs.public_channels,
            read_key: keys::derive(knobs.seed, "read", index),
            write_key: keys::derive(knobs.seed, "write", index),
            created_at_s,
            updated_at_s: created_at_s,
            last_entry_id: None,
            last_update_ms: None,
            last_bulk_ms: None,
            counts: RequestCounts::default(),
            faults: Faults::default(),
            talkback_id: None,
            entries: VecDeque::new(),
            keep: knobs.keep_entries.max(1),
        }
    }

    /// Moves the channel's birth back to `at_s`: a world's history may begin before its simulator.
    pub(super) fn existed_at(&mut self, at_s: i64) {
        if at_s < self.created_at_s {
            (self.created_at_s, self.updated_at_s) = (at_s, at_s);
        }
    }

    /// Stores a row and tells its id. The oldest row falls out of a full ring.
    pub(super) fn append(&mut self, draft: Draft) -> u64 {
        let entry_id = self.last_entry_id.unwrap_or(0) + 1;
        self.last_entry_id = Some(entry_id);
        let extra = (draft.extra != Extra::default()).then(|| Box::new(draft.extra));
        let entry = Entry {
            created_at_s: draft.created_at_s,
            entry_id,
            fields: draft.fields.map(|field| field.map(String::into_boxed_str)),
            extra,
        };
        let place = self
            .entries
            .partition_point(|old| old.created_at_s <= entry.created_at_s);
        self.entries.insert(place, entry);
        if self.entries.len() > self.keep {
            self.entries.pop_front();
        }
        entry_id
    }

    /// The rows that a reader may see, oldest first. A stale channel hides what came since.
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        let newest = self.visible_last_entry_id().unwrap_or(0);
        self.entries
            .iter()
            .filter(move |entry| entry.entry_id <= newest)
    }

    /// The id of the newest entry that a reader may know of.
    pub(super) fn visible_last_entry_id(&self) -> Option<u64> {
        let last = self.last_entry_id?;
        match self.faults.data.frozen_at {
            None => Some(last),
            Some(0) => None,
            Some(frozen) => Some(last.min(frozen)),
        }
    }

    /// Whether some row bears exactly this time.
    pub(super) fn has_stamp(&self, created_at_s: i64) -> bool {
        self.entries
            .binary_search_by_key(&created_at_s, |entry| entry.created_at_s)
            .is_ok()
    }

    /// Forgets every row; ids begin again at 1.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.last_entry_id = None;
    }

    /// Whether `key` opens the channel for reading. A write key reads too.
    pub(super) fn opens_for(&self, key: Option<&str>) -> bool {
        !self.faults.deny
            && (self.public || key.is_some_and(|key| key == self.read_key || key == self.write_key))
    }

    /// Seconds until the next update would be accepted.
    pub(super) fn gate_left_s(&self, now_ms: i64, gate_s: u32) -> i64 {
        let Some(last) = self.last_update_ms else {
            return 0;
        };
        let gate_ms = i64::from(gate_s) * 1_000;
        // A clock that was set back must not shut a channel for longer than one gate.
        let left_ms = (last + gate_ms - now_ms).clamp(0, gate_ms);
        (left_ms + 999) / 1_000
    }

    /// Whether an event this long ago still shuts the gate.
    pub(super) fn gated(last_ms: Option<i64>, now_ms: i64, gate_s: u32) -> bool {
        last_ms.is_some_and(|last| (0..i64::from(gate_s) * 1_000).contains(&(now_ms - last)))
    }
}

/// The TalkBack that belongs to channel number `index`.
pub(super) fn talkback_of(index: u64, channel_id: u64, knobs: &Knobs) -> TalkBack {
    TalkBack::new(
        knobs.first_talkback_id + index,
        keys::derive(knobs.seed, "talkback", index),
        Some(channel_id),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(keep: usize) -> Channel {
        let knobs = Knobs {
            keep_entries: keep,
            ..Knobs::default()
        };
        Channel::new(0, Node::default(), 0, &knobs)
    }

    fn at(created_at_s: i64) -> Draft {
        Draft {
            created_at_s,
            ..Draft::default()
        }
    }

    #[test]
    fn a_late_row_takes_the_next_id_and_its_own_place_in_time() {
        let mut channel = channel(10);
        for second in [10, 30, 20] {
            channel.append(at(second));
        }
        let order: Vec<_> = channel
            .entries()
            .map(|e| (e.created_at_s, e.entry_id))
            .collect();
        assert_eq!(order, [(10, 1), (20, 3), (30, 2)]);
    }

    #[test]
    fn a_full_ring_drops_its_oldest_row_and_keeps_counting() {
        let mut channel = channel(2);
        for second in 1..=3 {
            channel.append(at(second));
        }
        let ids: Vec<_> = channel.entries().map(|e| e.entry_id).collect();
        assert_eq!(ids, [2, 3]);
        assert_eq!(channel.last_entry_id, Some(3));
    }

    #[test]
    fn a_cleared_channel_counts_from_one_again() {
        let mut channel = channel(2);
        channel.append(at(1));
        channel.clear();
        assert_eq!(channel.last_entry_id, None);
        assert_eq!(channel.append(at(2)), 1);
    }
}
