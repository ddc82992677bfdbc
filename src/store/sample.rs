//! How a sample becomes a row of its kind's table, and a sample again: every number, text and verdict,
//! in the order they came.
//!
//! Good numbers of metrics that have a column go there. All else (metrics without a column, refused
//! texts, missing numbers) becomes rows of `telemetry_other`, and `verdicts` says how to join the two.

use evara_actors::domain::{Kind, Metric, Value, Verdict};

use super::codes;
use super::unreadable::Unreadable;

/// The most metrics that have a column in one table.
pub(super) const MAX_COLUMNS: usize = 4;

/// The most derived values that have a column in one table.
pub(super) const MAX_DERIVED: usize = 2;

/// In place of a column: the value is a row of `telemetry_other`.
const ELSEWHERE: u8 = 255;

const TANK: &[Metric] = &[
    Metric::DistanceCm,
    Metric::LevelCm,
    Metric::TemperatureC,
    Metric::Pump,
];
const FLOW: &[Metric] = &[Metric::FlowLpm, Metric::TotalL];
const DEEP: &[Metric] = &[Metric::DepthM, Metric::PressureKpa, Metric::Pump];

/// The metrics that have a column, in the order of the columns.
pub(super) const fn columns(kind: Kind) -> &'static [Metric] {
    match kind {
        Kind::Tank => TANK,
        Kind::Flow => FLOW,
        Kind::Deep => DEEP,
        Kind::Generic => &[],
    }
}

/// The derived values that have a column, in the order of the columns.
pub(super) const fn derived_columns(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Tank => &["level_pct", "volume_l"],
        Kind::Flow | Kind::Deep | Kind::Generic => &[],
    }
}

/// The values of a sample, divided between the tables.
#[derive(Debug)]
pub(super) struct Divided<'a> {
    /// By column.
    pub(super) numbers: [Option<f64>; MAX_COLUMNS],
    /// The column `verdicts`.
    pub(super) verdicts: Option<Vec<u8>>,
    /// Rows of `telemetry_other`, with their places in the sample.
    pub(super) elsewhere: Vec<(u32, &'a Value)>,
}

pub(super) fn divide(kind: Kind, values: &[Value]) -> Divided<'_> {
    let mut divided = Divided {
        numbers: [None; MAX_COLUMNS],
        verdicts: None,
        elsewhere: Vec::new(),
    };
    let mut verdicts = Vec::new();
    let mut plain = true;
    let mut next_column = 0;
    for (position, value) in (0..).zip(values) {
        let free = |column: &usize| divided.numbers[*column].is_none();
        if let Some(column) = column_of(kind, value).filter(free) {
            divided.numbers[column] = value.number;
            plain &= column >= next_column && value.verdict == Verdict::GOOD;
            next_column = column + 1;
            verdicts.extend([column as u8, codes::of_verdict(value.verdict)]);
        } else {
            divided.elsewhere.push((position, value));
            plain = false;
            verdicts.extend([ELSEWHERE, 0]);
        }
    }
    divided.verdicts = (!plain).then_some(verdicts);
    divided
}

/// The column of a value. None for one that a REAL column would alter: what is not finite, and
/// a negative nought, which comes back as a positive one.
fn column_of(kind: Kind, value: &Value) -> Option<usize> {
    let kept = |number: f64| number.is_finite() && !(number == 0.0 && number.is_sign_negative());
    if value.raw.is_some() || !value.number.is_some_and(kept) {
        return None;
    }
    columns(kind)
        .iter()
        .position(|metric| *metric == value.metric)
}

/// Whether a sample has rows in `telemetry_other`.
pub(super) fn is_elsewhere(verdicts: Option<&[u8]>) -> bool {
    let (pairs, _) = verdicts.unwrap_or_default().as_chunks::<2>();
    pairs.iter().any(|[column, _]| *column == ELSEWHERE)
}

