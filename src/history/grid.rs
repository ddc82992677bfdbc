//! Where buckets begin and end: in the time of a zone, whatever its clocks do. Pure.
//!
//! The buckets of a grid cover all of time without a gap and without touching. A day is what the zone
//! calls one, 23 to 25 hours; a shorter bucket begins at a multiple of its width by the local clock and is
//! cut where the clock is put forward or back, so that no bucket holds two local hours.

use std::time::Duration;

use evara_actors::domain::Timestamp;
use evara_actors::water;
use jiff::tz::TimeZone;

/// How wide a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// 1, 5 or 15 minutes.
    Minutes(u8),
    /// A local hour.
    Hour,
    /// A local day.
    Day,
}

impl Width {
    /// The usual length; a day may be an hour shorter or longer.
    pub(crate) const fn length(self) -> Duration {
        match self {
            Self::Minutes(minutes) => Duration::from_secs(60 * minutes as u64),
            Self::Hour => Duration::from_secs(3_600),
            Self::Day => Duration::from_secs(86_400),
        }
    }
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its first instant.
    pub(crate) from: Timestamp,
    /// The first instant after it.
    pub(crate) to: Timestamp,
}

impl Span {
    pub(crate) fn new(from: Timestamp, to: Timestamp) -> Self {
        Self { from, to }
    }

    pub(crate) fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// Whether all of `other` is in it.
    pub(crate) fn covers(&self, other: Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    /// The part of it that is in `other`.
    pub(crate) fn within(self, other: Self) -> Self {
        Self::new(self.from.max(other.from), self.to.min(other.to))
    }

    pub(crate) fn length(&self) -> Duration {
        self.to.since(self.from)
    }
}

/// The buckets of one width in one zone.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    pub(crate) zone: TimeZone,
    pub(crate) width: Width,
}

impl Grid {
    pub(crate) fn new(zone: TimeZone, width: Width) -> Self {
        Self { zone, width }
    }

    /// The bucket that `at` is in.
    pub(crate) fn bucket(&self, at: Timestamp) -> Span {
        match self.width {
            Width::Day => {
                let day = water::local_day(&self.zone, at);
                Span::new(day.start, day.end)
            }
            Width::Minutes(_) | Width::Hour => self.by_the_clock(at),
        }
    }

    /// Every bucket that has an instant of `span` in it, from the earliest on.
    pub(crate) fn buckets(&self, span: Span) -> impl Iterator<Item = Span> {
        let first = (span.from < span.to).then(|| self.bucket(span.from));
        std::iter::successors(first, move |before| {
            // Where the calendar ends no bucket follows.
            let more = before.to < span.to && before.from < before.to;
            more.then(|| self.bucket(before.to))
        })
    }

    /// How many buckets a span has at most.
    pub(crate) fn most(&self, span: Span) -> u64 {
        let millis = u64::try_from(span.length().as_millis()).unwrap_or(u64::MAX);
        let width = u64::try_from(self.width.length().as_millis()).unwrap_or(u64::MAX);
        // One more at each end, and one for each day whose clocks change, of which a year has two.
        millis / width + 2 + 2 * (millis / YEAR_MILLIS + 1)
    }

    fn by_the_clock(&self, at: Timestamp) -> Span {
        let instant = at.to_jiff();
        let offset = i64::from(self.zone.to_offset(instant).seconds()) * 1_000;
        let width = i64::try_from(self.width.length().as_millis()).unwrap_or(i64::MAX);
        let local = at.millis() + offset;
        let from = local - local.rem_euclid(width) - offset;
        let mut span = Span::new(
            Timestamp::from_millis(from),
            Timestamp::from_millis(from + width),
        );
        // The last change of the clocks up to `at`, and the next one, cut it.
        let next = instant
            .checked_add(jiff::SignedDuration::from_millis(1))
            .unwrap_or(instant);
        if let Some(change) = self.zone.preceding(next).next() {
            span.from = span.from.max(Timestamp::from_jiff(change.timestamp()));
        }
        if let Some(change) = self.zone.following(instant).next() {
            span.to = span.to.min(Timestamp::from_jiff(change.timestamp()));
        }
        span
    }
}

