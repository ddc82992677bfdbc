//! The clocks of a running service: the machine's own, and one of a world that runs faster.
//!
//! The only place that asks the operating system for the time. Neither clock ever goes back while the
//! process runs, whatever is done to the machine's.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use evara_actors::domain::Timestamp;
use evara_actors::ports::Clock;
use serde::{Deserialize, Serialize};

#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock that all others are told to ask"
)]
fn machine_time() -> Timestamp {
    let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(_before_1970) => 0,
    };
    Timestamp::from_millis(millis)
}

/// The newest time that was told: what keeps a clock from going back.
#[derive(Debug)]
struct Newest(AtomicI64);

impl Newest {
    const fn new() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }

    fn or_later(&self, time: Timestamp) -> Timestamp {
        let before = self.0.fetch_max(time.millis(), Ordering::AcqRel);
        Timestamp::from_millis(before.max(time.millis()))
    }
}

/// The machine's time.
#[derive(Debug)]
pub struct SystemClock(Newest);

impl SystemClock {
    /// A clock that shows the machine's time.
    pub const fn new() -> Self {
        Self(Newest::new())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.0.or_later(machine_time())
    }
}

/// How many seconds of a world pass in a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Speed(f64);

/// Not a speed of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number from {} to {}", Speed::SLOWEST, Speed::FASTEST)]
pub struct SpeedError;

impl Speed {
    /// As the machine's clock.
    pub const NORMAL: Self = Self(1.0);
    /// A day of the world takes more than three months.
    pub const SLOWEST: f64 = 0.01;
    /// A minute of the world takes 60 ms: about what polls need at the least.
    pub const FASTEST: f64 = 1_000.0;

    /// A speed within bounds.
    pub fn try_new(factor: f64) -> Result<Self, SpeedError> {
        let possible = (Self::SLOWEST..=Self::FASTEST).contains(&factor);
        possible.then_some(Self(factor)).ok_or(SpeedError)
    }
}

impl TryFrom<f64> for Speed {
    type Error = SpeedError;

    fn try_from(factor: f64) -> Result<Self, SpeedError> {
        Self::try_new(factor)
    }
}

impl From<Speed> for f64 {
    fn from(speed: Speed) -> Self {
        speed.0
    }
}

impl std::str::FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        Self::try_new(text.parse().map_err(|_| SpeedError)?)
    }
}

/// Which time of the world belongs to which time of the machine: a straight line through one point.
/// Being kept, it lets a world go on where it was when the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    world: Timestamp,
    machine: Timestamp,
    speed: Speed,
}

impl Course {
    /// Begins now, with the world's time that of the machine.
    pub fn begin(speed: Speed) -> Self {
        let now = machine_time();
        Self {
            world: now,
            machine: now,
            speed,
        }
    }

    /// The world's time at which it begins.
    pub const fn start(&self) -> Timestamp {
        self.world
    }

    /// Goes on from where it is now at another speed.
    #[must_use]
    pub fn at_speed(self, speed: Speed) -> Self {
        self.turned(machine_time(), speed)
    }

    fn turned(self, machine: Timestamp, speed: Speed) -> Self {
        Self {
            world: self.at(machine),
            machine,
            speed,
        }
    }

    /// The world's time at a time of the machine; stands still while the machine's clock, set back, is
    /// before the point that the course began at.
    fn at(&self, machine: Timestamp) -> Timestamp {
        // What was kept may have been written by hand; times out of bounds would overflow.
        let began = self.machine.clamp(Timestamp::MIN, Timestamp::MAX);
        self.world.plus(machine.since(began).mul_f64(self.speed.0))
    }
}

/// The time of a world.
#[derive(Debug)]
pub struct ScaledClock {
    course: Course,
    newest: Newest,
}

impl ScaledClock {
    /// A clock that follows `course`.
    pub const fn new(course: Course) -> Self {
        Self {
            course,
            newest: Newest::new(),
        }
    }

    /// A course that goes on from the newest time that this clock told.
    pub fn course(&self, speed: Speed) -> Course {
        Course {
            world: self.now(),
            machine: machine_time(),
            speed,
        }
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        self.newest.or_later(self.course.at(machine_time()))
    }

    fn wait_for(&self, span: Duration) -> Duration {
        Duration::try_from_secs_f64(span.as_secs_f64() / self.course.speed.0)
            .unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn speed() -> impl Strategy<Value = Speed> {
        (Speed::SLOWEST..=Speed::FASTEST).prop_map(|factor| Speed::try_new(factor).unwrap())
    }

    proptest! {
        #[test]
        fn the_world_never_goes_back_however_often_its_speed_is_changed(
            turns in prop::collection::vec((0_i64..1_000_000_000, speed()), 1..20),
        ) {
            let mut machine = 1_700_000_000_000;
            let mut course = Course { world: at(machine), machine: at(machine), speed: Speed::NORMAL };
            let mut before = course.at(at(machine));
            for (passed, speed) in turns {
                machine += passed;
                course = course.turned(at(machine), speed);
                let now = course.at(at(machine));
                prop_assert!(now >= before);
                before = now;
            }
        }

        #[test]
        fn a_course_that_was_kept_is_the_same_course(factor in speed(), passed in 0_i64..1_000_000_000) {
            let course = Course { world: at(5), machine: at(7), speed: factor };
            let kept: Course = serde_json::from_str(&serde_json::to_string(&course).unwrap()).unwrap();
            prop_assert_eq!(kept.at(at(passed)), course.at(at(passed)));
        }
    }

    #[test]
    fn a_machine_clock_that_is_set_back_stops_the_world_but_does_not_turn_it() {
        let course = Course {
            world: at(9_000),
            machine: at(5_000),
            speed: Speed::NORMAL,
        };
        assert_eq!(course.at(at(1_000)), at(9_000));
        let newest = Newest::new();
        assert_eq!(newest.or_later(at(10)), at(10));
        assert_eq!(newest.or_later(at(3)), at(10));
    }

    #[test]
    fn waits_are_as_much_shorter_as_the_world_is_faster() {
        let clock = ScaledClock::new(Course::begin(Speed::try_new(60.0).unwrap()));
        assert_eq!(
            clock.wait_for(Duration::from_secs(60)),
            Duration::from_secs(1)
        );
        let slow = ScaledClock::new(Course::begin(Speed::try_new(0.5).unwrap()));
        assert_eq!(slow.wait_for(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn only_a_number_within_bounds_is_a_speed() {
        for text in ["0", "-1", "NaN", "inf", "1e9", "fast", ""] {
            assert_eq!(text.parse::<Speed>(), Err(SpeedError), "{text}");
        }
        assert_eq!("1".parse::<Speed>(), Ok(Speed::NORMAL));
    }
}
