//! How channels are polled: one actor a channel performs; breaker, limiter, cursor and cadence decide.
//!
//! A [`PollerHandle`] is one poller; all pollers of one host share a [`HostGate`], which every request
//! passes, and a [`ChannelCache`], from which people look at a channel without asking the host again.

mod backfill;
mod breaker;
mod cache;
#[cfg(test)]
mod cache_tests;
mod cadence;
mod cursor;
#[cfg(test)]
mod cursor_edges;
#[cfg(test)]
mod cursor_laws;
mod delivery;
mod fetch;
mod host;
#[cfg(test)]
mod host_tests;
mod limiter;
mod poller;
#[cfg(test)]
mod poller_tests;
mod round;
#[cfg(test)]
mod scene;
mod view;

pub use breaker::{Breaker, BreakerState, Outcome, Permit};
pub use cache::{ChannelCache, ReadError};
pub use cadence::Cadence;
pub use cursor::{Cursor, News};
pub use host::{Cause, ChannelGate, GateSettings, Hold, HostGate, Pass};
pub use limiter::{Budget, Limiter};
pub(crate) use poller::PollerArgs;
pub use poller::{Ingest, PollerError, PollerHandle};
pub use view::{PollerCounts, PollerState, PollerView};
