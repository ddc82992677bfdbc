//! The channels' read keys, in both places that have them: sealed in the store, and in the feed's hand.
//!
//! The store has the truth; the feed's keyring follows it after the commit, so that a key which is used
//! is a key that outlives the process.

use std::sync::Arc;

use evara_actors::domain::{ChannelId, NodeId};
use evara_actors::ports::BoxFuture;
use secrecy::SecretString;

use super::nodes::{KeysError, ReadKeys};
use crate::store::{ChannelSecrets, SecretsError};
use crate::thingspeak::Keyring;

/// See the module.
#[derive(Debug)]
pub(super) struct Keys {
    store: Arc<dyn ChannelSecrets>,
    keyring: Arc<Keyring>,
}

impl Keys {
    pub(super) fn new(store: Arc<dyn ChannelSecrets>, keyring: Arc<Keyring>) -> Self {
        Self { store, keyring }
    }

    async fn keep(
        &self,
        channel: ChannelId,
        node: NodeId,
        key: SecretString,
    ) -> Result<(), SecretsError> {
        self.store.set_read_key(channel, node, &key).await?;
        self.keyring.set(channel, key);
        Ok(())
    }

    /// The channel goes on with the key of another node that reads it, if there is one.
    async fn forget(&self, channel: ChannelId, node: NodeId) -> Result<(), SecretsError> {
        self.store.remove_read_key(node).await?;
        let keys = self.store.read_keys().await?;
        match keys.into_iter().rfind(|(of, _)| *of == channel) {
            Some((_, key)) => self.keyring.set(channel, key),
            None => self.keyring.remove(channel),
        }
        Ok(())
    }
}

impl ReadKeys for Keys {
    fn set(
        &self,
        channel: ChannelId,
        node: NodeId,
        key: SecretString,
    ) -> BoxFuture<'_, Result<(), KeysError>> {
        Box::pin(async move { self.keep(channel, node, key).await.map_err(failed) })
    }

    fn remove(&self, channel: ChannelId, node: NodeId) -> BoxFuture<'_, Result<(), KeysError>> {
        Box::pin(async move { self.forget(channel, node).await.map_err(failed) })
    }

    fn has(&self, node: NodeId) -> BoxFuture<'_, Result<bool, KeysError>> {
        Box::pin(async move { self.store.has_read_key(node).await.map_err(failed) })
    }
}

fn failed(error: SecretsError) -> KeysError {
    KeysError(Box::new(error))
}
