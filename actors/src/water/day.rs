//! Where a day begins and ends in a community's time zone.
//!
//! A day is not always 24 hours, and does not always begin at 00:00; nobody else may assume so.

use std::time::Duration;

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::domain::Timestamp;

/// A local day. Worth keeping until an instant falls outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant of the next.
    pub end: Timestamp,
}

impl Day {
    /// Whether `at` is in this day.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }
}

/// The day of `zone` that `at` is in.
///
/// At either end of the calendar, where there is no whole local day, it is 24 hours from or to `at`.
pub fn local_day(zone: &TimeZone, at: Timestamp) -> Day {
    const DAY: Duration = Duration::from_secs(86_400);
    let local = at.to_jiff().to_zoned(zone.clone());
    let instant = |midnight: Zoned| Timestamp::from_jiff(midnight.timestamp());
    let start = local.start_of_day().map(instant);
    let end = local
        .tomorrow()
        .and_then(|day| day.start_of_day())
        .map(instant);
    Day {
        start: start.unwrap_or_else(|_| at.minus(DAY)),
        end: end.unwrap_or_else(|_| at.plus(DAY)),
    }
}
