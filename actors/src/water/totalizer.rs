//! What passed a meter, from the readings of its register.
//!
//! A register that falls is explained by what is known of the meter, or not at all: a litre that nobody
//! can vouch for is never counted, and that it was left out is told.

use std::time::Duration;

use crate::domain::{Meter, Timestamp};

/// A modulus is often written as the largest reading rather than one past it, and the instant of a wrap
/// is known only to an interval; so a wrap may look this much faster than the meter allows.
const WRAP_MARGIN: f64 = 1.1;

/// A device that has restarted reports within this time, so that a larger count than can pass in it is
/// not "about nought".
const RESET_WINDOW: Duration = Duration::from_secs(900);

/// What two readings of a register, one after the other, say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delta {
    /// So many litres passed.
    Forward(f64),
    /// So many litres flowed back, as a negative number, through a meter that counts both ways.
    Reverse(f64),
    /// The register began again at nought; so many litres passed.
    Wrap(f64),
    /// The device began its count anew; so many litres passed since.
    Reset(f64),
    /// The register rose faster than the meter can see.
    TooFast,
    /// The register fell, and nothing explains it.
    Unexplained,
}

impl Delta {
    /// The litres that passed; `None` for what is refused.
    pub const fn litres(self) -> Option<f64> {
        match self {
            Self::Forward(litres)
            | Self::Reverse(litres)
            | Self::Wrap(litres)
            | Self::Reset(litres) => Some(litres),
            Self::TooFast | Self::Unexplained => None,
        }
    }
}

/// Says what happened between two readings of a register, in litres, `prev` before `next`.
pub fn classify(prev: (Timestamp, f64), next: (Timestamp, f64), meter: &Meter) -> Delta {
    let span = next.0.since(prev.0);
    let most = most_l(meter, span);
    let change = next.1 - prev.1;
    if !change.is_finite() {
        return Delta::Unexplained;
    }
    if change >= 0.0 {
        return if change <= most {
            Delta::Forward(change)
        } else {
            Delta::TooFast
        };
    }
    if meter.bidirectional && -change <= most {
        return Delta::Reverse(change);
    }
    if let Some(litres) = meter.modulus_l.map(|modulus| change + modulus)
        && next.1 >= 0.0
        && (0.0..=most * WRAP_MARGIN).contains(&litres)
    {
        return Delta::Wrap(litres);
    }
    let since_restart = 0.0..=most_l(meter, span.min(RESET_WINDOW));
    if meter.resets_on_restart && since_restart.contains(&next.1) {
        return Delta::Reset(next.1);
    }
    Delta::Unexplained
}

/// The most litres that the meter lets pass in `span`.
fn most_l(meter: &Meter, span: Duration) -> f64 {
    meter.max_flow_lpm * span.as_secs_f64() / 60.0
}

/// What passed in a span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DayVolume {
    /// The litres that can be vouched for.
    pub litres: f64,
    /// How many pairs of readings were refused; what passed in them is not in `litres`.
    pub refused: u32,
    /// The part of the span that accepted pairs of readings cover.
    pub covered: Duration,
}

/// What passed from `from` up to `to`, by readings of the register in litres, oldest first. A pair that
/// crosses a boundary counts by the part of its time that is inside.
pub fn volume_between(
    points: impl Iterator<Item = (Timestamp, f64)>,
    meter: &Meter,
    from: Timestamp,
    to: Timestamp,
) -> DayVolume {
    let passage = Passage::default();
    passage.with(points, meter, from, to).volume
}

/// A volume that is being added up, so that it can be gone on with where readings come at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Passage {
    /// What passed by the readings so far.
    pub volume: DayVolume,
    newest: Option<(Timestamp, f64)>,
}

impl Passage {
    /// With the next `points`, by the same meter and for the same span: see [`volume_between`].
    #[must_use]
    pub fn with(
        self,
        points: impl Iterator<Item = (Timestamp, f64)>,
        meter: &Meter,
        from: Timestamp,
        to: Timestamp,
    ) -> Self {
        points.fold(self, |passage, next| passage.and(next, meter, from, to))
    }

    fn and(
        mut self,
        next: (Timestamp, f64),
        meter: &Meter,
        from: Timestamp,
        to: Timestamp,
    ) -> Self {
        let crossed = |prev: &(Timestamp, f64)| next.0 > from && prev.0 < to;
        if let Some(prev) = self.newest.replace(next).filter(crossed) {
            let inside = next.0.min(to).since(prev.0.max(from));
            match classify(prev, next, meter).litres() {
                Some(litres) => {
                    self.volume.litres += litres * part(inside, next.0.since(prev.0));
                    self.volume.covered += inside;
                }
                None => self.volume.refused += 1,
            }
        }
        self
    }
}

