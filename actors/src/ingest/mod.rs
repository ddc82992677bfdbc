//! How channels are polled: one actor a channel performs; breaker, limiter, cursor and cadence decide.

mod breaker;
mod cadence;
mod cursor;
#[cfg(test)]
mod cursor_edges;
#[cfg(test)]
mod cursor_laws;
mod limiter;

pub use breaker::{Breaker, BreakerState, Outcome, Permit};
pub use cadence::Cadence;
pub use cursor::{Cursor, News};
pub use limiter::{Budget, Limiter};
