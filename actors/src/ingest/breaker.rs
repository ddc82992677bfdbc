//! Whether a channel, or a host, may be asked at all. Holds the truth on how it has been failing.
//!
//! Pure. Must never let a second probe out while one is on its way, whatever the clock does.

use std::time::Duration;

use crate::domain::Timestamp;

/// One lost answer is weather; five in a row are an outage.
pub(super) const FAILURES_TO_OPEN: u32 = 5;
/// Long enough for a restart at the other side, short enough that people still watch.
pub(super) const FIRST_COOLDOWN: Duration = Duration::from_secs(60);
/// The longest that a channel which is back stays unnoticed.
pub(super) const LONGEST_COOLDOWN: Duration = Duration::from_secs(15 * 60);
/// When to ask again while somebody else's probe is out: about the time that an answer takes.
const PROBE_PATIENCE: Duration = Duration::from_secs(5);

/// Opens after [`FAILURES_TO_OPEN`] failures in a row, lets one probe through after a cooldown,
/// and closes when that one succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Closed {
        failures: u32,
    },
    Open {
        until: Timestamp,
        cooldown: Duration,
    },
    HalfOpen {
        cooldown: Duration,
    },
}

/// The three states, by the names that the API uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Everything may pass.
    Closed,
    /// Nothing may pass.
    Open,
    /// One probe is on its way.
    HalfOpen,
}

impl BreakerState {
    /// The name used in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// The right to ask once; given back with what came of it. Cannot be copied, so that one probe
/// stays one.
#[must_use = "a permit that is not given back keeps the breaker half open"]
#[derive(Debug, PartialEq, Eq)]
pub enum Permit {
    /// One of many.
    Ordinary,
    /// The one that decides whether the breaker closes.
    Probe,
}

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer.
    Succeeded,
    /// None, or a wrong one.
    Failed,
    /// Nothing was learned: told to be patient, or never asked.
    Undecided,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::closed()
    }
}

impl Breaker {
    /// A breaker that has seen nothing yet.
    pub const fn closed() -> Self {
        Self {
            phase: Phase::Closed { failures: 0 },
        }
    }

