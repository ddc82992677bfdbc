//! Staying up: who supervises whom, how often a failed actor is started again, and how actors are reached.

mod address;
mod child;
mod nursery;
mod readers;
mod restart;
mod shard;
mod supervisor;

pub(crate) use address::{Address, AskError, Done, answer, later};
pub(crate) use child::ChildSpec;
pub use readers::Readers;
pub(crate) use restart::{backoff, jitter};
pub(crate) use shard::{Child, Seat, Shard, ShardArgs};
pub use supervisor::Failure;
pub(crate) use supervisor::{Alarm, Supervisor};
