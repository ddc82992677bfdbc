//! Telling those who watch: every published change of a twin, and what becomes of the tree, once, in one order.
//!
//! ```text
//! twin ──changed──▶ intake ──each tick──▶ broadcast ──append──▶ log ◀──read by position── listeners
//!                   bounded             (actor)               ring and latest states
//! ```
//!
//! One log for all shards, so that a place in it is two numbers: which log, and how far. A listener keeps such a
//! place and what wakes him. Whoever reads slowly costs nobody anything: he falls behind in the ring, and out of
//! it when he is slower than the ring is long, and is told so. What he may see, and how it is spelt, is not
//! known here.
//!
//! While nobody listens, twins do not even look at the intake's lock: the log is made anew for the first who comes.

mod actor;
mod ears;
mod fold;
mod handle;
mod intake;
#[cfg(test)]
mod laws;
mod log;
mod standing;
#[cfg(test)]
mod tests;
mod update;

pub(crate) use actor::BroadcastArgs;
pub use actor::TICK;
pub use ears::{Interest, Stretch, Touched};
pub use fold::{Told, fold};
pub use handle::{Broadcast, Listener, NotYet};
pub(crate) use intake::Intake;
pub use log::{Bounds, Entry, Gone, Log, Position, Since};
pub use standing::{Condition, Standing, Subject, Turn};
pub use update::{Update, UpdateKind};
