//! What a store holds and this version cannot make sense of: said once, for every store.

/// Says what was found, in words for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unreadable(pub(super) String);