const YEAR_MILLIS: u64 = 365 * 86_400_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grid(zone: &str, width: Width) -> Grid {
        Grid::new(TimeZone::get(zone).unwrap(), width)
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[track_caller]
    fn bucket(zone: &str, width: Width, at: &str, expected: (&str, &str)) {
        let found = grid(zone, width).bucket(time(at));
        assert_eq!((found.from, found.to), (time(expected.0), time(expected.1)));
    }

    #[test]
    fn hours_in_india_begin_at_half_past_by_utc() {
        let hour = ("2026-01-02T11:30:00Z", "2026-01-02T12:30:00Z");
        bucket("Asia/Kolkata", Width::Hour, "2026-01-02T12:00:00Z", hour);
        let quarter = ("2026-01-02T11:45:00Z", "2026-01-02T12:00:00Z");
        bucket(
            "Asia/Kathmandu",
            Width::Minutes(15),
            "2026-01-02T11:59:59Z",
            quarter,
        );
        let hour = ("2026-01-02T11:15:00Z", "2026-01-02T12:15:00Z");
        bucket("Asia/Kathmandu", Width::Hour, "2026-01-02T11:59:59Z", hour);
    }

    #[test]
    fn a_day_in_which_clocks_change_has_as_many_hours_as_pass() {
        for (at, hours) in [("2026-03-29T12:00:00Z", 23), ("2026-10-25T12:00:00Z", 25)] {
            let day = grid("Europe/Berlin", Width::Day).bucket(time(at));
            assert_eq!(
                grid("Europe/Berlin", Width::Hour).buckets(day).count(),
                hours
            );
        }
    }

    #[test]
    fn an_hour_is_cut_where_clocks_move_by_half_of_one() {
        // On Lord Howe Island 02:00 becomes 01:30 in April, and 02:00 becomes 02:30 in October.
        let again = ("2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z");
        bucket(
            "Australia/Lord_Howe",
            Width::Hour,
            "2026-04-04T15:10:00Z",
            again,
        );
        let short = ("2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z");
        bucket(
            "Australia/Lord_Howe",
            Width::Hour,
            "2026-10-03T15:40:00Z",
            short,
        );
    }

    fn zones() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "UTC",
            "Asia/Kolkata",
            "Asia/Kathmandu",
            "Europe/Berlin",
            "America/Havana",
            "America/Santiago",
            "Africa/Cairo",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Pacific/Chatham",
        ])
    }

    fn widths() -> impl Strategy<Value = Width> {
        prop::sample::select(vec![
            Width::Minutes(1),
            Width::Minutes(5),
            Width::Minutes(15),
            Width::Hour,
            Width::Day,
        ])
    }

    proptest! {
        #[test]
        fn buckets_cover_time_without_a_gap_and_without_touching(
            zone in zones(),
            width in widths(),
            at in -2_000_000_000_000..4_000_000_000_000_i64,
        ) {
            let grid = grid(zone, width);
            let at = Timestamp::from_millis(at);
            let here = grid.bucket(at);
            prop_assert!(here.contains(at), "{here:?}");
            prop_assert_eq!(grid.bucket(here.from), here);
            prop_assert_eq!(grid.bucket(Timestamp::from_millis(here.to.millis() - 1)), here);
            prop_assert_eq!(grid.bucket(here.to).from, here.to);
        }

        #[test]
        fn the_hours_of_a_day_are_the_day(
            zone in zones(),
            at in 0..4_000_000_000_000_i64,
        ) {
            let day = grid(zone, Width::Day).bucket(Timestamp::from_millis(at));
            let hours: Vec<_> = grid(zone, Width::Hour).buckets(day).collect();
            prop_assert_eq!(hours[0].from, day.from);
            prop_assert_eq!(hours.last().unwrap().to, day.to);
            prop_assert!(hours.iter().all(|hour| day.covers(*hour)));
        }

        #[test]
        fn no_span_has_more_buckets_than_are_reckoned_with(
            zone in zones(),
            width in widths(),
            from in 0..4_000_000_000_000_i64,
            length in 0..2_000_000_000_i64,
        ) {
            let grid = grid(zone, width);
            let span = Span::new(Timestamp::from_millis(from), Timestamp::from_millis(from + length));
            prop_assert!(grid.buckets(span).count() as u64 <= grid.most(span));
        }
    }
}
