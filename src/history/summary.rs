//! What the readings of a stretch of time come to, and how two stretches come to one. Pure.
//!
//! Rollups rest on one law: the summaries of any parts, joined in order, are the summary of the whole.

use evara_actors::domain::{Meter, Metric, NodeSpec, Timestamp};
use evara_actors::water;

/// A number that counts, and when it was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// When it was measured.
    pub at: Timestamp,
    /// In the metric's unit; finite.
    pub number: f64,
}

/// What passed between two readings of a metric.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// The one less the other.
    Plain,
    /// What the register of a meter can vouch for.
    Register(Meter),
}

/// Of a register of which nothing is known: what rises counts, what falls is unexplained.
const UNKNOWN_METER: Meter = Meter {
    modulus_l: None,
    max_flow_lpm: 1e9,
    bidirectional: false,
    resets_on_restart: false,
};

impl Rule {
    /// The rule of a node's metric.
    pub fn of(spec: &NodeSpec, metric: &Metric) -> Self {
        if *metric != Metric::TotalL {
            return Self::Plain;
        }
        Self::Register(spec.config.meter.clone().unwrap_or(UNKNOWN_METER))
    }

    /// The litres that passed from one reading of a register to the next; `None` for what is refused.
    pub(super) fn passed(&self, prev: Reading, next: Reading) -> Option<f64> {
        match self {
            Self::Plain => Some(0.0),
            Self::Register(meter) => {
                let pair = ((prev.at, prev.number), (next.at, next.number));
                water::classify(pair.0, pair.1, meter).litres()
            }
        }
    }
}

/// What one or more readings come to, in the order of their source time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// How many readings; never nought.
    pub count: u64,
    /// Of their numbers.
    pub sum: f64,
    /// The lowest number.
    pub min: f64,
    /// The highest number.
    pub max: f64,
    /// The earliest reading.
    pub first: Reading,
    /// The latest reading.
    pub last: Reading,
    /// Of a register: the litres that passed from the first reading to the last, as far as the meter can
    /// vouch for them. 0 for any other metric.
    pub passed: f64,
    /// Of a register: how many pairs of readings were refused; what passed in them is not in `passed`.
    pub refused: u32,
}

impl Summary {
    /// What one reading comes to.
    pub fn of(reading: Reading) -> Self {
        Self {
            count: 1,
            sum: reading.number,
            min: reading.number,
            max: reading.number,
            first: reading,
            last: reading,
            passed: 0.0,
            refused: 0,
        }
    }

    /// What this stretch and the one after it come to.
    #[must_use]
    pub fn joined(self, next: Self, rule: &Rule) -> Self {
        let between = rule.passed(self.last, next.first);
        Self {
            count: self.count + next.count,
            sum: finite(self.sum + next.sum),
            min: self.min.min(next.min),
            max: self.max.max(next.max),
            first: self.first,
            last: next.last,
            passed: finite(self.passed + between.unwrap_or(0.0) + next.passed),
            refused: (self.refused + next.refused).saturating_add(u32::from(between.is_none())),
        }
    }

    /// Adds the stretch after it to what is known of a bucket so far.
    pub(super) fn add(known: &mut Option<Self>, next: Self, rule: &Rule) {
        *known = Some(match *known {
            Some(before) => before.joined(next, rule),
            None => next,
        });
    }

    /// The mean of its numbers.
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }
}

/// A sum that leaves the range of numbers stays at its end: what is not finite cannot be stored.
fn finite(sum: f64) -> f64 {
    sum.clamp(f64::MIN, f64::MAX)
}
