//! Staying up: who supervises whom, how often a failed actor is started again, and how actors are reached.

mod address;
mod child;
mod drawing;
mod nursery;
mod readers;
mod restart;
mod root;
mod shard;
mod standing;
mod supervisor;

pub(crate) use address::{Address, AskError, Done, answer, later};
pub(crate) use child::ChildSpec;
pub use drawing::{ActorKind, Census, draw};
pub(crate) use drawing::{BROADCAST, census, writer_name};
pub use readers::Readers;
pub(crate) use restart::{backoff, jitter};
pub use root::PlantError;
pub(crate) use root::{Trunk, plant};
pub(crate) use shard::{Child, Seat, Shard, ShardArgs};
pub(crate) use standing::see;
pub(crate) use supervisor::Alarm;
pub use supervisor::Failure;
pub(crate) use supervisor::Supervisor;