/// The values as they were before [`divide`]; `elsewhere` gives those that had no column, in order.
pub(super) fn join<E: From<Unreadable>>(
    kind: Kind,
    numbers: [Option<f64>; MAX_COLUMNS],
    verdicts: Option<&[u8]>,
    elsewhere: impl FnOnce() -> Result<Vec<Value>, E>,
) -> Result<Vec<Value>, E> {
    let in_column = |column: u8, verdict: Verdict| {
        let metric = columns(kind).get(usize::from(column))?;
        Some(Value {
            metric: metric.clone(),
            number: Some(numbers[usize::from(column)]?),
            verdict,
            raw: None,
        })
    };
    let Some(verdicts) = verdicts else {
        let all = 0..MAX_COLUMNS as u8;
        return Ok(all
            .filter_map(|column| in_column(column, Verdict::GOOD))
            .collect());
    };
    let torn = || Unreadable("a sample whose verdicts do not fit its values".to_owned());
    let (pairs, rest) = verdicts.as_chunks::<2>();
    let mut elsewhere = if is_elsewhere(Some(verdicts)) {
        elsewhere()?
    } else {
        Vec::new()
    }
    .into_iter();
    let mut values = Vec::with_capacity(pairs.len());
    for [column, code] in pairs {
        let value = if *column == ELSEWHERE {
            elsewhere.next()
        } else {
            in_column(*column, codes::verdict(*code)?)
        };
        values.push(value.ok_or_else(torn)?);
    }
    if !rest.is_empty() || elsewhere.next().is_some() {
        return Err(torn().into());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use evara_actors::domain::Reason;
    use proptest::prelude::*;

    use super::*;

    fn kinds() -> impl Strategy<Value = Kind> {
        prop::sample::select(vec![Kind::Tank, Kind::Flow, Kind::Deep, Kind::Generic])
    }

    fn verdicts() -> impl Strategy<Value = Verdict> {
        let reasons = prop::sample::select(Reason::ALL.to_vec());
        prop_oneof![
            Just(Verdict::GOOD),
            reasons.clone().prop_map(Verdict::suspect),
            reasons.clone().prop_map(Verdict::bad),
            reasons.prop_map(Verdict::missing),
        ]
    }

    fn values() -> impl Strategy<Value = Value> {
        let metrics =
            prop::sample::select([Metric::KNOWN, &["chlorine_mg_l".parse().unwrap()]].concat());
        let numbers = prop::option::of(prop_oneof![
            any::<f64>().prop_filter("numbers are finite", |number| number.is_finite()),
            Just(-0.0),
        ]);
        let raws =
            prop::option::weighted(0.2, ".*").prop_map(|raw| raw.map(String::into_boxed_str));
        (metrics, numbers, verdicts(), raws).prop_map(|(metric, number, verdict, raw)| Value {
            metric,
            number,
            verdict,
            raw,
        })
    }

    proptest! {
        #[test]
        fn a_divided_sample_is_whole_when_joined(
            kind in kinds(),
            values in prop::collection::vec(values(), 0..9),
        ) {
            let divided = divide(kind, &values);
            let joined = join(kind, divided.numbers, divided.verdicts.as_deref(), || {
                Ok::<_, Unreadable>(divided.elsewhere.iter().map(|(_, value)| (*value).clone()).collect())
            });
            prop_assert_eq!(joined.unwrap(), values);
        }
    }

    #[test]
    fn an_ordinary_sample_needs_no_verdicts_and_no_other_rows() {
        let good = |metric| Value {
            metric,
            number: Some(1.5),
            verdict: Verdict::GOOD,
            raw: None,
        };
        let values = [good(Metric::DistanceCm), good(Metric::TemperatureC)];
        let divided = divide(Kind::Tank, &values);
        assert_eq!(divided.numbers, [Some(1.5), None, Some(1.5), None]);
        assert!(divided.verdicts.is_none() && divided.elsewhere.is_empty());
    }

    #[test]
    fn verdicts_that_name_no_value_are_refused() {
        let numbers = [Some(1.0), None, None, None];
        for verdicts in [&[1_u8, 0][..], &[9, 0], &[0], &[0, 0x40]] {
            let joined = join(Kind::Tank, numbers, Some(verdicts), || {
                Ok::<_, Unreadable>(Vec::new())
            });
            assert!(joined.is_err(), "{verdicts:?}");
        }
    }
}