    /// The state as people see it.
    pub const fn state(&self) -> BreakerState {
        match self.phase {
            Phase::Closed { .. } => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Says whether [`Breaker::admit`] would admit, and changes nothing.
    ///
    /// # Errors
    /// The instant at which asking again is worthwhile.
    pub fn check(&self, now: Timestamp) -> Result<(), Timestamp> {
        match self.phase {
            Phase::Closed { .. } => Ok(()),
            Phase::Open { until, .. } if until <= now => Ok(()),
            Phase::Open { until, cooldown } => Err(until.min(now.plus(cooldown))),
            Phase::HalfOpen { .. } => Err(now.plus(PROBE_PATIENCE)),
        }
    }

    /// Lets one request through, as the probe where the cooldown is over.
    ///
    /// # Errors
    /// The instant at which asking again is worthwhile.
    pub fn admit(&mut self, now: Timestamp) -> Result<Permit, Timestamp> {
        if let Phase::Open { until, cooldown } = &mut self.phase {
            // A clock that was set back would otherwise keep it open for as long as it went back.
            *until = (*until).min(now.plus(*cooldown));
        }
        self.check(now)?;
        match self.phase {
            Phase::Open { cooldown, .. } => {
                self.phase = Phase::HalfOpen { cooldown };
                Ok(Permit::Probe)
            }
            Phase::Closed { .. } | Phase::HalfOpen { .. } => Ok(Permit::Ordinary),
        }
    }

    /// Takes a permit back with what came of it. Answers to requests from before it opened decide
    /// nothing any more: only the probe does.
    pub fn settle(&mut self, permit: Permit, outcome: Outcome, now: Timestamp) {
        self.phase = match (&self.phase, permit, outcome) {
            (Phase::Closed { .. }, _, Outcome::Succeeded)
            | (Phase::HalfOpen { .. }, Permit::Probe, Outcome::Succeeded) => {
                Phase::Closed { failures: 0 }
            }
            (Phase::Closed { failures }, _, Outcome::Failed) if failures + 1 < FAILURES_TO_OPEN => {
                Phase::Closed {
                    failures: failures + 1,
                }
            }
            (Phase::Closed { .. }, _, Outcome::Failed) => open(FIRST_COOLDOWN, now),
            (Phase::HalfOpen { cooldown }, Permit::Probe, Outcome::Failed) => {
                open(cooldown.saturating_mul(2).min(LONGEST_COOLDOWN), now)
            }
            (Phase::HalfOpen { cooldown }, Permit::Probe, Outcome::Undecided) => {
                open(*cooldown, now)
            }
            (Phase::Closed { .. }, _, Outcome::Undecided)
            | (Phase::HalfOpen { .. }, Permit::Ordinary, _)
            | (Phase::Open { .. }, _, _) => return,
        };
    }

    /// Closes it because a person says so.
    pub fn reset(&mut self) {
        *self = Self::closed();
    }
}

fn open(cooldown: Duration, now: Timestamp) -> Phase {
    Phase::Open {
        until: now.plus(cooldown),
        cooldown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn opened_at(now: Timestamp) -> Breaker {
        let mut breaker = Breaker::closed();
        for _ in 0..FAILURES_TO_OPEN {
            let permit = breaker.admit(now).unwrap();
            breaker.settle(permit, Outcome::Failed, now);
        }
        breaker
    }

    #[test]
    fn opens_after_five_failures_in_a_row_and_not_before() {
        let mut breaker = Breaker::closed();
        for outcome in [Outcome::Failed; 4].into_iter().chain([Outcome::Succeeded]) {
            breaker.settle(Permit::Ordinary, outcome, at(0));
        }
        for _ in 0..4 {
            breaker.settle(Permit::Ordinary, Outcome::Failed, at(0));
            assert_eq!(breaker.state(), BreakerState::Closed);
        }
        breaker.settle(Permit::Ordinary, Outcome::Failed, at(0));
        assert_eq!(breaker.check(at(59)), Err(at(60)));
        assert_eq!(breaker.admit(at(60)), Ok(Permit::Probe));
    }

    #[test]
    fn a_failed_probe_doubles_the_cooldown_up_to_a_quarter_of_an_hour() {
        let mut breaker = opened_at(at(0));
        let mut now = at(0);
        for cooldown in [60, 120, 240, 480, 900, 900] {
            assert_eq!(
                breaker.check(now),
                Err(now.plus(Duration::from_secs(cooldown)))
            );
            now = now.plus(Duration::from_secs(cooldown));
            let probe = breaker.admit(now).unwrap();
            breaker.settle(probe, Outcome::Failed, now);
        }
        now = now.plus(LONGEST_COOLDOWN);
        let probe = breaker.admit(now).unwrap();
        breaker.settle(probe, Outcome::Succeeded, now);
        assert_eq!(breaker, Breaker::closed());
    }

    #[test]
    fn a_throttled_probe_keeps_the_cooldown_as_it_is() {
        let mut breaker = opened_at(at(0));
        let probe = breaker.admit(at(60)).unwrap();
        breaker.settle(probe, Outcome::Undecided, at(60));
        assert_eq!(breaker.check(at(60)), Err(at(120)));
    }

    #[test]
    fn a_late_answer_from_before_the_opening_does_not_stand_in_for_the_probe() {
        let mut breaker = opened_at(at(0));
        let probe = breaker.admit(at(60)).unwrap();
        breaker.settle(Permit::Ordinary, Outcome::Succeeded, at(61));
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        breaker.settle(probe, Outcome::Succeeded, at(62));
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn a_clock_that_is_set_back_holds_it_open_for_no_longer_than_a_cooldown() {
        let mut breaker = opened_at(at(1_000_000));
        assert_eq!(breaker.admit(at(0)), Err(at(60)));
        assert_eq!(breaker.admit(at(60)), Ok(Permit::Probe));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Admit,
        Settle(usize, Outcome),
        Wait(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let outcome = prop_oneof![
            1 => Just(Outcome::Succeeded),
            3 => Just(Outcome::Failed),
            1 => Just(Outcome::Undecided)
        ];
        prop_oneof![
            3 => Just(Step::Admit),
            3 => (any::<usize>(), outcome).prop_map(|(which, outcome)| Step::Settle(which, outcome)),
            1 => (-100_i64..1_000).prop_map(Step::Wait),
        ]
    }

    fn is_legal(from: BreakerState, to: BreakerState) -> bool {
        use BreakerState::{Closed, HalfOpen, Open};
        from == to
            || matches!(
                (from, to),
                (Closed, Open) | (Open, HalfOpen) | (HalfOpen, Closed | Open)
            )
    }

    proptest! {
        #[test]
        fn never_has_two_probes_out_and_moves_along_the_legal_graph_only(
            steps in prop::collection::vec(step(), 0..200)
        ) {
            let mut breaker = Breaker::closed();
            let mut out: Vec<Permit> = Vec::new();
            let mut now = at(1_000_000);
            for step in steps {
                let before = breaker.state();
                match step {
                    Step::Admit => out.extend(breaker.admit(now)),
                    Step::Wait(secs) => now = Timestamp::from_millis(now.millis() + secs * 1000),
                    Step::Settle(which, outcome) if !out.is_empty() => {
                        let permit = out.swap_remove(which % out.len());
                        breaker.settle(permit, outcome, now);
                    }
                    Step::Settle(..) => {}
                }
                prop_assert!(is_legal(before, breaker.state()));
                let probes = out.iter().filter(|permit| **permit == Permit::Probe).count();
                let half_open = breaker.state() == BreakerState::HalfOpen;
                prop_assert_eq!(probes, usize::from(half_open));
                if half_open {
                    prop_assert!(breaker.check(now).is_err());
                }
            }
        }

        #[test]
        fn is_never_shut_for_longer_than_the_longest_cooldown(failed_probes in 0_usize..12) {
            let mut breaker = opened_at(at(0));
            let mut now = at(0);
            for _ in 0..failed_probes {
                now = now.plus(LONGEST_COOLDOWN);
                let probe = breaker.admit(now).unwrap();
                breaker.settle(probe, Outcome::Failed, now);
            }
            prop_assert_eq!(breaker.admit(now.plus(LONGEST_COOLDOWN)), Ok(Permit::Probe));
        }
    }
}
