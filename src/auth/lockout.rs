//! How long somebody who was wrong has to wait before the next guess. Pure.
//!
//! The delay grows with each failure and ends by itself, so that nobody can lock another one out for
//! good. Whoever counts by account and by address has one of these for each.

use std::time::Duration;

use evara_actors::domain::Timestamp;

/// People mistype; a hundred guesses are not among these.
pub const FREE: u32 = 5;

/// The first delay; it doubles with each failure from then on.
pub const FIRST_DELAY: Duration = Duration::from_secs(1);

/// With it nobody has more than 96 guesses a day, and a person has a coffee.
pub const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);

/// Failures are forgotten when the last one is as old.
pub const MEMORY: Duration = Duration::from_secs(24 * 3600);

/// The failures since the last success. To be kept beside the account, or whatever it guards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many there were.
    pub count: u32,
    /// When the last one was; none where there were none.
    pub last_at: Option<Timestamp>,
}

impl Failures {
    /// None.
    pub const NONE: Self = Self {
        count: 0,
        last_at: None,
    };

    /// With one more, at `now`. A guess that had to wait is none, and not to be counted.
    #[must_use]
    pub fn and_one(self, now: Timestamp) -> Self {
        let before = if self.is_forgotten(now) {
            0
        } else {
            self.count
        };
        let last = self.last_at.map_or(now, |last| last.max(now));
        Self {
            count: before.saturating_add(1),
            last_at: Some(last),
        }
    }

    /// How long the next guess has to wait from `now`; zero where it has not. A clock that was set back
    /// makes nobody wait longer than the delay.
    pub fn wait(self, now: Timestamp) -> Duration {
        let Some(last) = self.last_at.filter(|_| !self.is_forgotten(now)) else {
            return Duration::ZERO;
        };
        self.delay().saturating_sub(now.since(last))
    }

    fn delay(self) -> Duration {
        let Some(beyond) = self.count.checked_sub(FREE) else {
            return Duration::ZERO;
        };
        let doubled = 2_u32.checked_pow(beyond).unwrap_or(u32::MAX);
        FIRST_DELAY.saturating_mul(doubled).min(LONGEST_DELAY)
    }

    fn is_forgotten(self, now: Timestamp) -> bool {
        self.last_at.is_none_or(|last| now.since(last) >= MEMORY)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: Timestamp = Timestamp::from_secs(1_704_110_400);

    fn after(count: u32) -> Failures {
        (0..count).fold(Failures::NONE, |failures, _| failures.and_one(NOON))
    }

    #[test]
    fn the_delay_begins_with_the_fifth_failure_and_doubles_up_to_a_quarter_of_an_hour() {
        let delays: Vec<_> = (0..18)
            .map(|count| after(count).wait(NOON).as_secs())
            .collect();
        let expected = [
            0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900,
        ];
        assert_eq!(delays, expected);
    }

    #[test]
    fn a_delay_ends_when_its_time_is_over_and_the_next_failure_doubles_it() {
        let failures = after(FREE);
        let later = NOON.plus(FIRST_DELAY);
        assert_eq!(
            failures.wait(NOON.plus(FIRST_DELAY / 4)),
            FIRST_DELAY * 3 / 4
        );
        assert_eq!(failures.wait(later), Duration::ZERO);
        assert_eq!(failures.and_one(later).wait(later), 2 * FIRST_DELAY);
    }

    #[test]
    fn a_day_after_the_last_failure_all_are_forgotten() {
        let failures = after(100);
        assert_eq!(failures.and_one(NOON.plus(MEMORY)).count, 1);
        assert_eq!(failures.and_one(NOON.plus(MEMORY / 2)).count, 101);
    }

    fn failures() -> impl Strategy<Value = Failures> {
        let last = prop::option::of(
            (-9_000_000_i64..9_000_000)
                .prop_map(|secs| Timestamp::from_millis(NOON.millis() + secs * 100)),
        );
        (any::<u32>(), last).prop_map(|(count, last_at)| Failures { count, last_at })
    }

    proptest! {
        #[test]
        fn nobody_waits_longer_than_the_longest_delay_whatever_the_clock_does(failures in failures()) {
            prop_assert!(failures.wait(NOON) <= LONGEST_DELAY);
            prop_assert!(failures.and_one(NOON).wait(NOON) <= LONGEST_DELAY * 2);
        }

        #[test]
        fn one_more_failure_never_makes_the_wait_shorter(failures in failures()) {
            prop_assert!(failures.and_one(NOON).wait(NOON) >= failures.wait(NOON));
        }

        #[test]
        fn waiting_for_as_long_as_is_said_is_enough(failures in failures()) {
            let wait = failures.wait(NOON);
            let now = failures.last_at.map_or(NOON, |last| last.max(NOON)).plus(wait);
            prop_assert_eq!(failures.wait(now), Duration::ZERO);
        }

        #[test]
        fn of_a_guess_a_second_for_a_day_few_are_looked_at(free in 0_u32..5) {
            let (mut failures, mut guesses) = (after(free), 0);
            for second in 0..24 * 3600 {
                let now = NOON.plus(Duration::from_secs(second));
                if failures.wait(now).is_zero() {
                    failures = failures.and_one(now);
                    guesses += 1;
                }
            }
            prop_assert!(guesses <= 15 + 96, "{} guesses", guesses);
        }
    }
}
