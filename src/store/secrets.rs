//! The keys that open private channels: who may ask for them, and how that fails.
//!
//! A key leaves only through [`ChannelSecrets::read_keys`], for the feed. It is never shown to people.

use std::fmt::Debug;

use evara_actors::domain::{ChannelId, NodeId};
use evara_actors::ports::BoxFuture;
use secrecy::SecretString;

/// The durable keys of channels. A write that answered `Ok` was committed.
pub trait ChannelSecrets: Debug + Send + Sync {
    /// Keeps the read key with which `node` reads `channel`, in place of the one it had.
    fn set_read_key<'a>(
        &'a self,
        channel: ChannelId,
        node: NodeId,
        key: &SecretString,
    ) -> BoxFuture<'a, Result<(), SecretsError>>;

    /// Every read key; several of one channel where nodes brought keys of their own for it.
    fn read_keys(&self) -> BoxFuture<'_, Result<Vec<ReadKey>, SecretsError>>;

    /// Forgets the read key of a node. Nothing to forget is no error.
    fn remove_read_key(&self, node: NodeId) -> BoxFuture<'_, Result<(), SecretsError>>;

    /// Whether a node has a read key.
    fn has_read_key(&self, node: NodeId) -> BoxFuture<'_, Result<bool, SecretsError>>;
}

/// A key that opens a channel, and who brought it.
#[derive(Debug)]
pub struct ReadKey {
    /// What it opens, if it is right.
    pub channel: ChannelId,
    /// Who brought it.
    pub node: NodeId,
    /// Never shown.
    pub key: SecretString,
}

/// Why a key was not kept, or not given.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// Keys belong to nodes, and there is no such node.
    #[error("no such node")]
    NotFound,
    /// What is stored was altered, moved from another row, or sealed under another SECRET_KEY.
    #[error("the stored read key of channel {channel} does not open with this SECRET_KEY")]
    Sealed {
        /// Whose key it is.
        channel: ChannelId,
    },
    /// The store failed, or did not answer in time.
    #[error("the store of keys cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
