//! Staying up: who supervises whom, how often a failed actor is started again, and how actors are reached.

mod address;
mod readers;
mod restart;

pub(crate) use address::{Address, AskError, Done, answer};
pub use readers::Readers;
