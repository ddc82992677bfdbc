//! Instants as the API shows them: RFC 3339, in UTC.
//!
//! A twin holds a dozen of them and is read more often than anything else, so they are written by
//! hand rather than through a formatter.

use std::str::FromStr;

use evara_actors::domain::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// An instant in RFC 3339; read with any offset, written in UTC.
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
        let wrong = |_| serde::de::Error::custom("must be a time in RFC 3339, with an offset");
        Timestamp::from_str(&text).map(Self).map_err(wrong)
    }
}

/// Fills the digits in; leaves the milliseconds out where they are nought.
fn write(at: Timestamp, buffer: &mut [u8; LONGEST]) -> &[u8] {
    let days = at.millis().div_euclid(MILLIS_PER_DAY);
    let of_day = at.millis().rem_euclid(MILLIS_PER_DAY);
    let (year, month, day) = civil(days);
    digits(&mut buffer[0..4], year);
    digits(&mut buffer[5..7], month);
    digits(&mut buffer[8..10], day);
    digits(&mut buffer[11..13], of_day / 3_600_000);
    digits(&mut buffer[14..16], of_day / 60_000 % 60);
    digits(&mut buffer[17..19], of_day / 1_000 % 60);
    digits(&mut buffer[20..23], of_day % 1_000);
    if of_day % 1_000 == 0 {
        buffer[19] = b'Z';
        return &buffer[..20];
    }
    &buffer[..]
}

fn digits(place: &mut [u8], mut number: i64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Year, month and day of a day counted from 1970-01-01: Howard Hinnant's `civil_from_days`,
/// whose years begin in March so that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
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
