//! The channels' keys over PostgreSQL: sealed on the way in, opened on the way out, never otherwise.

use evara_actors::domain::{ChannelId, NodeId};
use evara_actors::ports::BoxFuture;
use secrecy::SecretString;
use tokio_postgres::error::SqlState;

use super::error::Failure;
use super::{PostgresStore, history, rows, statements};
use crate::store::secret_box::Place;
use crate::store::{ChannelSecrets, ReadKey, SecretsError};

/// What a call came to, where the database itself did not fail.
type Outcome<T> = Result<T, SecretsError>;

impl ChannelSecrets for PostgresStore {
    fn set_read_key<'a>(
        &'a self,
        channel: ChannelId,
        node: NodeId,
        key: &SecretString,
    ) -> BoxFuture<'a, Result<(), SecretsError>> {
        let sealed = self.keys.seal(&Place::of_read_key(channel, node), key);
        Box::pin(async move {
            let sealed = sealed.map_err(|error| SecretsError::Unavailable(Box::new(error)))?;
            put(self, channel, node, &sealed).await?
        })
    }

    fn read_keys(&self) -> BoxFuture<'_, Result<Vec<ReadKey>, SecretsError>> {
        Box::pin(async move { open_all(self).await? })
    }

    fn remove_read_key(&self, node: NodeId) -> BoxFuture<'_, Result<(), SecretsError>> {
        Box::pin(async move { Ok(remove(self, node).await?) })
    }

    fn has_read_key(&self, node: NodeId) -> BoxFuture<'_, Result<bool, SecretsError>> {
        Box::pin(async move {
            let node = node.0;
            let has = statements::HAS_READ_KEY;
            let found = history::all(self, has, &[&node], rows::is_there).await?;
            Ok(found.contains(&true))
        })
    }
}

async fn put(
    store: &PostgresStore,
    channel: ChannelId,
    node: NodeId,
    sealed: &[u8],
) -> Result<Outcome<()>, Failure> {
    let mut transaction = store.writing_of(node).await?;
    let channel = channel.0.cast_signed();
    let put = transaction
        .rows(statements::PUT_READ_KEY, &[&node.0, &channel, &sealed])
        .await;
    match put {
        Ok(_) => {}
        Err(failure) if failure.is(&SqlState::FOREIGN_KEY_VIOLATION) => {
            transaction.roll_back().await;
            return Ok(Err(SecretsError::NotFound));
        }
        Err(failure) => return Err(failure),
    }
    transaction.commit().await?;
    Ok(Ok(()))
}

async fn remove(store: &PostgresStore, node: NodeId) -> Result<(), Failure> {
    let mut transaction = store.writing_of(node).await?;
    transaction
        .rows(statements::DELETE_READ_KEY, &[&node.0])
        .await?;
    transaction.commit().await
}

async fn open_all(store: &PostgresStore) -> Result<Outcome<Vec<ReadKey>>, Failure> {
    let sealed = history::all(store, statements::ALL_READ_KEYS, &[], rows::read_key).await?;
    let open = |(node, channel, blob): (NodeId, ChannelId, Vec<u8>)| {
        let key = store.keys.open(&Place::of_read_key(channel, node), &blob);
        let key = key.map_err(|_seal| SecretsError::Sealed { channel })?;
        Ok(ReadKey { channel, node, key })
    };
    Ok(sealed.into_iter().map(open).collect())
}
