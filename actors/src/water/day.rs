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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn day(zone: &str, at: &str) -> (String, i64) {
        let at: Timestamp = at.parse().unwrap();
        let day = local_day(&TimeZone::get(zone).unwrap(), at);
        assert!(day.contains(at) && !day.contains(day.end));
        let hours = day.end.millis_since(day.start) / 3_600_000;
        (day.start.to_string(), hours)
    }

    #[test]
    fn a_day_in_india_begins_at_half_past_six_in_the_evening_utc() {
        let expected = ("2026-01-01T18:30:00Z".to_owned(), 24);
        assert_eq!(day("Asia/Kolkata", "2026-01-02T12:00:00Z"), expected);
        assert_eq!(day("Asia/Kolkata", "2026-01-01T18:30:00Z"), expected);
        assert_ne!(day("Asia/Kolkata", "2026-01-01T18:29:59Z"), expected);
    }

    #[test]
    fn the_days_on_which_clocks_change_are_23_and_25_hours_long() {
        let spring = day("Europe/Berlin", "2026-03-29T12:00:00Z");
        assert_eq!(spring, ("2026-03-28T23:00:00Z".to_owned(), 23));
        let autumn = day("Europe/Berlin", "2026-10-25T12:00:00Z");
        assert_eq!(autumn, ("2026-10-24T22:00:00Z".to_owned(), 25));
    }

    #[test]
    fn a_day_without_a_midnight_begins_with_its_first_instant() {
        let cairo = day("Africa/Cairo", "2024-04-26T12:00:00Z");
        assert_eq!(cairo, ("2024-04-25T22:00:00Z".to_owned(), 23));
    }

    #[test]
    fn the_ends_of_the_calendar_have_days_too() {
        for at in [Timestamp::MIN, Timestamp::MAX] {
            for zone in ["Asia/Kolkata", "America/Los_Angeles"] {
                let day = local_day(&TimeZone::get(zone).unwrap(), at);
                assert!(day.start <= at && at <= day.end, "{zone} {day:?}");
            }
        }
    }
}
