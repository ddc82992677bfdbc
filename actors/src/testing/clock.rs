//! A wall clock that moves with the runtime's timer, and so stands still and jumps when a test says so.

use tokio::time::Instant;

use crate::domain::Timestamp;
use crate::ports::Clock;

/// When the fakes' time begins: 2024-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp::from_secs(1_704_067_200);

/// The clock of a world that began at [`START`], when this was made.
#[derive(Debug)]
pub struct VirtualClock(Instant);

impl Default for VirtualClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        START.plus(self.0.elapsed())
    }
}
