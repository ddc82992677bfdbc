//! Reads instants as RFC 3339 writes them, and in no other way: what a lenient reader makes of a slip is a time too,
//! and somebody else's.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::time::Timestamp;

/// Why a text is no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// It is of another form, or names a day or an hour that there is not.
    #[error("must be a time in RFC 3339, with an offset")]
    Malformed,
    /// There is such an instant, and it cannot be kept.
    #[error("must be from 0000-01-01T00:00:00Z to 9999-12-30T22:00:00Z")]
    OutOfReach,
}

/// `2026-01-31T08:15:30`
const UP_TO_SECONDS: usize = 19;

/// What is finer is cut off.
const NANO_DIGITS: usize = 9;

/// Reads `text`. The second 60, which is the last of a day in UTC where there is one at all, is the 59th: nobody's clock
/// has another for it.
pub(super) fn read(text: &str) -> Result<Timestamp, TimeError> {
    parts(text.as_bytes())
        .ok_or(TimeError::Malformed)?
        .instant()
}

struct Parts {
    local: DateTime,
    offset: Offset,
    is_leap: bool,
}

impl Parts {
    fn instant(&self) -> Result<Timestamp, TimeError> {
        let instant = self.offset.to_timestamp(self.local);
        let instant = instant.map_err(|_beyond| TimeError::OutOfReach)?;
        let at = Timestamp::from_jiff(instant);
        if at.millis() != instant.as_millisecond() {
            return Err(TimeError::OutOfReach);
        }
        if self.is_leap && instant.as_second().rem_euclid(DAY) != DAY - 1 {
            return Err(TimeError::Malformed);
        }
        Ok(at)
    }
}

/// In seconds.
const DAY: i64 = 86_400;

fn parts(text: &[u8]) -> Option<Parts> {
    let (head, rest) = text.split_at_checked(UP_TO_SECONDS)?;
    let marks = [
        (4, b"--"),
        (7, b"--"),
        (10, b"Tt"),
        (13, b"::"),
        (16, b"::"),
    ];
    // RFC 3339 lets a space stand for the T, for those who read it.
    let fits = |(at, either): (usize, &[u8; 2])| {
        either.contains(&head[at]) || (at == 10 && head[at] == b' ')
    };
    if !marks.into_iter().all(fits) {
        return None;
    }
    let pair = |at: usize| number(&head[at..at + 2]);
    let (second, is_leap) = match pair(17)? {
        60 => (59, true),
        second => (second, false),
    };
    let (nanos, rest) = fraction(rest)?;
    let year = i16::from(pair(0)?) * 100 + i16::from(pair(2)?);
    let (hour, minute) = (pair(11)?, pair(14)?);
    let local = DateTime::new(year, pair(5)?, pair(8)?, hour, minute, second, nanos).ok()?;
    Some(Parts {
        local,
        offset: offset(rest)?,
        is_leap,
    })
}

/// Nanoseconds, and what follows them.
fn fraction(text: &[u8]) -> Option<(i32, &[u8])> {
    let Some((b'.', digits)) = text.split_first() else {
        return Some((0, text));
    };
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, rest) = digits.split_at(count);
    if digits.is_empty() {
        return None;
    }
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0'));
    let nanos = padded.take(NANO_DIGITS);
    Some((
        nanos.fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0')),
        rest,
    ))
}

/// `Z`, or hours and minutes of a day.
fn offset(text: &[u8]) -> Option<Offset> {
    let (sign, hours, minutes) = match text {
        [b'Z' | b'z'] => return Some(Offset::UTC),
        [b'+', h, i, b':', m, n] => (1, [*h, *i], [*m, *n]),
        [b'-', h, i, b':', m, n] => (-1, [*h, *i], [*m, *n]),
        _ => return None,
    };
    let (hours, minutes) = (number(&hours)?, number(&minutes)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (i32::from(hours) * 3_600 + i32::from(minutes) * 60)).ok()
}

/// Of two digits.
fn number(digits: &[u8]) -> Option<i8> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| (byte - b'0').cast_signed());
    digits
        .iter()
        .try_fold(0_i8, |sum, byte| Some(sum * 10 + digit(byte)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> String {
        match read(text) {
            Ok(at) => at.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_the_standard_writes_is_read() {
        for (text, instant) in [
            ("2014-02-26T12:42:49-05:00", "2014-02-26T17:42:49Z"),
            ("2014-02-26t12:42:49z", "2014-02-26T12:42:49Z"),
            ("2014-02-26 12:42:49Z", "2014-02-26T12:42:49Z"),
            ("2014-02-26T12:42:49-00:00", "2014-02-26T12:42:49Z"),
            ("2014-02-26T12:42:49+23:59", "2014-02-25T12:43:49Z"),
            ("2014-02-26T12:42:49.1Z", "2014-02-26T12:42:49.1Z"),
            (
                "2014-02-26T12:42:49.1239999999999Z",
                "2014-02-26T12:42:49.123Z",
            ),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("2017-01-01T05:29:60.5+05:30", "2016-12-31T23:59:59.5Z"),
            ("9999-12-30T22:00:00Z", "9999-12-30T22:00:00Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(told(text), instant, "{text}");
        }
    }

    #[test]
    fn what_it_does_not_write_is_refused() {
        for text in [
            "",
            "2014-02-26",
            "2014-02-26T12:42:49",
            "2014-02-26T12:42Z",
            "20140226T124249Z",
            "2014-02-26T12:42:49+24:00",
            "2014-02-26T12:42:49+25:00",
            "2014-02-26T12:42:49-05:60",
            "2014-02-26T12:42:49+0530",
            "2014-02-26T12:42:49+05",
            "2014-02-26T12:42:49 05:30",
            "2014-02-26T12:42:49.Z",
            "2014-02-26T12:42:49,5Z",
            "2014-02-26T12:42:49Z ",
            "2014-02-26T12:42:49Z[UTC]",
            "2014-02-30T12:42:49Z",
            "2014-02-26T24:00:00Z",
            "2014-02-26T12:42:61Z",
            "2014-02-26T12:42:60Z",
            "+2014-02-26T12:42:49Z",
            "２014-02-26T12:42:49Z",
        ] {
            assert_eq!(read(text), Err(TimeError::Malformed), "{text}");
        }
    }

    #[test]
    fn an_instant_that_cannot_be_kept_is_told_from_a_slip() {
        for text in [
            "9999-12-31T23:59:59Z",
            "9999-12-30T22:00:01Z",
            "9999-12-30T22:00:00.001Z",
            "0000-01-01T00:00:00+00:01",
        ] {
            assert_eq!(read(text), Err(TimeError::OutOfReach), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_is_read_in_every_offset(
            millis in -62_000_000_000_000_i64..=253_300_000_000_000,
            minutes in -1_439_i32..=1_439,
        ) {
            let at = Timestamp::from_millis(millis);
            let offset = Offset::from_seconds(minutes * 60).unwrap();
            let local = offset.to_datetime(at.to_jiff());
            let sign = if minutes < 0 { '-' } else { '+' };
            let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
            let text = format!("{}{sign}{hours:02}:{rest:02}", local.strftime("%Y-%m-%dT%H:%M:%S%.f"));
            prop_assert_eq!(read(&text), Ok(at), "{}", text);
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,40}") {
            let _either = read(&text);
        }
    }
}
