//! The words for units that devices write after a number, and what they are worth.

/// The factor from `word` to `unit`, as [`Metric::unit`](crate::domain::Metric::unit) writes it; `None`
/// where the word is not known for a unit of that kind.
pub(super) fn factor(word: &str, unit: &str) -> Option<f64> {
    if !unit.is_empty() && word.eq_ignore_ascii_case(unit) {
        return Some(1.0);
    }
    let known = words(unit)
        .iter()
        .find(|(known, _)| word.eq_ignore_ascii_case(known));
    known.map(|&(_, factor)| factor)
}

/// Only what a plain factor converts, and no word that stands for two units: `mPa` and `MPa` differ by
/// a letter's case, which devices do not heed.
fn words(unit: &str) -> &'static [(&'static str, f64)] {
    match unit {
        "°C" => &[("C", 1.0), ("degC", 1.0), ("celsius", 1.0)],
        "cm" => &[("mm", 0.1), ("m", 100.0)],
        "mm" => &[("cm", 10.0), ("m", 1_000.0)],
        "m" => &[("cm", 0.01), ("mm", 0.001)],
        "L" => &[
            ("ltr", 1.0),
            ("litres", 1.0),
            ("liters", 1.0),
            ("kL", 1_000.0),
            ("m3", 1_000.0),
        ],
        "L/min" => &[
            ("lpm", 1.0),
            ("L/s", 60.0),
            ("L/h", 1.0 / 60.0),
            ("lph", 1.0 / 60.0),
        ],
        "V" => &[("volt", 1.0), ("volts", 1.0), ("mV", 0.001)],
        "kPa" => &[("bar", 100.0), ("mbar", 0.1)],
        _ => &[],
    }
}
