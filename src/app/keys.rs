//! The channels' read keys, in both places that have them: sealed in the store, and in the feed's hand.
//!
//! The store has the truth; the feed's keyring follows it after the commit, so that a key which is used
//! is a key that outlives the process.

use std::sync::Arc;

use evara_actors::domain::{ChannelId, NodeId};
use evara_actors::ports::BoxFuture;
use secrecy::SecretString;
use tokio::sync::Mutex;

use super::nodes::{KeysError, ReadKeys};
use crate::store::{ChannelSecrets, ReadKey, SecretsError};
use crate::thingspeak::Keyring;

/// See the module.
#[derive(Debug)]
pub(super) struct Keys {
    store: Arc<dyn ChannelSecrets>,
    keyring: Arc<Keyring>,
    /// One change at a time, so that the keyring never follows an older state of the store.
    turn: Mutex<()>,
}

impl Keys {
    pub(super) fn new(store: Arc<dyn ChannelSecrets>, keyring: Arc<Keyring>) -> Self {
        Self {
            store,
            keyring,
            turn: Mutex::default(),
        }
    }

    async fn keep(
        &self,
        channel: ChannelId,
        node: NodeId,
        key: SecretString,
    ) -> Result<(), SecretsError> {
        let _turn = self.turn.lock().await;
        let replaces = self.store.has_read_key(node).await?;
        self.store.set_read_key(channel, node, &key).await?;
        if replaces {
            return self.follow().await;
        }
        self.keyring.add(channel, node, key);
        Ok(())
    }

    /// The channel goes on with the keys of the other nodes that read it, if there are any.
    async fn forget(&self, node: NodeId) -> Result<(), SecretsError> {
        let _turn = self.turn.lock().await;
        self.store.remove_read_key(node).await?;
        self.follow().await
    }

    async fn follow(&self) -> Result<(), SecretsError> {
        self.keyring.follow(brought(self.store.read_keys().await?));
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

    fn remove(&self, _channel: ChannelId, node: NodeId) -> BoxFuture<'_, Result<(), KeysError>> {
        Box::pin(async move { self.forget(node).await.map_err(failed) })
    }

    fn has(&self, node: NodeId) -> BoxFuture<'_, Result<bool, KeysError>> {
        Box::pin(async move { self.store.has_read_key(node).await.map_err(failed) })
    }
}

/// The keys as the feed holds them.
pub(super) fn brought(
    keys: Vec<ReadKey>,
) -> impl Iterator<Item = (ChannelId, NodeId, SecretString)> {
    keys.into_iter().map(|it| (it.channel, it.node, it.key))
}

fn failed(error: SecretsError) -> KeysError {
    KeysError(Box::new(error))
}
