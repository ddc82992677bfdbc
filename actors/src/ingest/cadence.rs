//! When a channel is asked next. Holds the truth on how often it speaks.
//!
//! Pure; the jitter comes in as a number. Must never answer with a wait outside of
//! [`SHORTEST`]..=[`LONGEST`], whatever the channel's clock says.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::Timestamp;

/// A free channel takes a write every 15 s: asking more often cannot tell more.
pub(super) const SHORTEST: Duration = Duration::from_secs(15);
/// Silence is noticed by the age of the last reading, but a channel that speaks again should not
/// wait longer than this to be heard.
pub(super) const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Until the channel's own interval is known.
const UNKNOWN: Duration = Duration::from_secs(60);
/// An entry can be read a moment after the time that it bears.
const LAG: Duration = Duration::from_secs(2);
/// Enough for a median that one odd interval does not move, few enough to follow a new rhythm.
const REMEMBERED: usize = 15;
/// Fewer than this are no rhythm.
const FEWEST: usize = 3;
/// So that channels which were asked together do not stay together.
const JITTER: f64 = 0.1;
/// Doubling more often than this is past [`LONGEST`] for every interval.
const MOST_DOUBLINGS: u32 = 8;

/// How often a channel speaks, and how it has been answering.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cadence {
    /// Between entries that followed each other, oldest first.
    intervals: VecDeque<Duration>,
    newest: Option<Timestamp>,
    failures: u32,
    /// Answers in a row without anything new.
    idle: u32,
}

impl Cadence {
    /// Learns from an answer: `created` are the times of its entries, known or not, oldest first.
    pub fn answered(&mut self, created: impl IntoIterator<Item = Timestamp>) {
        let before = self.newest;
        created.into_iter().for_each(|at| self.observe(at));
        self.failures = 0;
        self.idle = if self.newest > before {
            0
        } else {
            self.idle.saturating_add(1)
        };
    }

    /// Learns that there was no answer.
    pub fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// Forgets the rhythm: the channel was cleared, and may be another device's now.
    pub fn cleared(&mut self) {
        *self = Self::default();
    }

    /// The median of the channel's own intervals; `None` until there are enough.
    pub fn interval(&self) -> Option<Duration> {
        if self.intervals.len() < FEWEST {
            return None;
        }
        let mut sorted: Vec<_> = self.intervals.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }

    /// How long to wait before asking again; `jitter` from -1 to 1, drawn evenly.
    pub fn wait(&self, now: Timestamp, jitter: f64) -> Duration {
        let interval = self.interval().unwrap_or(UNKNOWN).clamp(SHORTEST, LONGEST);
        let (wait, at_least) = match self.until_expected(now, interval) {
            Some(aim) if self.failures == 0 => (aim, aim),
            Some(_) | None => (self.slowed(interval), SHORTEST),
        };
        let spread = if jitter.is_finite() {
            jitter.clamp(-1.0, 1.0)
        } else {
            0.0
        };
        wait.min(LONGEST)
            .mul_f64(1.0 + JITTER * spread)
            .max(at_least)
            .clamp(SHORTEST, LONGEST)
    }

    /// How long until the next entry should be there; `None` where it should have been already.
    fn until_expected(&self, now: Timestamp, interval: Duration) -> Option<Duration> {
        self.interval()?;
        let due = self.newest?.min(now).plus(interval).plus(LAG);
        (due > now).then(|| due.since(now))
    }

    /// An entry that is a little late is looked for soon; each further silence, and each failure,
    /// doubles the wait.
    fn slowed(&self, interval: Duration) -> Duration {
        let (from, silences) = match self.interval() {
            Some(_) if self.failures == 0 => (interval / 4, self.idle.saturating_sub(1)),
            Some(_) | None => (interval, self.failures.max(self.idle.saturating_sub(1))),
        };
        from * (1 << silences.min(MOST_DOUBLINGS))
    }

