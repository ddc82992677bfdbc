//! How often a channel, or a host, may be asked. Holds the truth on what was spent.
//!
//! Pure, and in whole numbers, so that the law is exact: in any window of `t` milliseconds at most
//! `burst + rate × t / 60 000` requests. Must never grant time twice when a clock is set back.

use std::time::Duration;

use crate::domain::Timestamp;

/// What one request costs. A bucket that refills at `n` a minute gains `n` units a millisecond.
const TOKEN: u64 = 60_000;
/// How long to keep away where a 429 does not say: ThingSpeak's own interval between writes.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest wait that is believed: a wrong `Retry-After` must not silence a channel for a day.
const LONGEST_PATIENCE: Duration = Duration::from_secs(60 * 60);
/// A 429 halves the rate down to this part of the full one, so that recovery can still be seen.
const FLOOR_PART: u64 = 8;
/// A tenth of the full rate comes back for every so long without a 429.
const RECOVERY_EVERY: Duration = Duration::from_secs(60);
const RECOVERY_PART: u64 = 10;

/// So many requests in any minute, the burst included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    per_minute: u32,
    burst: u32,
}

impl Budget {
    /// A reader of a free channel may ask four times a minute; 15 leave room for backfills,
    /// probes and people.
    pub const CHANNEL: Self = Self {
        per_minute: 15,
        burst: 3,
    };
    /// A hundred a second: six thousand channels at a poll a minute.
    pub const HOST: Self = Self {
        per_minute: 6_600,
        burst: 600,
    };

    /// `per_minute` requests in any minute, of which `burst` may come at once.
    /// `None` unless `0 < burst < per_minute`.
    pub const fn try_new(per_minute: u32, burst: u32) -> Option<Self> {
        if burst == 0 || burst >= per_minute {
            return None;
        }
        Some(Self { per_minute, burst })
    }

    /// What flows back in a minute: the rest is the burst.
    const fn refill(self) -> u64 {
        (self.per_minute - self.burst) as u64
    }

    const fn capacity(self) -> u64 {
        self.burst as u64 * TOKEN
    }
}

/// A token bucket that slows down when it is told to, and recovers slowly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limiter {
    budget: Budget,
    /// A minute; at most the budget's.
    refill: u64,
    /// In units of 1/[`TOKEN`].
    level: u64,
    /// The newest instant that was accounted for.
    seen: Timestamp,
    not_before: Timestamp,
    /// When the rate last changed.
    adapted: Timestamp,
}

impl Limiter {
    /// A full bucket.
    pub const fn new(budget: Budget, now: Timestamp) -> Self {
        Self {
            budget,
            refill: budget.refill(),
            level: budget.capacity(),
            seen: now,
            not_before: now,
            adapted: now,
        }
    }

    /// Says whether a request may go now, and takes nothing.
    ///
    /// # Errors
    /// The instant at which one may, if nobody else goes before.
    pub fn check(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        self.advance(now);
        let lacking = TOKEN.saturating_sub(self.level);
        let refilled = now.plus(Duration::from_millis(lacking.div_ceil(self.refill)));
        match refilled.max(self.not_before) {
            ready if ready <= now => Ok(()),
            ready => Err(ready),
        }
    }

