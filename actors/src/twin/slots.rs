//! A day of one metric in quarters of an hour: the newest number of each, the lowest and the highest.
//!
//! Newest, lowest and highest of a union do not depend on the order of its parts, and neither does the
//! horizon, which hangs on the newest quarter. So this, too, is a function of the set of readings.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::window::Key;
use crate::domain::{Meter, Metric, Timestamp};
use crate::water::{Day, DayVolume, Passage};

/// A quarter of an hour: divides every time zone's offset, so that a local midnight is an edge.
pub(super) const SLOT_MILLIS: i64 = 900_000;

/// The longest local day has 25 hours; one more, so that the quarter before midnight is still there.
const HORIZON_SLOTS: i64 = 26 * 4;

/// A quarter of an hour of one metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Slot {
    /// When the newest number was measured.
    pub(super) at: Timestamp,
    tag: u64,
    /// The newest number.
    pub(super) number: f64,
    /// The lowest number, and when it was first that low.
    low: (f64, Timestamp),
    /// The highest number, and when it was last that high.
    high: (f64, Timestamp),
}

impl Slot {
    fn first(key: Key, number: f64) -> Self {
        let extreme = (number, key.at);
        Self {
            at: key.at,
            tag: key.tag,
            number,
            low: extreme,
            high: extreme,
        }
    }

    pub(super) fn index(&self) -> i64 {
        self.at.millis().div_euclid(SLOT_MILLIS)
    }

    fn with(mut self, key: Key, number: f64) -> Self {
        let newest = Key {
            at: self.at,
            tag: self.tag,
        };
        if key > newest {
            (self.at, self.tag, self.number) = (key.at, key.tag, number);
        }
        let (low, since) = self.low;
        if number < low || (number == low && key.at < since) {
            self.low = (number, key.at);
        }
        let (high, until) = self.high;
        if number > high || (number == high && key.at > until) {
            self.high = (number, key.at);
        }
        self
    }

    /// The numbers that tell most of the quarter, in the order of time. Of a register that only rises
    /// these are its first and its last; of one that fell once, also those just before and after.
    pub(super) fn turns(&self) -> [(Timestamp, f64); 3] {
        let mut turns = [
            (self.low.1, self.low.0),
            (self.high.1, self.high.0),
            (self.at, self.number),
        ];
        turns.sort_unstable_by_key(|(at, _)| *at);
        turns
    }
}

/// See the module. The newest quarter stands apart, so that a reading in order copies only that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Slots {
    pub(super) metric: Metric,
    closed: Arc<Closed>,
    open: Slot,
}

/// Quarters before the newest, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Closed {
    slots: Vec<Slot>,
    /// See [`Slots::passed`]. It follows from `slots`, and goes when they change. Only meters have it: in a
    /// box it costs the others a pointer.
    #[serde(skip)]
    passed: OnceLock<Box<(Day, Meter, Passage)>>,
}

impl Closed {
    /// To be changed: in a copy of its own where somebody else looks at them.
    fn changing(this: &mut Arc<Self>) -> &mut Vec<Slot> {
        let closed = Arc::make_mut(this);
        closed.passed.take();
        &mut closed.slots
    }

    /// See [`Slots::passed`].
    fn passed(&self, day: Day, meter: &Meter) -> Passage {
        let before = self.slots.partition_point(|slot| slot.at < day.start);
        let last = before.checked_sub(1).map(|index| &self.slots[index]);
        let points = last.map(|slot| (slot.at, slot.number)).into_iter();
        let points = points.chain(self.slots[before..].iter().flat_map(Slot::turns));
        Passage::default().with(points, meter, day.start, day.end)
    }
}

impl PartialEq for Closed {
    fn eq(&self, other: &Self) -> bool {
        self.slots == other.slots
    }
}

impl Slots {
    pub(super) fn first(metric: Metric, key: Key, number: f64) -> Self {
        Self {
            metric,
            closed: Arc::default(),
            open: Slot::first(key, number),
        }
    }

    /// Takes a number in. Answers whether that changed anything.
    pub(super) fn take(&mut self, key: Key, number: f64) -> bool {
        let index = key.at.millis().div_euclid(SLOT_MILLIS);
        let newest = self.open.index();
        if index > newest {
            self.open_next(index, Slot::first(key, number));
            return true;
        }
        if index == newest {
            let merged = self.open.with(key, number);
            return std::mem::replace(&mut self.open, merged) != merged;
        }
        index > newest - HORIZON_SLOTS && self.take_closed(index, key, number)
    }

    fn open_next(&mut self, index: i64, slot: Slot) {
        let closed = Closed::changing(&mut self.closed);
        closed.push(std::mem::replace(&mut self.open, slot));
        let keep_from = closed.partition_point(|slot| slot.index() <= index - HORIZON_SLOTS);
        closed.drain(..keep_from);
    }

    fn take_closed(&mut self, index: i64, key: Key, number: f64) -> bool {
        let slots = &self.closed.slots;
        match slots.binary_search_by_key(&index, Slot::index) {
            Ok(place) => {
                let merged = slots[place].with(key, number);
                if merged == slots[place] {
                    return false;
                }
                Closed::changing(&mut self.closed)[place] = merged;
            }
            Err(place) => {
                Closed::changing(&mut self.closed).insert(place, Slot::first(key, number));
            }
        }
        true
    }

    /// What passed a meter on `day` by the numbers of its register. The quarters before the newest are
    /// added up once, and not at each reading.
    pub(super) fn passed(&self, day: Day, meter: &Meter) -> DayVolume {
        let made = || Box::new((day, meter.clone(), self.closed.passed(day, meter)));
        let (of_day, by_meter, kept) = &**self.closed.passed.get_or_init(made);
        let passed = if (*of_day, by_meter) == (day, meter) {
            *kept
        } else {
            self.closed.passed(day, meter)
        };
        let newest = (self.open.at >= day.start).then(|| self.open.turns());
        let newest = newest.into_iter().flatten();
        passed.with(newest, meter, day.start, day.end).volume
    }

    pub(super) fn len(&self) -> usize {
        self.closed.slots.len() + 1
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Slot> + Clone {
        self.closed.slots.iter().chain(std::iter::once(&self.open))
    }

    /// How long, up to the newest reading, every number stayed within `tolerance` of every other, to
    /// the grain of a slot.
    pub(super) fn still(&self, tolerance: f64) -> Still {
        let (mut low, mut high) = (self.open.low.0, self.open.high.0);
        let mut still = Still {
            span: Duration::ZERO,
            slots: 0,
        };
        for slot in self.iter().rev() {
            (low, high) = (low.min(slot.low.0), high.max(slot.high.0));
            if high - low > tolerance {
                break;
            }
            still = Still {
                span: self.open.at.since(slot.at),
                slots: still.slots + 1,
            };
        }
        still
    }
}

/// A stretch in which nothing moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Still {
    pub(super) span: Duration,
    pub(super) slots: usize,
}
