//! The one way to ask what time it is.

use std::fmt::Debug;
use std::time::Duration;

use crate::domain::Timestamp;

/// The wall clock. Actors wait by the runtime's timer and ask this one only for what they write down.
pub trait Clock: Debug + Send + Sync {
    /// The time now, in UTC.
    fn now(&self) -> Timestamp;

    /// How long the runtime's timer must run for this clock to move on by `span`: shorter in a
    /// world that is told to run faster.
    fn wait_for(&self, span: Duration) -> Duration {
        span
    }
}