    /// Takes what one request costs.
    ///
    /// # Errors
    /// As [`Limiter::check`]; nothing is taken.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        self.check(now)?;
        self.level -= TOKEN;
        Ok(())
    }

    /// Halves the rate, and keeps away for as long as the other side asked.
    pub fn throttled(&mut self, retry_after: Option<Duration>, now: Timestamp) {
        self.advance(now);
        let floor = (self.budget.refill() / FLOOR_PART).max(1);
        self.refill = (self.refill / 2).max(floor);
        self.adapted = now;
        let wait = retry_after.unwrap_or(PATIENCE).min(LONGEST_PATIENCE);
        self.not_before = self.not_before.max(now.plus(wait));
    }

    /// How many requests flow back in a minute at present.
    pub const fn refill_per_minute(&self) -> u64 {
        self.refill
    }

    fn advance(&mut self, now: Timestamp) {
        if now < self.seen {
            self.set_back(self.seen.since(now));
        }
        let passed = u64::try_from(now.since(self.seen).as_millis()).unwrap_or(u64::MAX);
        self.seen = now;
        let gained = passed.saturating_mul(self.refill);
        self.level = self
            .level
            .saturating_add(gained)
            .min(self.budget.capacity());
        self.recover(now);
    }

    /// Moves every instant along with the clock, so that what was left to wait is left still.
    fn set_back(&mut self, by: Duration) {
        self.seen = self.seen.minus(by);
        self.not_before = self.not_before.minus(by);
        self.adapted = self.adapted.minus(by);
    }

    fn recover(&mut self, now: Timestamp) {
        let full = self.budget.refill();
        let steps = now.since(self.adapted).as_secs() / RECOVERY_EVERY.as_secs();
        if steps == 0 {
            return;
        }
        let step = (full / RECOVERY_PART).max(1);
        self.refill = self
            .refill
            .saturating_add(steps.saturating_mul(step))
            .min(full);
        self.adapted = self
            .adapted
            .plus(RECOVERY_EVERY.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn after(now: Timestamp, millis: i64) -> Timestamp {
        Timestamp::from_millis(now.millis() + millis)
    }

    #[test]
    fn a_refused_request_is_told_when_to_come_and_is_let_in_then() {
        let mut limiter = Limiter::new(Budget::CHANNEL, at(0));
        for _ in 0..3 {
            limiter.admit(at(0)).unwrap();
        }
        assert_eq!(limiter.admit(at(0)), Err(at(5)));
        assert_eq!(limiter.admit(at(5)), Ok(()));
    }

    #[test]
    fn nothing_goes_before_the_time_that_retry_after_named() {
        let mut limiter = Limiter::new(Budget::CHANNEL, at(0));
        limiter.throttled(Some(Duration::from_secs(90)), at(0));
        assert_eq!(limiter.admit(at(89)), Err(at(90)));
        assert_eq!(limiter.admit(at(90)), Ok(()));
        limiter.throttled(Some(Duration::MAX), at(90));
        assert_eq!(limiter.check(at(91)), Err(at(90 + 3600)));
    }

    #[test]
    fn halves_down_to_a_floor_and_recovers_step_by_step() {
        let mut limiter = Limiter::new(Budget::CHANNEL, at(0));
        let mut rates = Vec::new();
        for _ in 0..5 {
            limiter.throttled(None, at(0));
            rates.push(limiter.refill_per_minute());
        }
        assert_eq!(rates, [6, 3, 1, 1, 1]);
        let _ = limiter.check(at(59));
        assert_eq!(limiter.refill_per_minute(), 1);
        let _ = limiter.check(at(3 * 60));
        assert_eq!(limiter.refill_per_minute(), 4);
        let _ = limiter.check(at(60 * 60));
        assert_eq!(limiter.refill_per_minute(), 12);
    }

    #[test]
    fn a_clock_set_back_does_not_make_anybody_wait_longer() {
        let mut limiter = Limiter::new(Budget::CHANNEL, at(10_000));
        limiter.throttled(Some(Duration::from_secs(30)), at(10_000));
        assert_eq!(limiter.check(at(0)), Err(at(30)));
        assert_eq!(limiter.check(at(30)), Ok(()));
    }

    #[test]
    fn a_budget_without_room_or_without_flow_cannot_be_made() {
        assert_eq!(Budget::try_new(15, 0), None);
        assert_eq!(Budget::try_new(15, 15), None);
        assert_eq!(Budget::try_new(15, 3), Some(Budget::CHANNEL));
    }

    fn budgets() -> impl Strategy<Value = Budget> {
        (1_u32..50, 1_u32..500)
            .prop_map(|(burst, flow)| Budget::try_new(burst + flow, burst).unwrap())
    }

    proptest! {
        #[test]
        fn no_window_sees_more_than_the_burst_and_what_flows_back_in_it(
            budget in budgets(),
            steps in prop::collection::vec((0_i64..5_000, prop::bool::weighted(0.02)), 1..200),
        ) {
            let mut limiter = Limiter::new(budget, at(0));
            let mut now = at(0);
            let mut went = Vec::new();
            for (wait, throttled) in steps {
                now = after(now, wait);
                if throttled {
                    limiter.throttled(None, now);
                }
                while limiter.admit(now).is_ok() {
                    went.push(now);
                }
            }
            for (i, first) in went.iter().enumerate() {
                for (j, last) in went.iter().enumerate().skip(i) {
                    let window = u64::try_from(last.millis_since(*first)).unwrap();
                    let count = u64::try_from(j - i + 1).unwrap();
                    prop_assert!(count * TOKEN <= budget.capacity() + budget.refill() * window);
                }
            }
        }

        #[test]
        fn a_clock_that_jumps_grants_nothing_but_the_time_that_it_ran_forward(
            budget in budgets(),
            steps in prop::collection::vec(-100_000_i64..2_000, 1..200),
        ) {
            let mut limiter = Limiter::new(budget, at(1_000_000));
            let (mut now, mut ran, mut went) = (at(1_000_000), 0_u64, 0_u64);
            for step in steps {
                now = after(now, step);
                ran += u64::try_from(step).unwrap_or(0);
                while limiter.admit(now).is_ok() {
                    went += 1;
                }
                prop_assert!(went * TOKEN <= budget.capacity() + budget.refill() * ran);
            }
        }

        #[test]
        fn waiting_as_long_as_told_is_always_enough(
            budget in budgets(),
            throttles in prop::collection::vec(prop::option::of(0_u64..5_000), 0..5),
            spent in 0_u32..60,
        ) {
            let mut limiter = Limiter::new(budget, at(0));
            for _ in 0..spent {
                let _ = limiter.admit(at(0));
            }
            for retry_after in throttles {
                limiter.throttled(retry_after.map(Duration::from_secs), at(0));
            }
            if let Err(ready) = limiter.check(at(0)) {
                prop_assert_eq!(limiter.admit(ready), Ok(()));
            }
        }
    }
}
