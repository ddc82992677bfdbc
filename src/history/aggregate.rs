//! What is told of a bucket: eight aggregates, and what stands where a bucket is empty. Pure.

use std::str::FromStr;

use super::Summary;
use super::grid::Span;
use super::register::Passed;

/// What is asked of the readings in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Min,
    Max,
    Avg,
    Sum,
    Count,
    First,
    Last,
    /// The last reading less the first; of a register what passed in the bucket.
    Difference,
}

impl Aggregate {
    pub(crate) const ALL: [Self; 8] = [
        Self::Min,
        Self::Max,
        Self::Avg,
        Self::Sum,
        Self::Count,
        Self::First,
        Self::Last,
        Self::Difference,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
            Self::Avg => "avg",
            Self::Sum => "sum",
            Self::Count => "count",
            Self::First => "first",
            Self::Last => "last",
            Self::Difference => "difference",
        }
    }

    /// Whether it says where something stood, so that it may be carried on into an empty bucket. A sum or
    /// a count of no readings is not that of other readings.
    const fn is_a_state(self) -> bool {
        match self {
            Self::Min | Self::Max | Self::Avg | Self::First | Self::Last => true,
            Self::Sum | Self::Count | Self::Difference => false,
        }
    }
}

impl FromStr for Aggregate {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let known = Self::ALL.into_iter().find(|known| known.name() == name);
        known.ok_or(())
    }
}

/// What stands where a bucket is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fill {
    /// The bucket is left out.
    #[default]
    None,
    /// Null.
    Null,
    /// What stood before.
    Previous,
    /// What lies on the line between the buckets before and after.
    Linear,
}

/// What is told of one bucket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The bucket.
    pub(crate) span: Span,
    /// In the order in which they were asked for.
    pub(crate) numbers: Vec<Option<f64>>,
    /// Whether the states among them are those of other buckets.
    pub(crate) filled: bool,
    /// Pairs of a register's readings that are not in the difference, since nothing explains them.
    pub(crate) refused: u32,
}

/// What is told of a bucket before empty ones are filled.
pub(crate) fn row(
    span: Span,
    summary: Option<&Summary>,
    passed: Option<Passed>,
    asked: &[Aggregate],
) -> Row {
    let number = |aggregate: &Aggregate| match (aggregate, summary) {
        (Aggregate::Count, summary) => Some(summary.map_or(0.0, |summary| summary.count as f64)),
        (Aggregate::Difference, summary) => match (passed, summary) {
            (Some(passed), _) => Some(passed.litres),
            (None, Some(summary)) => Some(summary.last.number - summary.first.number),
            (None, None) => None,
        },
        (_, None) => None,
        (Aggregate::Min, Some(summary)) => Some(summary.min),
        (Aggregate::Max, Some(summary)) => Some(summary.max),
        (Aggregate::Avg, Some(summary)) => Some(summary.mean()),
        (Aggregate::Sum, Some(summary)) => Some(summary.sum),
        (Aggregate::First, Some(summary)) => Some(summary.first.number),
        (Aggregate::Last, Some(summary)) => Some(summary.last.number),
    };
    Row {
        span,
        // A sum of finite numbers may not be one.
        numbers: asked
            .iter()
            .map(|aggregate| number(aggregate).filter(|number| number.is_finite()))
            .collect(),
        filled: false,
        refused: passed.map_or(0, |passed| passed.refused),
    }
}

/// The rows that are told, of those of all buckets; `empty` says which have no readings.
pub(crate) fn fill(
    mut rows: Vec<Row>,
    empty: &[bool],
    asked: &[Aggregate],
    fill: Fill,
) -> Vec<Row> {
    match fill {
        Fill::None => {
            // What passed a meter may be known of a bucket without readings.
            let difference = asked.iter().position(|a| *a == Aggregate::Difference);
            let mut empty = empty.iter();
            rows.retain(|row| {
                let has_readings = empty.next() == Some(&false);
                has_readings || difference.is_some_and(|index| row.numbers[index].is_some())
            });
        }
        Fill::Null => {}
        Fill::Previous => carry(&mut rows, empty, asked, |_, before, _| before),
        Fill::Linear => carry(&mut rows, empty, asked, on_the_line),
    }
    rows
}

