//! Who may write: of several processes on one database, the one that claimed it last.

use std::fmt;

use super::{ArchiveError, BoxFuture};

/// How often the right to write was taken, counted from 1 at a database's first service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The right to write all shards. Whoever implements this and [`Archive`](super::Archive) remembers the
/// epoch of its last claim, and refuses with [`ArchiveError::Fenced`] to write under one that is over.
pub trait Ownership: fmt::Debug + Send + Sync {
    /// Takes every shard, from whoever had it: once this answers, nothing that another process has not
    /// committed yet is ever committed by it. To be called before what is saved is loaded.
    fn claim(&self) -> BoxFuture<'_, Result<Epoch, ArchiveError>>;

    /// Waits until a write of any kind was refused because another process has claimed since, and says
    /// which epoch of ours is over. Need not ever answer.
    fn lost(&self) -> BoxFuture<'_, Epoch>;
}
