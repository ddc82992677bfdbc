//! Those who watch what changes in the twins, and where they take it from.

pub mod broadcast;
mod commit;
mod desk;
mod persist;
mod sift;
#[cfg(test)]
mod sift_laws;
mod sink;

pub(crate) use broadcast::{BroadcastArgs, Intake};
pub(crate) use desk::Desk;
pub(crate) use persist::PersistArgs;
pub use persist::PersistView;
pub use sink::ShardSink;
