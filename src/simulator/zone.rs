//! Times as ThingSpeak reads and writes them, in the zone that a request asked for.
//!
//! An unknown zone is UTC and an unreadable time is `None`: the hosted service reports neither.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

/// Rails names that differ from the IANA ones, for the places our users write from.
const RAILS_ZONES: [(&str, &str); 11] = [
    ("Eastern Time (US & Canada)", "America/New_York"),
    ("Central Time (US & Canada)", "America/Chicago"),
    ("Mountain Time (US & Canada)", "America/Denver"),
    ("Pacific Time (US & Canada)", "America/Los_Angeles"),
    ("London", "Europe/London"),
    ("Berlin", "Europe/Berlin"),
    ("Chennai", "Asia/Kolkata"),
    ("Kolkata", "Asia/Kolkata"),
    ("Mumbai", "Asia/Kolkata"),
    ("New Delhi", "Asia/Kolkata"),
    ("Tokyo", "Asia/Tokyo"),
];

/// The zone of one request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Zone(TimeZone);

impl Zone {
    pub(super) const UTC: Self = Self(TimeZone::UTC);

    /// Whether a time, in UTC seconds, lies within the years that can be written down.
    pub(super) fn can_write(at_s: i64) -> bool {
        Timestamp::from_second(at_s).is_ok()
    }

    /// Reads `timezone` and `offset` (whole hours); the name goes first.
    pub(super) fn of(timezone: Option<&str>, offset: Option<&str>) -> Self {
        if let Some(name) = timezone {
            return Self::named(name).unwrap_or(Self::UTC);
        }
        offset
            .and_then(|hours| hours.trim().parse::<i8>().ok())
            .filter(|hours| *hours != 0)
            .and_then(|hours| Offset::from_hours(hours).ok())
            .map_or(Self::UTC, |offset| Self(TimeZone::fixed(offset)))
    }

    fn named(name: &str) -> Option<Self> {
        let iana = RAILS_ZONES
            .iter()
            .find_map(|(rails, iana)| (*rails == name).then_some(*iana))
            .unwrap_or(name);
        if matches!(iana, "UTC" | "Etc/UTC") {
            return Some(Self::UTC);
        }
        TimeZone::get(iana).ok().map(Self)
    }

    fn is_utc(&self) -> bool {
        self.0 == TimeZone::UTC
    }

    fn zoned(&self, at_s: i64) -> Zoned {
        Timestamp::from_second(at_s)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(self.0.clone())
    }

    /// `2023-01-13T13:12:23Z`, or with a numeric offset outside UTC.
    pub(super) fn json(&self, at_s: i64) -> String {
        let format = if self.is_utc() {
            "%Y-%m-%dT%H:%M:%SZ"
        } else {
            "%Y-%m-%dT%H:%M:%S%:z"
        };
        self.zoned(at_s).strftime(format).to_string()
    }

    /// `2014-02-26 21:27:21 UTC`, or with a numeric offset outside UTC.
    pub(super) fn csv(&self, at_s: i64) -> String {
        let format = if self.is_utc() {
            "%Y-%m-%d %H:%M:%S UTC"
        } else {
            "%Y-%m-%d %H:%M:%S %z"
        };
        self.zoned(at_s).strftime(format).to_string()
    }

    /// Midnight before `at_s`, in UTC seconds.
    pub(super) fn day_start(&self, at_s: i64) -> i64 {
        self.zoned(at_s)
            .start_of_day()
            .map_or(at_s, |day| day.timestamp().as_second())
    }

    /// Midnight after `at_s`, in UTC seconds; days are not always of one length.
    pub(super) fn next_day(&self, at_s: i64) -> i64 {
        self.zoned(at_s)
            .start_of_day()
            .and_then(|day| day.checked_add(1.day()))
            .and_then(|day| day.start_of_day())
            .map_or(at_s + SignedDuration::from_hours(24).as_secs(), |day| {
                day.timestamp().as_second()
            })
    }

    /// Reads ISO 8601 with or without an offset, `2018-01-10 10:26:23 -0500`, and MySQL's form.
    /// A time without an offset is read in this zone. The answer is in UTC seconds.
    pub(super) fn parse(&self, text: &str) -> Option<i64> {
        let text = text
            .trim()
            .replace(" UTC", "Z")
            .replace(" +", "+")
            .replace(" -", "-");
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Some(instant.as_second());
        }
        let civil = text.parse::<DateTime>().ok()?;
        let zoned = civil.to_zoned(self.0.clone()).ok()?;
        Some(zoned.timestamp().as_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED_S: i64 = 1_393_450_041;

    #[test]
    fn utc_is_written_with_z_and_other_zones_with_their_offset() {
        let new_york = Zone::of(Some("America/New_York"), None);
        assert_eq!(Zone::UTC.json(RECORDED_S), "2014-02-26T21:27:21Z");
        assert_eq!(Zone::UTC.csv(RECORDED_S), "2014-02-26 21:27:21 UTC");
        assert_eq!(new_york.json(RECORDED_S), "2014-02-26T16:27:21-05:00");
        assert_eq!(
            Zone::of(None, Some("-5")).json(RECORDED_S),
            "2014-02-26T16:27:21-05:00"
        );
        assert_eq!(Zone::of(None, Some("0")), Zone::UTC);
    }

    #[test]
    fn an_unknown_zone_is_utc_without_a_word() {
        assert_eq!(Zone::of(Some("Mars/Olympus"), None), Zone::UTC);
        let delhi = Zone::of(Some("New Delhi"), None);
        assert_eq!(delhi.json(RECORDED_S), "2014-02-27T02:57:21+05:30");
    }

    #[test]
    fn every_written_form_of_an_instant_is_read_alike() {
        let forms = [
            "2014-02-26T21:27:21Z",
            "2014-02-26 21:27:21 UTC",
            "2014-02-26 16:27:21 -0500",
            "2014-02-27T02:57:21+05:30",
            "2014-02-26 21:27:21",
        ];
        for form in forms {
            assert_eq!(Zone::UTC.parse(form), Some(RECORDED_S), "{form}");
        }
        assert_eq!(Zone::UTC.parse("yesterday"), None);
        let local = Zone::of(Some("America/New_York"), None);
        assert_eq!(local.parse("2014-02-26 16:27:21"), Some(RECORDED_S));
    }
}
