//! The newest samples of a twin: a set with a fixed rule of what to forget.
//!
//! "The newest [`CAPACITY`]" of a union is the same whatever the order of the parts, which is why a
//! twin does not depend on the order in which readings come. Only numbers that normalising found good
//! are kept; the key of a sample is kept even when none of its numbers was.

use super::judge::intrinsic;
use crate::domain::{Metric, Sample, Source, Timestamp, Value};

/// Twelve minutes of readings at the fastest pace of a channel (15 s): enough for a rate over ten.
pub(super) const CAPACITY: usize = 48;

/// What a sample is known by. Ordered by source time, then by the source's own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) at: Timestamp,
    pub(super) tag: u64,
}

impl Key {
    pub(super) fn of(sample: &Sample) -> Self {
        Self::new(sample.source_at, sample.source)
    }

    /// Entries of a channel that share an instant stand in the order of their ids; a pusher's tag is
    /// odd, so that it never meets an entry's.
    pub(super) fn new(at: Timestamp, source: Source) -> Self {
        let tag = match source {
            Source::ThingSpeak { entry, .. } => entry.0 << 1,
            Source::Pushed(id) => {
                let (high, low) = id.as_u64_pair();
                (high ^ low.rotate_left(32)) | 1
            }
        };
        Self { at, tag }
    }
}

/// Numbers of one metric, one for each key; NaN where that sample had no good one.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) metric: Metric,
    pub(super) numbers: Vec<f64>,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    pub(super) keys: Vec<Key>,
    pub(super) columns: Vec<Column>,
}

/// Where a sample stands in respect of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It belongs at this index.
    Wanted(usize),
    /// It is there already, at this index.
    Known(usize),
    /// Every sample that is kept is newer, and there is no room.
    TooOld,
}

impl Window {
    pub(super) fn place(&self, key: Key) -> Place {
        if self.keys.last().is_none_or(|newest| key > *newest) {
            return Place::Wanted(self.keys.len());
        }
        match self.keys.binary_search(&key) {
            Ok(index) => Place::Known(index),
            Err(0) if self.keys.len() >= CAPACITY => Place::TooOld,
            Err(index) => Place::Wanted(index),
        }
    }

    /// The window with one more sample at `index`, and without the oldest where it was full.
    pub(super) fn with(&self, index: usize, key: Key, sample: &Sample) -> Self {
        let skip = usize::from(self.keys.len() >= CAPACITY);
        let (before, after) = (&self.keys[skip..index], &self.keys[index..]);
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let numbers = &column.numbers;
            let number = good_number(sample, &column.metric).unwrap_or(f64::NAN);
            let numbers = inserted(&numbers[skip..index], number, &numbers[index..]);
            // A column that has run empty must go: whether it was ever there depends on the order.
            if skip == 0 || numbers.iter().any(|number| !number.is_nan()) {
                columns.push(Column {
                    metric: column.metric.clone(),
                    numbers,
                });
            }
        }
        let mut grown = Self {
            keys: inserted(before, key, after),
            columns,
        };
        grown.add_new_columns(index - skip, sample);
        grown
    }

    /// The window with the numbers of another piece of the sample at `index`, but for what was `told` before.
    /// `None` where that leaves nothing.
    pub(super) fn joined(
        &self,
        index: usize,
        piece: &Sample,
        told: impl Fn(&Value) -> bool,
    ) -> Option<Self> {
        let mut grown = None;
        for value in piece.values.iter().filter(|value| !told(value)) {
            let Some(number) = good(value) else { continue };
            let grown: &mut Self = grown.get_or_insert_with(|| self.clone());
            grown.put(index, &value.metric, number);
        }
        grown
    }

    fn put(&mut self, index: usize, metric: &Metric, number: f64) {
        match self.place_of(metric) {
            Ok(place) => self.columns[place].numbers[index] = number,
            Err(place) => {
                let mut numbers = vec![f64::NAN; self.keys.len()];
                numbers[index] = number;
                let metric = metric.clone();
                self.columns.insert(place, Column { metric, numbers });
            }
        }
    }

    /// The good number of a metric in the sample at `index`.
    pub(super) fn number(&self, index: usize, metric: &Metric) -> Option<f64> {
        let number = *self.column(metric)?.numbers.get(index)?;
        (!number.is_nan()).then_some(number)
    }

    fn place_of(&self, metric: &Metric) -> Result<usize, usize> {
        self.columns
            .binary_search_by(|column| column.metric.cmp(metric))
    }

    fn add_new_columns(&mut self, index: usize, sample: &Sample) {
        for value in &sample.values {
            let Some(number) = good(value) else { continue };
            if self.place_of(&value.metric).is_err() {
                self.put(index, &value.metric, number);
            }
        }
    }

    pub(super) fn column(&self, metric: &Metric) -> Option<&Column> {
        self.columns.iter().find(|column| column.metric == *metric)
    }

    /// The good numbers of a metric, oldest first.
    pub(super) fn points(
        &self,
        metric: &Metric,
    ) -> impl DoubleEndedIterator<Item = (Timestamp, f64)> + Clone {
        let numbers = self
            .column(metric)
            .map_or(&[][..], |column| &column.numbers);
        let pairs = self.keys.iter().zip(numbers);
        pairs
            .filter(|(_, number)| !number.is_nan())
            .map(|(key, number)| (key.at, *number))
    }

    pub(super) fn newest(&self) -> Option<Key> {
        self.keys.last().copied()
    }
}

fn good_number(sample: &Sample, metric: &Metric) -> Option<f64> {
    good(sample.values.iter().find(|value| value.metric == *metric)?)
}

fn good(value: &Value) -> Option<f64> {
    value
        .number
        .filter(|number| number.is_finite() && intrinsic(value.verdict).is_good())
}

fn inserted<T: Copy>(before: &[T], item: T, after: &[T]) -> Vec<T> {
    let mut all = Vec::with_capacity(before.len() + 1 + after.len());
    all.extend_from_slice(before);
    all.push(item);
    all.extend_from_slice(after);
    all
}

/// NaN marks absence and must equal itself here.
impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        self.metric == other.metric
            && self.numbers.len() == other.numbers.len()
            && self
                .numbers
                .iter()
                .zip(&other.numbers)
                .all(|(a, b)| a.to_bits() == b.to_bits())
    }
}

impl PartialEq for Window {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys && self.columns == other.columns
    }
}