/// A bucket's beginning, and a number of it.
type Anchor = (f64, f64);

fn on_the_line(at: f64, before: Option<Anchor>, after: Option<Anchor>) -> Option<Anchor> {
    let ((x0, y0), (x1, y1)) = (before?, after?);
    Some((at, y0 + (y1 - y0) * (at - x0) / (x1 - x0)))
}

/// Fills the states of empty buckets by the nearest ones before and after that have any.
fn carry(
    rows: &mut [Row],
    empty: &[bool],
    asked: &[Aggregate],
    between: impl Fn(f64, Option<Anchor>, Option<Anchor>) -> Option<Anchor>,
) {
    let begins = |row: &Row| row.span.from.millis() as f64;
    let states = asked.iter().enumerate().filter(|(_, a)| a.is_a_state());
    for (column, _) in states {
        let anchors: Vec<Option<Anchor>> = rows
            .iter()
            .zip(empty)
            .map(|(row, empty)| Some((begins(row), row.numbers[column].filter(|_| !*empty)?)))
            .collect();
        let mut after: Vec<Option<Anchor>> = anchors.clone();
        for index in (0..after.len().saturating_sub(1)).rev() {
            after[index] = after[index].or(after[index + 1]);
        }
        let mut before = None;
        for (index, row) in rows.iter_mut().enumerate() {
            before = anchors[index].or(before);
            if empty[index] {
                let found = between(begins(row), before, after[index]);
                row.numbers[column] = found.map(|(_, number)| number).filter(|n| n.is_finite());
                row.filled |= row.numbers[column].is_some();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use evara_actors::domain::Timestamp;

    use super::*;
    use crate::history::Reading;

    fn hour(number: i64) -> Span {
        let at = |hour: i64| Timestamp::from_secs(3_600 * hour);
        Span::new(at(number), at(number + 1))
    }

    /// An hour with a reading, where there is a number.
    fn filled(numbers: &[Option<f64>], asked: &[Aggregate], how: Fill) -> Vec<Vec<Option<f64>>> {
        let rows = (0..).zip(numbers).map(|(index, number)| {
            let at = hour(index).from;
            let summary = number.map(|number| Summary::of(Reading { at, number }));
            row(hour(index), summary.as_ref(), None, asked)
        });
        let empty: Vec<_> = numbers.iter().map(Option::is_none).collect();
        let rows = fill(rows.collect(), &empty, asked, how);
        rows.into_iter().map(|row| row.numbers).collect()
    }

    #[test]
    fn empty_buckets_are_left_out_told_as_null_carried_on_or_drawn_through() {
        let numbers = [None, Some(1.0), None, None, Some(4.0), None];
        let avg = |how| -> Vec<Option<f64>> {
            let rows = filled(&numbers, &[Aggregate::Avg], how);
            rows.into_iter().map(|row| row[0]).collect()
        };
        assert_eq!(avg(Fill::None), [Some(1.0), Some(4.0)]);
        assert_eq!(avg(Fill::Null), numbers);
        let carried = [None, Some(1.0), Some(1.0), Some(1.0), Some(4.0), Some(4.0)];
        assert_eq!(avg(Fill::Previous), carried);
        let drawn = [None, Some(1.0), Some(2.0), Some(3.0), Some(4.0), None];
        assert_eq!(avg(Fill::Linear), drawn);
    }

    #[test]
    fn what_is_counted_is_never_carried_on() {
        let asked = [Aggregate::Count, Aggregate::Sum, Aggregate::Last];
        let rows = filled(&[Some(5.0), None], &asked, Fill::Previous);
        assert_eq!(rows[1], [Some(0.0), None, Some(5.0)]);
    }
}
