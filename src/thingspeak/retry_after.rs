//! What a `Retry-After` header asks for, as a span.
//!
//! Pure: a date is measured from the response's own `Date`, so that neither a clock nor its error
//! comes in.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// No host silences a channel for longer by one header: an hour is past every limit that ThingSpeak
/// documents.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// How long to stay away; `None` when the header says nothing that can be read.
pub(super) fn retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    let wait = if is_number(value) {
        // More seconds than fit are more than the limit.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        let until = http_date(value)?.duration_since(http_date(date?)?);
        Duration::try_from(until).unwrap_or(Duration::ZERO)
    };
    Some(wait.min(LONGEST_WAIT))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads the three forms that RFC 9110 (section 5.6.7) asks recipients to accept.
fn http_date(text: &str) -> Option<Timestamp> {
    const OBSOLETE_FORMS: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let text = text.trim();
    rfc2822::parse(text)
        .map(|date| date.timestamp())
        .ok()
        .or_else(|| {
            let date = OBSOLETE_FORMS
                .iter()
                .find_map(|form| DateTime::strptime(form, text).ok())?;
            date.to_zoned(TimeZone::UTC)
                .map(|date| date.timestamp())
                .ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Option<&str> = Some("Sun, 06 Nov 1994 08:49:37 GMT");

    #[test]
    fn seconds_and_every_form_of_http_date_are_understood() {
        for value in [
            " 23 ",
            "Sun, 06 Nov 1994 08:50:00 GMT",
            "Sunday, 06-Nov-94 08:50:00 GMT",
            "Sun Nov  6 08:50:00 1994",
        ] {
            assert_eq!(
                retry_after(value, NOW),
                Some(Duration::from_secs(23)),
                "{value}"
            );
        }
    }

    #[test]
    fn a_date_that_has_passed_asks_for_no_wait() {
        let value = "Sun, 06 Nov 1994 08:49:36 GMT";
        assert_eq!(retry_after(value, NOW), Some(Duration::ZERO));
    }

    #[test]
    fn no_header_silences_a_channel_for_more_than_an_hour() {
        for value in [
            "86400",
            "99999999999999999999999",
            "Sat, 06 Nov 2094 08:50:00 GMT",
        ] {
            assert_eq!(retry_after(value, NOW), Some(LONGEST_WAIT), "{value}");
        }
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        for value in ["", "-1", "soon", "1.5", "Sun, 06 Nov 1994"] {
            assert_eq!(retry_after(value, NOW), None, "{value}");
        }
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:00 GMT", None), None);
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:50:00 GMT", Some("today")),
            None
        );
    }
}
