//! The tests of quality that need a reading's neighbours.
//!
//! Each looks at a window in order of source time and keeps nothing, so that a verdict depends on the
//! readings alone and not on the order in which they came.

use std::time::Duration;

use crate::domain::{Limits, Reason, Timestamp, Verdict};

/// A jump that so many further readings agree with is a step.
const K_CONFIRM: u32 = 3;

/// Stamps are whole seconds, so that two readings of one stamp may be this far apart.
const MIN_STEP_S: f64 = 1.0;

/// With fewer points nothing can be called still.
const MIN_FLAT_POINTS: usize = 3;

/// A silence of more than so many intervals is a gap; by then a node is late, too.
const GAP_INTERVALS: u32 = 3;

/// Judges the newest of `points`, oldest first, by what it follows.
///
/// The oldest point is taken on trust. A point that jumps away from the last one believed, by more than
/// `limits.spike` or faster than `limits.max_rate_per_s`, is doubted, and so are those that follow it,
/// until [`K_CONFIRM`] of them agree with it: then the step was real. Give only values that are good in
/// themselves, and let the window begin after a gap, across which a jump is none.
pub fn judge_newest(points: impl Iterator<Item = (Timestamp, f64)>, limits: &Limits) -> Verdict {
    if limits.spike.is_none() && limits.max_rate_per_s.is_none() {
        return Verdict::GOOD;
    }
    let mut points = points;
    let Some(mut believed) = points.next() else {
        return Verdict::GOOD;
    };
    let mut doubted: Option<(Timestamp, f64)> = None;
    let mut confirmed = 0;
    let mut verdict = Verdict::GOOD;
    for point in points {
        let jump = jump(believed, point, limits);
        let agrees = doubted.is_some_and(|doubted| self::jump(doubted, point, limits).is_none());
        confirmed = if agrees { confirmed + 1 } else { 0 };
        match jump {
            Some(reason) if confirmed < K_CONFIRM => {
                doubted = Some(point);
                verdict = Verdict::suspect(reason);
            }
            _ => {
                believed = point;
                doubted = None;
                confirmed = 0;
                verdict = Verdict::GOOD;
            }
        }
    }
    verdict
}

fn jump(from: (Timestamp, f64), to: (Timestamp, f64), limits: &Limits) -> Option<Reason> {
    let change = (to.1 - from.1).abs();
    let seconds = (to.0.since(from.0).as_secs_f64()).max(MIN_STEP_S);
    if limits.spike.is_some_and(|most| change > most) {
        Some(Reason::Spike)
    } else if limits
        .max_rate_per_s
        .is_some_and(|most| change / seconds > most)
    {
        Some(Reason::Rate)
    } else {
        None
    }
}

/// Whether `points` values over `span`, from `min` to `max`, have been still for too long.
///
/// Not for what may be still: a meter that shows no flow, a tank that is full or empty.
pub fn flat(points: usize, span: Duration, min: f64, max: f64, limits: &Limits) -> bool {
    let long = limits
        .flat_after_s
        .is_some_and(|secs| span >= Duration::from_secs(u64::from(secs)));
    long && points >= MIN_FLAT_POINTS && max - min <= limits.flat_tolerance
}

/// Whether `next` follows `prev` only after a silence, for a node that reports every
/// `expected_interval`.
pub fn gap(prev: Timestamp, next: Timestamp, expected_interval: Duration) -> bool {
    next.since(prev) > expected_interval.saturating_mul(GAP_INTERVALS)
}
