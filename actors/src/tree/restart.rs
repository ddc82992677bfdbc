//! When a failed actor is started again, and when it is given up on. Pure: time and chance are arguments.
//!
//! Holds the record of one child's failures. It must never let a child that fails at each start take
//! more than a few starts a minute from its siblings.

use std::collections::VecDeque;
use std::time::Duration;

/// How patient a supervisor is with one child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Restarts allowed within [`WINDOW`]; with the next failure the child is given up on.
    pub(crate) restarts: usize,
}

/// A twin or a poller: what breaks it is most often a message of its own, so its siblings stay.
pub(crate) const CHILD: Patience = Patience { restarts: 5 };

/// A supervisor or a writer: at the third failure the fault is no longer local, and the platform
/// decides.
pub(crate) const SUPERVISOR: Patience = Patience { restarts: 2 };

/// What counts as often.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);

/// Before the first restart: longer than a lock is held, shorter than a person notices.
pub(crate) const FIRST_DELAY: Duration = Duration::from_millis(100);

/// Before any restart: a cured child is back within half a minute.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Start it again after so long.
    RestartAfter(Duration),
    /// Do not start it again.
    GiveUp,
}

/// The failures of one child, as far as they still count.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    /// Those within the window, oldest first; never more than [`Patience::restarts`] and one.
    recent: VecDeque<Duration>,
    /// Failures since the child last ran for a whole window without one.
    streak: u32,
}

impl History {
    /// Takes note of a failure at `now`, a time since any fixed moment that never runs backwards, and
    /// decides. `jitter`, from 0 to 1, spreads the restarts of children that failed together.
    pub(crate) fn failed(&mut self, patience: Patience, now: Duration, jitter: f64) -> Decision {
        let calm = |last: &Duration| now.saturating_sub(*last) >= WINDOW;
        if self.recent.back().is_none_or(calm) {
            self.streak = 0;
        }
        while self.recent.front().is_some_and(calm) {
            self.recent.pop_front();
        }
        if self.recent.len() >= patience.restarts {
            return Decision::GiveUp;
        }
        self.recent.push_back(now);
        self.streak = self.streak.saturating_add(1);
        Decision::RestartAfter(backoff(FIRST_DELAY, LONGEST_DELAY, self.streak, jitter))
    }
}

/// The wait before try number `attempt`, from 1: doubles from `first`, is lengthened by up to a half by
/// `jitter`, and is never above `longest`.
pub(crate) fn backoff(first: Duration, longest: Duration, attempt: u32, jitter: f64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(20);
    let plain = first.saturating_mul(1 << doublings).min(longest);
    plain
        .mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 2.0)
        .min(longest)
}

/// A number from 0 to 1 that differs between children and between their failures: chance enough to
/// spread restarts, and the same in every run.
pub(crate) fn jitter(child: u64, failure: u32) -> f64 {
    let mixed = (child ^ u64::from(failure).rotate_left(32))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(29)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    f64::from((mixed >> 40) as u32) / f64::from(1_u32 << 24)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Failure times from the gaps between them, in milliseconds.
    fn failures() -> impl Strategy<Value = Vec<u64>> {
        vec(0_u64..40_000, 1..200).prop_map(|gaps| {
            let sum = |now: &mut u64, gap| {
                *now += gap;
                Some(*now)
            };
            gaps.into_iter().scan(0, sum).collect()
        })
    }

    proptest! {
        #[test]
        fn no_window_holds_more_restarts_than_are_allowed(times in failures(), jitter in 0.0..1.0) {
            let mut history = History::default();
            let mut restarts: Vec<u64> = Vec::new();
            for now in times {
                let decision = history.failed(CHILD, Duration::from_millis(now), jitter);
                let within = restarts.iter().filter(|&&then| now - then < 60_000).count();
                prop_assert_eq!(decision == Decision::GiveUp, within >= CHILD.restarts);
                if decision == Decision::GiveUp {
                    return Ok(());
                }
                restarts.push(now);
            }
        }

        #[test]
        fn every_wait_lies_between_the_first_and_the_longest(times in failures(), jitter in -1.0..2.0) {
            let mut history = History::default();
            for now in times {
                if let Decision::RestartAfter(wait) =
                    history.failed(CHILD, Duration::from_millis(now), jitter)
                {
                    prop_assert!((FIRST_DELAY..=LONGEST_DELAY).contains(&wait));
                }
            }
        }

        #[test]
        fn a_longer_streak_never_waits_less(attempt in 1_u32..100, jitter in 0.0..1.0) {
            let wait = |attempt| backoff(FIRST_DELAY, LONGEST_DELAY, attempt, jitter);
            prop_assert!(wait(attempt) <= wait(attempt + 1));
        }

        #[test]
        fn jitter_is_a_share(child: u64, failure: u32) {
            prop_assert!((0.0..1.0).contains(&jitter(child, failure)));
        }
    }

    #[test]
    fn a_child_that_ran_for_a_minute_begins_anew() {
        let mut history = History::default();
        for secs in [0, 61, 122, 183, 244, 305, 366, 427] {
            let decision = history.failed(CHILD, Duration::from_secs(secs), 0.0);
            assert_eq!(decision, Decision::RestartAfter(FIRST_DELAY));
        }
    }

    #[test]
    fn a_supervisor_is_given_up_on_at_its_third_failure() {
        let mut history = History::default();
        let mut fail = |secs| history.failed(SUPERVISOR, Duration::from_secs(secs), 0.0);
        assert!(matches!(fail(0), Decision::RestartAfter(_)));
        assert!(matches!(fail(1), Decision::RestartAfter(_)));
        assert_eq!(fail(59), Decision::GiveUp);
    }
}
