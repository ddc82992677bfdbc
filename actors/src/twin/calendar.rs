//! The community's day: where it begins and ends, worked out once a day rather than at each reading.

use jiff::tz::TimeZone;

use crate::domain::{Kind, NodeSpec, Timestamp};
use crate::water::{self, Day};

/// The local day that the newest reading falls into.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Today {
    zone: TimeZone,
    day: Day,
}

impl Today {
    /// For a node that has a value by the day; holds no instant yet.
    pub(super) fn of(spec: &NodeSpec) -> Option<Self> {
        // The name was checked when the description was made; should the bundled database have
        // dropped it since, a day in UTC is nearer the truth than none.
        let zone = TimeZone::get(&spec.config.time_zone).unwrap_or(TimeZone::UTC);
        let day = Day {
            start: Timestamp::MIN,
            end: Timestamp::MIN,
        };
        (spec.kind == Kind::Flow).then_some(Self { zone, day })
    }

    /// Becomes the day that holds `at`.
    pub(super) fn turn_to(&mut self, at: Timestamp) {
        if !self.day.contains(at) {
            self.day = water::local_day(&self.zone, at);
        }
    }

    pub(super) fn day(&self) -> Day {
        self.day
    }
}