    fn observe(&mut self, at: Timestamp) {
        let Some(newest) = self.newest.filter(|newest| *newest < at) else {
            // Rows with an old time say nothing of the rhythm.
            self.newest = self.newest.or(Some(at));
            return;
        };
        if self.intervals.len() == REMEMBERED {
            self.intervals.pop_front();
        }
        self.intervals.push_back(at.since(newest));
        self.newest = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn every(secs: i64, count: i64) -> Cadence {
        let mut cadence = Cadence::default();
        cadence.answered((0..count).map(|n| at(n * secs)));
        cadence
    }

    #[test]
    fn asks_every_minute_until_the_interval_is_known() {
        let mut cadence = Cadence::default();
        assert_eq!(cadence.wait(at(0), 0.0), UNKNOWN);
        cadence.answered([at(0), at(5)]);
        assert_eq!(cadence.wait(at(6), 0.0), UNKNOWN);
    }

    #[test]
    fn aims_a_little_after_the_entry_that_is_expected_next() {
        let cadence = every(300, 5);
        assert_eq!(
            cadence.wait(at(4 * 300 + 10), 0.0),
            Duration::from_secs(292)
        );
        assert_eq!(
            cadence.wait(at(4 * 300 + 10), -1.0),
            Duration::from_secs(292)
        );
    }

    #[test]
    fn one_long_silence_does_not_change_the_rhythm() {
        let mut cadence = every(60, 9);
        cadence.answered([at(100_000)]);
        assert_eq!(cadence.interval(), Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_silent_channel_slows_down_to_a_quarter_of_an_hour_and_no_further() {
        let mut cadence = every(60, 9);
        let mut waits = Vec::new();
        for _ in 0..8 {
            cadence.answered([]);
            waits.push(cadence.wait(at(100_000), 0.0).as_secs());
        }
        assert_eq!(waits, [15, 30, 60, 120, 240, 480, 900, 900]);
        cadence.answered([at(100_000)]);
        assert_eq!(cadence.wait(at(100_000), 0.0), Duration::from_secs(62));
    }

    #[test]
    fn failures_double_the_wait() {
        let mut cadence = every(60, 9);
        cadence.failed();
        assert_eq!(cadence.wait(at(490), 0.0), Duration::from_secs(120));
        cadence.failed();
        assert_eq!(cadence.wait(at(490), 0.0), Duration::from_secs(240));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Answered(Vec<i64>),
        Failed,
        Cleared,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            prop::collection::vec(any::<i64>(), 0..20).prop_map(Step::Answered),
            Just(Step::Failed),
            Just(Step::Cleared),
        ]
    }

    proptest! {
        #[test]
        fn no_wait_is_shorter_or_longer_than_the_limits(
            steps in prop::collection::vec(step(), 0..40),
            now in any::<i64>(),
            jitter in any::<f64>(),
        ) {
            let mut cadence = Cadence::default();
            for step in steps {
                match step {
                    Step::Answered(times) => {
                        cadence.answered(times.into_iter().map(Timestamp::from_millis));
                    }
                    Step::Failed => cadence.failed(),
                    Step::Cleared => cadence.cleared(),
                }
                let wait = cadence.wait(Timestamp::from_millis(now), jitter);
                prop_assert!((SHORTEST..=LONGEST).contains(&wait));
            }
        }

        #[test]
        fn a_steady_channel_is_asked_once_an_interval_and_just_after_it_spoke(
            interval in 20_i64..800,
            phase in 0_i64..10,
            jitter in -1.0..1.0,
        ) {
            let mut cadence = every(interval, 20);
            let newest = 19 * interval;
            let now = at(newest + phase);
            cadence.answered([]);
            let wait = cadence.wait(now, jitter).as_secs_f64();
            let expected = (interval - phase + 2) as f64;
            prop_assert!(wait >= expected.max(15.0) && wait <= (expected * 1.1).max(15.0));
        }

        #[test]
        fn jitter_moves_the_wait_by_a_tenth_at_most(jitter in -1.0..1.0, silences in 0_usize..10) {
            let mut cadence = every(60, 9);
            for _ in 0..silences {
                cadence.answered([]);
            }
            let steady = cadence.wait(at(100_000), 0.0).as_secs_f64();
            let shaken = cadence.wait(at(100_000), jitter).as_secs_f64();
            prop_assert!((shaken - steady).abs() <= steady * 0.1 + 1e-6);
        }
    }
}