fn part(inside: Duration, whole: Duration) -> f64 {
    if whole.is_zero() {
        1.0
    } else {
        inside.as_secs_f64() / whole.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MODULUS_L: f64 = 100_000.0;

    fn meter() -> Meter {
        Meter {
            modulus_l: Some(MODULUS_L),
            max_flow_lpm: 100.0,
            bidirectional: false,
            resets_on_restart: false,
        }
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_secs(60 * minute)
    }

    /// Between a reading and another, ten minutes later, in which at most 1000 L can pass.
    fn ten_minutes(prev: f64, next: f64, meter: &Meter) -> Delta {
        classify((at(0), prev), (at(10), next), meter)
    }

    #[test]
    fn a_rise_counts_unless_the_meter_could_not_see_it() {
        assert_eq!(ten_minutes(500.0, 500.0, &meter()), Delta::Forward(0.0));
        assert_eq!(ten_minutes(500.0, 1500.0, &meter()), Delta::Forward(1000.0));
        assert_eq!(ten_minutes(500.0, 1500.5, &meter()), Delta::TooFast);
    }

    #[test]
    fn a_fall_is_a_wrap_only_where_the_modulus_explains_it() {
        let wrapped = ten_minutes(MODULUS_L - 300.0, 200.0, &meter());
        assert_eq!(wrapped, Delta::Wrap(500.0));
        let just = ten_minutes(MODULUS_L - 900.0, 200.0, &meter());
        assert_eq!(just, Delta::Wrap(1100.0));
        let over = ten_minutes(MODULUS_L - 900.0, 201.0, &meter());
        assert_eq!(over, Delta::Unexplained);
        let unknown = Meter {
            modulus_l: None,
            ..meter()
        };
        let fell = ten_minutes(MODULUS_L - 300.0, 200.0, &unknown);
        assert_eq!(fell, Delta::Unexplained);
    }

    #[test]
    fn a_fall_to_about_nought_is_a_reset_only_where_the_device_is_known_to() {
        let forgetful = Meter {
            modulus_l: None,
            resets_on_restart: true,
            ..meter()
        };
        assert_eq!(ten_minutes(40_000.0, 30.0, &forgetful), Delta::Reset(30.0));
        assert_eq!(ten_minutes(40_000.0, 30.0, &meter()), Delta::Unexplained);
        let fell = ten_minutes(40_000.0, 30_000.0, &forgetful);
        assert_eq!(fell, Delta::Unexplained);
        let after_a_day = classify((at(0), 40_000.0), (at(1_440), 30_000.0), &forgetful);
        assert_eq!(after_a_day, Delta::Unexplained);
    }

    #[test]
    fn a_small_fall_is_a_flow_back_only_through_a_meter_that_counts_both_ways() {
        let both = Meter {
            bidirectional: true,
            ..meter()
        };
        assert_eq!(ten_minutes(500.0, 400.0, &both), Delta::Reverse(-100.0));
        assert_eq!(ten_minutes(500.0, 400.0, &meter()), Delta::Unexplained);
    }

    #[test]
    fn two_readings_of_one_instant_agree_or_are_refused() {
        let now = |litres| (at(0), litres);
        assert_eq!(classify(now(5.0), now(5.0), &meter()), Delta::Forward(0.0));
        assert_eq!(classify(now(5.0), now(6.0), &meter()), Delta::TooFast);
        assert_eq!(classify(now(5.0), now(4.0), &meter()), Delta::Unexplained);
        assert_eq!(
            classify(now(5.0), now(f64::NAN), &meter()),
            Delta::Unexplained
        );
    }

    #[test]
    fn a_pair_across_midnight_is_shared_by_time() {
        let points = [(at(-15), 1000.0), (at(5), 1200.0), (at(20), 1300.0)];
        let day = volume_between(points.into_iter(), &meter(), at(0), at(1_440));
        assert!((day.litres - 150.0).abs() < 1e-9);
        assert_eq!(day.covered, Duration::from_secs(1_200));
        assert_eq!(day.refused, 0);
    }

    #[test]
    fn what_is_refused_is_told_and_not_counted() {
        let points = [(at(0), 10.0), (at(10), 90_000.0), (at(20), 30.0)];
        let day = volume_between(points.into_iter(), &meter(), at(0), at(1_440));
        assert_eq!((day.litres, day.refused), (0.0, 2));
        assert_eq!(day.covered, Duration::ZERO);
    }

    /// Readings a minute apart, each within what the meter can see, wrapping as they must.
    fn register() -> impl Strategy<Value = (Vec<(Timestamp, f64)>, f64)> {
        let flows = prop::collection::vec(0.0..100.0_f64, 1..60);
        (0.0..MODULUS_L, flows).prop_map(|(start, flows)| {
            let mut points = vec![(at(0), start)];
            let mut passed = 0.0;
            for (minute, flow) in (1..).zip(flows) {
                passed += flow;
                points.push((at(minute), (start + passed) % MODULUS_L));
            }
            (points, passed)
        })
    }

    proptest! {
        #[test]
        fn a_register_tells_what_passed_however_often_it_wrapped(
            (points, passed) in register(),
        ) {
            let day = volume_between(points.into_iter(), &meter(), at(0), at(60));
            prop_assert!((day.litres - passed).abs() < 1e-6, "{day:?}, not {passed}");
            prop_assert_eq!(day.refused, 0);
        }

        #[test]
        fn a_span_holds_as_much_as_its_two_parts(
            (points, _) in register(),
            ends in (0..3_600_000_i64, 0..3_600_000_i64, 0..3_600_000_i64),
        ) {
            let mut ends = [ends.0, ends.1, ends.2].map(Timestamp::from_millis);
            ends.sort();
            let [from, middle, to] = ends;
            let litres = |from, to| volume_between(points.iter().copied(), &meter(), from, to);
            let (first, second) = (litres(from, middle), litres(middle, to));
            let whole = litres(from, to);
            prop_assert!((first.litres + second.litres - whole.litres).abs() < 1e-6);
            prop_assert_eq!(first.covered + second.covered, whole.covered);
        }
    }
}
