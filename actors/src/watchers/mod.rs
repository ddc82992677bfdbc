//! Those who watch what changes in the twins, and where they take it from.

mod desk;
mod persist;
mod sink;

pub(crate) use desk::Desk;
pub(crate) use persist::PersistArgs;
pub use persist::PersistView;
pub use sink::ShardSink;
