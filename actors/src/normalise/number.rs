//! Text to number, as devices write numbers.

use super::unit;
use crate::domain::{Metric, Reason};

/// The longest that a double needs when written out in full is below 350.
const MAX_CHARS: usize = 512;

/// A number as the text says it, and the factor from the text's unit to the metric's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parsed {
    pub(super) number: f64,
    pub(super) to_unit: f64,
}

/// Reads the number that `text` says, in the unit of `metric`.
///
/// # Errors
/// [`Reason::Empty`] where nothing is left after trimming, [`Reason::NotANumber`] for all that is not
/// plainly one finite decimal number, alone or followed by a space and a unit of the metric's kind.
pub fn parse_number(text: &str, metric: &Metric) -> Result<f64, Reason> {
    let parsed = parse(text, metric)?;
    let number = parsed.number * parsed.to_unit;
    number
        .is_finite()
        .then_some(number)
        .ok_or(Reason::NotANumber)
}

pub(super) fn parse(text: &str, metric: &Metric) -> Result<Parsed, Reason> {
    let text = trim(text);
    if text.is_empty() {
        return Err(Reason::Empty);
    }
    if text.len() > MAX_CHARS {
        return Err(Reason::NotANumber);
    }
    let (digits, word) = match text.split_once(char::is_whitespace) {
        Some((digits, word)) => (digits, word.trim()),
        None => (text, ""),
    };
    let to_unit = match word {
        "" => Some(1.0),
        word => unit::factor(word, metric.unit()),
    };
    match (decimal(digits), to_unit) {
        (Some(number), Some(to_unit)) => Ok(Parsed { number, to_unit }),
        _ => Err(Reason::NotANumber),
    }
}

/// Takes away white space, control characters, and line ends that a device escaped once too often.
fn trim(text: &str) -> &str {
    let mut text = trim_blank(text);
    while let Some(rest) = ["\\r", "\\n", "\\t"]
        .iter()
        .find_map(|end| text.strip_suffix(end))
    {
        text = trim_blank(rest);
    }
    text
}

fn trim_blank(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control())
}

fn decimal(digits: &str) -> Option<f64> {
    // The standard library also reads `inf`, `nan` and their kin.
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    let number: f64 = match digits.split_once(',') {
        None if digits.bytes().all(plain) => digits.parse().ok()?,
        Some((whole, fraction)) if is_decimal_comma(whole, fraction) => {
            format!("{whole}.{fraction}").parse().ok()?
        }
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// `12,5` is a decimal comma; `1,234` may as well be twelve hundred and some, and is refused.
fn is_decimal_comma(whole: &str, fraction: &str) -> bool {
    let whole = whole.strip_prefix(['+', '-']).unwrap_or(whole);
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let grouped = fraction.len() == 3 && whole.len() <= 3 && !whole.starts_with('0');
    all_digits(whole) && all_digits(fraction) && !grouped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<f64, Reason> {
        parse_number(text, &Metric::DistanceCm)
    }

    #[test]
    fn numbers_are_read_as_devices_write_them() {
        for (text, expected) in [
            ("25.0", 25.0),
            ("24.00000", 24.0),
            ("0\r\n\r\n", 0.0),
            ("54\\r\\n", 54.0),
            (" 54 \\r\\n ", 54.0),
            ("7\0", 7.0),
            ("1e5", 1e5),
            ("-1.5E-3", -0.0015),
            (".5", 0.5),
            ("5.", 5.0),
            ("+3", 3.0),
            ("12,5", 12.5),
            ("-0,125", -0.125),
            ("1234,567", 1234.567),
        ] {
            assert_eq!(read(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_plainly_a_number_is_refused() {
        for text in [
            "nan",
            "NAN",
            "inf",
            "-INF",
            "infinity",
            "0x1F",
            "1e999",
            "18:1:39",
            "31-5-2023",
            "1,234",
            "1.234,5",
            "1,2,3",
            ",5",
            "12;5",
            "--1",
            "1e",
            "e5",
            ".",
            "ON",
            "12cm",
            "1 2",
            "12 kg",
            "12 cm cm",
            "٣",
            "½",
            "\\n5",
            "null",
        ] {
            assert_eq!(read(text), Err(Reason::NotANumber), "{text:?}");
        }
        assert_eq!(read(&"9".repeat(600)), Err(Reason::NotANumber));
    }

    #[test]
    fn nothing_but_blanks_is_empty() {
        for text in ["", " ", "\r\n", "\\r\\n", "\u{a0}"] {
            assert_eq!(read(text), Err(Reason::Empty), "{text:?}");
        }
    }

    #[test]
    fn a_unit_of_the_metrics_kind_converts() {
        for (text, metric, expected) in [
            ("12 cm", Metric::DistanceCm, 12.0),
            ("12 CM\\r\\n", Metric::DistanceCm, 12.0),
            ("120  mm", Metric::DistanceCm, 12.0),
            ("0.5 m", Metric::LevelCm, 50.0),
            ("21.5 °C", Metric::TemperatureC, 21.5),
            ("21.5 C", Metric::TemperatureC, 21.5),
            ("2 m3", Metric::TotalL, 2000.0),
            ("1 L/s", Metric::FlowLpm, 60.0),
            ("3700 mV", Metric::BatteryV, 3.7),
            ("7 NTU", "turbidity_ntu".parse().unwrap(), 7.0),
        ] {
            let found = parse_number(text, &metric).unwrap();
            assert!((found - expected).abs() < 1e-9, "{text:?}: {found}");
        }
    }

    #[test]
    fn a_unit_of_another_kind_is_refused() {
        for (text, metric) in [
            ("12 L", Metric::DistanceCm),
            ("12 F", Metric::TemperatureC),
            ("12 cm", Metric::Pump),
            ("12 %", "ph".parse().unwrap()),
        ] {
            assert_eq!(
                parse_number(text, &metric),
                Err(Reason::NotANumber),
                "{text:?}"
            );
        }
    }

    fn finite() -> impl Strategy<Value = f64> {
        any::<f64>().prop_filter("finite", |number| number.is_finite())
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in any::<String>()) {
            for metric in Metric::KNOWN {
                if let Ok(number) = parse_number(&text, metric) {
                    prop_assert!(number.is_finite());
                }
            }
        }

        #[test]
        fn nothing_near_a_number_breaks_the_parser(text in "[-+0-9.,eEnaif \\\\rcm]{0,12}") {
            if let Ok(number) = read(&text) {
                prop_assert!(number.is_finite());
            }
        }

        #[test]
        fn a_number_reads_back_exactly_as_it_was_written(number in finite()) {
            prop_assert_eq!(read(&format!("{number}")), Ok(number));
            prop_assert_eq!(read(&format!("{number:e}")), Ok(number));
        }

        #[test]
        fn white_space_around_a_text_does_not_matter(
            text in "[-+0-9.,e cm]{0,12}",
            before in "[ \t\r\n]{0,4}",
            after in "([ \t\r\n]|\\\\r|\\\\n){0,4}",
        ) {
            prop_assert_eq!(read(&format!("{before}{text}{after}")), read(&text));
        }
    }
}
