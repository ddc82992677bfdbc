//! How rows of samples become a page of points: in whole samples, each thing that was said once.

use evara_actors::domain::{Source, Timestamp};
use evara_actors::ports::Point;

use crate::history::PastSample;

/// The points of a page. All that one source says of one instant is one sample, in however many rows.
#[derive(Debug)]
pub(super) struct Page {
    limit: u32,
    points: Vec<Point>,
    samples: u32,
    /// The sample that is being added, and where its points begin.
    last: Option<(Timestamp, Source)>,
    begun: usize,
}

impl Page {
    /// An empty page for so many samples.
    pub(super) fn of(limit: u32) -> Self {
        Self {
            limit,
            points: Vec::new(),
            samples: 0,
            last: None,
            begun: 0,
        }
    }

    /// Whether the next row belongs to the page.
    pub(super) fn begins(&mut self, key: (Timestamp, Source)) -> bool {
        if self.last == Some(key) {
            return true;
        }
        self.samples += u32::from(self.points.len() > self.begun);
        self.begun = self.points.len();
        self.last = Some(key);
        self.samples < self.limit
    }

    /// Adds a point that the sample does not have yet. A node that became another kind may have taken one
    /// sample into two tables, and a pusher may have repeated a number beside a new one.
    pub(super) fn add(&mut self, point: Point) {
        let same = |other: &Point| {
            let numbers = [other, &point].map(|it| it.number.map(f64::to_bits));
            other.metric == point.metric && numbers[0] == numbers[1] && other.raw == point.raw
        };
        if !self.points[self.begun..].iter().any(same) {
            self.points.push(point);
        }
    }

    /// How many samples may still come.
    pub(super) fn room(&self) -> u32 {
        self.limit.saturating_sub(self.samples)
    }

    pub(super) fn into_points(self) -> Vec<Point> {
        self.points
    }
}

/// Adds what a row says to the sample that it belongs to, or as the next sample. `false` where there were
/// `limit` of them before.
pub(super) fn add_past(samples: &mut Vec<PastSample>, next: PastSample, limit: u32) -> bool {
    let is_full = samples.len() >= limit as usize;
    match samples.last_mut() {
        Some(last) if (last.source_at, last.source) == (next.source_at, next.source) => {
            join(last, next);
            true
        }
        Some(_) | None if is_full => false,
        Some(_) | None => {
            samples.push(next);
            true
        }
    }
}

/// Makes one sample of two pieces of it: what was said of a metric first stays.
fn join(sample: &mut PastSample, mut piece: PastSample) {
    if piece.received_at < sample.received_at {
        std::mem::swap(sample, &mut piece);
    }
    for value in piece.values {
        if sample.values.iter().all(|told| told.metric != value.metric) {
            sample.values.push(value);
        }
    }
    for (name, number) in piece.derived {
        if sample.derived.iter().all(|(told, _)| *told != name) {
            sample.derived.push((name, number));
        }
    }
}
