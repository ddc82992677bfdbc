//! Instants as the API shows them: RFC 3339, in UTC.
//!
//! A twin holds a dozen of them and is read more often than anything else, so they are written by
//! hand rather than through a formatter.

use std::str::FromStr;

use evara_actors::domain::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// An instant in RFC 3339; read with any offset, written in UTC. A leap second is read as the second before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-01-31T08:15:30Z")]
pub(crate) struct Time(pub(crate) Timestamp);

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

/// `2026-01-31T08:15:30.125Z`
const LONGEST: usize = 24;

const MILLIS_PER_DAY: i64 = 86_400_000;

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut buffer = *b"0000-00-00T00:00:00.000Z";
        let text = write(self.0, &mut buffer);
        serializer.serialize_str(std::str::from_utf8(text).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let read = Timestamp::from_str(&text);
        read.map(Self).map_err(serde::de::Error::custom)
    }
}

/// Fills the digits in; leaves the milliseconds out where they are nought.
fn write(at: Timestamp, buffer: &mut [u8; LONGEST]) -> &[u8] {
    // An instant's days, counted from the year 0, and its milliseconds of a day fit 32 bits, whose
    // arithmetic is the faster.
    let days = at.millis_since(Timestamp::MIN) / MILLIS_PER_DAY;
    let of_day = at.millis().rem_euclid(MILLIS_PER_DAY) as u32;
    let (year, month, day) = civil(days as u32);
    pair(buffer, 0, year / 100);
    pair(buffer, 2, year % 100);
    pair(buffer, 5, month);
    pair(buffer, 8, day);
    let (seconds, millis) = (of_day / 1_000, of_day % 1_000);
    pair(buffer, 11, seconds / 3_600);
    pair(buffer, 14, seconds / 60 % 60);
    pair(buffer, 17, seconds % 60);
    if millis == 0 {
        buffer[19] = b'Z';
        return &buffer[..20];
    }
    pair(buffer, 20, millis / 10);
    buffer[22] = b'0' + (millis % 10) as u8;
    &buffer[..]
}

fn pair(buffer: &mut [u8; LONGEST], at: usize, number: u32) {
    buffer[at] = b'0' + (number / 10) as u8;
    buffer[at + 1] = b'0' + (number % 10) as u8;
}

/// From the first of March of the year 0, where [`civil`] begins, back to its first of January.
const JANUARY_AND_FEBRUARY: u32 = 60;

/// An era: after 400 years the calendar repeats.
const DAYS_PER_ERA: u32 = 146_097;

/// Year, month and day of a day counted from 0000-01-01: Howard Hinnant's `civil_from_days`, whose
/// years begin in March so that the leap day comes last.
fn civil(days: u32) -> (u32, u32, u32) {
    // One era ahead, so that January and February of the year 0 are not before the first day.
    let z = days + DAYS_PER_ERA - JANUARY_AND_FEBRUARY;
    let era = z / DAYS_PER_ERA;
    let of_era = z % DAYS_PER_ERA;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u32::from(month <= 2) - 400;
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_instant_is_written_as_the_calendar_library_writes_it(
            millis in Timestamp::MIN.millis()..=Timestamp::MAX.millis(),
        ) {
            let at = Timestamp::from_millis(millis);
            let text = serde_json::to_string(&Time(at)).unwrap();
            let read: Time = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read.0, at);
            let date = at.to_jiff().strftime("\"%Y-%m-%dT%H:%M:%S").to_string();
            prop_assert!(text.starts_with(&date), "{} is not {}", text, date);
        }
    }

    #[test]
    fn whole_seconds_have_no_fraction() {
        let text = serde_json::to_string(&Time(Timestamp::from_secs(0))).unwrap();
        assert_eq!(text, r#""1970-01-01T00:00:00Z""#);
    }
}
