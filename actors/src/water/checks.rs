//! The tests of quality that need a reading's neighbours.
//!
//! Each looks at a window in order of source time and keeps nothing, so that a verdict depends on the
//! readings alone and not on the order in which they came.

use crate::domain::{Limits, Reason, Timestamp, Verdict};

/// A jump that so many further readings agree with is a step.
const K_CONFIRM: u32 = 3;

/// Stamps are whole seconds, so that two readings of one stamp may be this far apart.
const MIN_STEP_S: f64 = 1.0;

/// Judges the newest of `points`, oldest first, by what it follows.
///
/// The oldest point is taken on trust. A point that jumps away from the last one believed, by more than
/// `limits.spike` or faster than `limits.max_rate_per_s`, is doubted, and so are those that follow it,
/// until three of them agree with it: then the step was real. Give only values that are good in
/// themselves, and let the window begin after a gap, across which a jump is none.
pub fn judge_newest(points: impl Iterator<Item = (Timestamp, f64)>, limits: &Limits) -> Verdict {
    if limits.spike.is_none() && limits.max_rate_per_s.is_none() {
        return Verdict::GOOD;
    }
    weigh(points, limits).map_or(Verdict::GOOD, |belief| belief.newest)
}

/// The newest of `points`, oldest first, that [`judge_newest`] does not doubt; `None` without points.
pub fn last_believed(
    points: impl Iterator<Item = (Timestamp, f64)>,
    limits: &Limits,
) -> Option<(Timestamp, f64)> {
    weigh(points, limits).map(|belief| belief.believed)
}

/// What is made of a window, from its oldest point to one of its points.
#[derive(Debug)]
struct Belief {
    /// The last point that was not doubted.
    believed: (Timestamp, f64),
    /// The last point, if it was, and how many before it agreed, each with the one before.
    doubted: Option<((Timestamp, f64), u32)>,
    /// The verdict on the last point.
    newest: Verdict,
}

fn weigh(points: impl Iterator<Item = (Timestamp, f64)>, limits: &Limits) -> Option<Belief> {
    let mut points = points;
    let mut belief = Belief::trusting(points.next()?);
    for point in points {
        let Some(reason) = jump(belief.believed, point, limits) else {
            belief = Belief::trusting(point);
            continue;
        };
        let confirmed = match belief.doubted {
            Some((doubted, confirmed)) if jump(doubted, point, limits).is_none() => confirmed + 1,
            Some(_) | None => 0,
        };
        if confirmed == K_CONFIRM {
            belief = Belief::trusting(point);
        } else {
            belief.doubted = Some((point, confirmed));
            belief.newest = Verdict::suspect(reason);
        }
    }
    Some(belief)
}

impl Belief {
    const fn trusting(point: (Timestamp, f64)) -> Self {
        Self {
            believed: point,
            doubted: None,
            newest: Verdict::GOOD,
        }
    }
}

/// Why `to` is too far from `from` to be taken at once.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(spike: Option<f64>, max_rate_per_s: Option<f64>) -> Limits {
        Limits {
            spike,
            max_rate_per_s,
            ..Limits::default()
        }
    }

    /// The verdict on the last of readings a minute apart.
    fn newest(values: &[f64], limits: &Limits) -> Verdict {
        let points = values.iter().zip(0..);
        let at = |index: i64| Timestamp::from_secs(60 * index);
        judge_newest(points.map(|(&value, index)| (at(index), value)), limits)
    }

    const SPIKE: Verdict = Verdict::suspect(Reason::Spike);

    #[test]
    fn a_jump_is_doubted_and_the_return_from_it_is_not() {
        let limits = limits(Some(5.0), None);
        assert_eq!(newest(&[50.0, 51.0, 90.0], &limits), SPIKE);
        assert_eq!(newest(&[50.0, 51.0, 90.0, 51.0], &limits), Verdict::GOOD);
        assert_eq!(newest(&[50.0, 55.0], &limits), Verdict::GOOD);
    }

    #[test]
    fn a_step_is_believed_with_its_third_confirmation() {
        let limits = limits(Some(5.0), None);
        let step = [50.0, 51.0, 90.0, 91.0, 90.0, 91.0];
        assert_eq!(newest(&step[..5], &limits), SPIKE);
        assert_eq!(newest(&step, &limits), Verdict::GOOD);
    }

    #[test]
    fn what_was_last_believed_is_the_newest_that_was_judged_good() {
        let limits = limits(Some(5.0), None);
        let values = [50.0, 90.0, 51.0, 90.0, 91.0, 20.0, 21.0, 20.0, 21.0, 70.0];
        let points = values.iter().zip(0..);
        let at = |index: i64| Timestamp::from_secs(60 * index);
        let points: Vec<_> = points.map(|(&value, index)| (at(index), value)).collect();
        for end in 1..=values.len() {
            let good = (1..=end)
                .rev()
                .find(|&end| newest(&values[..end], &limits).is_good());
            let found = last_believed(points[..end].iter().copied(), &limits);
            assert_eq!(found, good.map(|end| points[end - 1]));
        }
        assert_eq!(last_believed([].into_iter(), &limits), None);
    }

    #[test]
    fn jumps_that_do_not_agree_confirm_nothing() {
        let limits = limits(Some(5.0), None);
        let restless = [50.0, 90.0, 20.0, 90.0, 20.0, 90.0, 20.0];
        assert_eq!(newest(&restless, &limits), SPIKE);
    }

    #[test]
    fn a_change_is_doubted_for_its_speed() {
        let limits = limits(None, Some(0.1));
        assert_eq!(newest(&[50.0, 56.0], &limits), Verdict::GOOD);
        let fast = Verdict::suspect(Reason::Rate);
        assert_eq!(newest(&[50.0, 57.0], &limits), fast);
    }

    #[test]
    fn two_readings_of_one_instant_are_a_second_apart() {
        let at = Timestamp::from_secs(0);
        let limits = limits(None, Some(1.0));
        let judge = |value| judge_newest([(at, 5.0), (at, value)].into_iter(), &limits);
        assert_eq!(judge(6.0), Verdict::GOOD);
        assert_eq!(judge(7.0), Verdict::suspect(Reason::Rate));
    }

    #[test]
    fn without_limits_or_neighbours_nothing_is_doubted() {
        assert_eq!(newest(&[1.0, 1e9], &Limits::default()), Verdict::GOOD);
        assert_eq!(newest(&[1e9], &limits(Some(1.0), None)), Verdict::GOOD);
        assert_eq!(newest(&[], &limits(Some(1.0), None)), Verdict::GOOD);
    }
}
