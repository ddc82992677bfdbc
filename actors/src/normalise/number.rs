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
