//! UTC instants in whole milliseconds: eight bytes, totally ordered, never read from a clock here.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::rfc3339::{self, TimeError};

/// A UTC instant, in milliseconds since 1970-01-01T00:00:00Z.
///
/// Serialises as that integer; what people read is made by [`fmt::Display`]: RFC 3339, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0000-01-01, the earliest instant that RFC 3339 can write.
    pub const MIN: Self = Self(-62_167_219_200_000);
    /// 9999-12-30T22:00:00Z, the latest instant that every time zone can write.
    pub const MAX: Self = Self(253_402_207_200_000);

    /// From milliseconds since 1970, clamped to what RFC 3339 can write.
    pub const fn from_millis(millis: i64) -> Self {
        if millis < Self::MIN.0 {
            Self::MIN
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// From whole seconds since 1970.
    pub const fn from_secs(secs: i64) -> Self {
        Self::from_millis(secs.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is, in milliseconds; negative when it is before.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// How long after `earlier` this is; zero when it is not after.
    pub const fn since(self, earlier: Self) -> Duration {
        let millis = self.millis_since(earlier);
        if millis <= 0 {
            Duration::ZERO
        } else {
            Duration::from_millis(millis.unsigned_abs())
        }
    }

    /// This instant moved on by `span`.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// This instant moved back by `span`.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(millis))
    }

    /// As jiff's instant, for calendars and time zones.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// From jiff's instant; what is finer than a millisecond is cut off.
    pub fn from_jiff(instant: jiff::Timestamp) -> Self {
        Self::from_millis(instant.as_millisecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_jiff(), f)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// Reads RFC 3339 with any offset; what is finer than a millisecond is cut off.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        rfc3339::read(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_rfc_3339_in_utc() {
        let instant: Timestamp = "2014-02-26T12:42:49-05:00".parse().unwrap();
        assert_eq!(instant.to_string(), "2014-02-26T17:42:49Z");
        assert_eq!(
            Timestamp::from_millis(1_500).to_string(),
            "1970-01-01T00:00:01.5Z"
        );
    }

    #[test]
    fn every_timestamp_can_be_written_and_read_back() {
        for instant in [Timestamp::MIN, Timestamp::from_millis(0), Timestamp::MAX] {
            assert_eq!(instant.to_string().parse::<Timestamp>().unwrap(), instant);
        }
        assert_eq!(Timestamp::from_millis(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.plus(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.minus(Duration::MAX), Timestamp::MIN);
    }
}
