//! Folding rows into buckets of time, with the mistakes of the original.
//!
//! Buckets begin at multiples of their size since the epoch. A folded row has no entry id, an
//! empty bucket is a row of nulls, and an average divides by every row of its bucket, also by
//! those that hold no number. That is wrong, and exactly what clients must expect.

use super::channel::FIELDS;
use super::query::MAX_RESULTS;
use super::select::Row;
use super::zone::Zone;

/// Minutes that a bucket may last; other sizes are ignored in silence.
const BUCKET_MINUTES: [i64; 7] = [10, 15, 20, 30, 60, 240, 720];

/// 1440 minutes are the same as `daily`.
const DAY_MINUTES: i64 = 1_440;

/// How rows are folded, and into what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aggregate {
    pub(super) fold: Fold,
    pub(super) bucket: Bucket,
}

/// What remains of the numbers in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// The first value as it was written.
    First,
    Sum,
    Average,
    Median,
}

/// The length of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bucket {
    Seconds(i64),
    /// A day of the request's time zone.
    Day,
}

impl Bucket {
    pub(super) fn of(text: &str) -> Option<Self> {
        if text == "daily" {
            return Some(Self::Day);
        }
        let minutes: i64 = text.trim().parse().ok()?;
        match minutes {
            DAY_MINUTES => Some(Self::Day),
            known if BUCKET_MINUTES.contains(&known) => Some(Self::Seconds(known * 60)),
            _ => None,
        }
    }

    /// About how long one bucket short of `count` of them last.
    fn span_s(self, count: usize) -> i64 {
        let size = match self {
            Self::Seconds(size) => size,
            Self::Day => DAY_MINUTES * 60,
        };
        size * (count as i64 - 1)
    }

    fn start(self, at_s: i64, zone: &Zone) -> i64 {
        match self {
            Self::Seconds(size) => at_s.div_euclid(size) * size,
            Self::Day => zone.day_start(at_s),
        }
    }

    fn next(self, start_s: i64, zone: &Zone) -> i64 {
        match self {
            Self::Seconds(size) => start_s + size,
            Self::Day => zone.next_day(start_s),
        }
    }
}

impl Aggregate {
    /// Folds rows that lie in order of time. At most the newest [`MAX_RESULTS`] buckets remain.
    pub(super) fn apply(self, rows: &[Row], zone: &Zone, decimals: Option<usize>) -> Vec<Row> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Vec::new();
        };
        // Rows may lie ages apart; walking from the oldest would then take for ever.
        let oldest_s = last
            .created_at_s
            .saturating_sub(self.bucket.span_s(MAX_RESULTS));
        let mut start_s = self.bucket.start(first.created_at_s.max(oldest_s), zone);
        let mut starts = Vec::new();
        while start_s <= last.created_at_s && starts.len() < MAX_RESULTS {
            starts.push(start_s);
            start_s = self.bucket.next(start_s, zone);
        }
        let ends = starts.iter().skip(1).copied().chain([start_s]);
        starts
            .iter()
            .zip(ends)
            .map(|(&from_s, to_s)| {
                let begin = rows.partition_point(|row| row.created_at_s < from_s);
                let end = rows.partition_point(|row| row.created_at_s < to_s);
                self.row(from_s, &rows[begin..end], decimals)
            })
            .collect()
    }

    fn row(self, created_at_s: i64, rows: &[Row], decimals: Option<usize>) -> Row {
        let mut folded = Row {
            created_at_s,
            ..Row::default()
        };
        for place in 0..FIELDS {
            folded.fields[place] = self.value(rows, place, decimals);
        }
        folded
    }

    fn value(self, rows: &[Row], place: usize, decimals: Option<usize>) -> Option<String> {
        if self.fold == Fold::First {
            return rows.iter().find_map(|row| row.fields[place].clone());
        }
        let mut numbers: Vec<f64> = rows
            .iter()
            .filter_map(|row| numeric(row.fields[place].as_deref()?))
            .collect();
        if numbers.is_empty() {
            return None;
        }
        let sum: f64 = numbers.iter().sum();
        let value = match self.fold {
            Fold::First | Fold::Sum => sum,
            Fold::Average => sum / rows.len() as f64,
            Fold::Median => median(&mut numbers),
        };
        Some(decimals.map_or_else(|| format!("{value:?}"), |n| format!("{value:.n$}")))
    }
}

fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        f64::midpoint(numbers[middle - 1], numbers[middle])
    }
}

/// Reads a number as the server does: digits, one optional fraction after `.` or `,`, one sign.
/// `1e5`, `.5`, `nan` and `12 cm` are none.
pub(super) fn numeric(text: &str) -> Option<f64> {
    let text = text.trim().replace(',', ".");
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (all_digits(whole) && all_digits(fraction))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(created_at_s: i64, value: Option<&str>) -> Row {
        let mut row = Row {
            created_at_s,
            entry_id: Some(1),
            ..Row::default()
        };
        row.fields[0] = value.map(str::to_owned);
        row
    }

    fn fold(fold: Fold, rows: &[Row]) -> Vec<(i64, Option<String>)> {
        let aggregate = Aggregate {
            fold,
            bucket: Bucket::Seconds(600),
        };
        let folded = aggregate.apply(rows, &Zone::UTC, None);
        assert!(folded.iter().all(|row| row.entry_id.is_none()));
        folded
            .into_iter()
            .map(|row| (row.created_at_s, row.fields[0].clone()))
            .collect()
    }

    #[test]
    fn an_average_divides_by_rows_that_hold_no_number() {
        let rows = [row(605, Some("3")), row(620, None), row(640, Some("nan"))];
        assert_eq!(fold(Fold::Average, &rows), [(600, Some("1.0".to_owned()))]);
    }

    #[test]
    fn an_empty_bucket_is_a_row_of_nulls() {
        let rows = [row(0, Some("1")), row(1_200, Some("2"))];
        let expected = [
            (0, Some("1.0".to_owned())),
            (600, None),
            (1_200, Some("2.0".to_owned())),
        ];
        assert_eq!(fold(Fold::Sum, &rows), expected);
    }

    #[test]
    fn a_median_of_an_even_number_lies_between_the_middle_two() {
        let rows = [
            row(0, Some("9")),
            row(1, Some("1")),
            row(2, Some("2")),
            row(3, Some("4")),
        ];
        assert_eq!(fold(Fold::Median, &rows), [(0, Some("3.0".to_owned()))]);
    }

    #[test]
    fn a_timescale_keeps_the_first_text_of_its_bucket() {
        let rows = [row(0, None), row(1, Some("1.50")), row(2, Some("2"))];
        assert_eq!(fold(Fold::First, &rows), [(0, Some("1.50".to_owned()))]);
    }

    #[test]
    fn only_plain_decimals_are_numbers() {
        for (text, value) in [
            ("25.0", 25.0),
            (" -2,5 ", -2.5),
            ("+3", 3.0),
            ("0\r\n\r\n", 0.0),
        ] {
            assert_eq!(numeric(text), Some(value), "{text:?}");
        }
        for text in [
            "1e5", ".5", "5.", "nan", "INF", "12 cm", "", "18:1:39", "1.2.3",
        ] {
            assert_eq!(numeric(text), None, "{text:?}");
        }
    }

    #[test]
    fn unknown_bucket_sizes_are_ignored() {
        assert_eq!(Bucket::of("720"), Some(Bucket::Seconds(43_200)));
        assert_eq!(Bucket::of("1440"), Some(Bucket::Day));
        assert_eq!(Bucket::of("daily"), Some(Bucket::Day));
        assert_eq!(Bucket::of("7"), None);
    }
}
