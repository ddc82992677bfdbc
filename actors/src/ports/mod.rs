//! What the twin system asks of the outside, as traits that the service implements.
//!
//! Each answers within a deadline of its own; the actors put another one around it.

mod archive;
mod clock;
mod feed;
mod ownership;
mod registry;

use std::future::Future;
use std::pin::Pin;

pub use archive::{
    Archive, ArchiveError, Batch, CursorRow, Cursors, DeadLetter, EventRow, LogEntry, Point,
    Record, Saved, SavedTwin, SavedTwins, SnapshotRow, TelemetryQuery, TelemetryRow,
};
pub use clock::Clock;
pub use feed::{Ask, Entry, Feed, FeedError, Opened, Page};
pub use ownership::{Epoch, Ownership};
pub use registry::{Registry, RegistryError};

/// A future that can be stored: what makes a trait with async methods usable behind `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
