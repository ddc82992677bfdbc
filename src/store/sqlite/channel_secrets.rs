//! The channels' keys over SQLite: sealed on the way in, opened on the way out, never otherwise.

use std::sync::Arc;

use evara_actors::domain::{ChannelId, NodeId};
use evara_actors::ports::BoxFuture;
use rusqlite::{Connection, params};
use secrecy::SecretString;

use super::error::{Failure, is_no_node};
use super::{DEADLINE, SqliteStore, history, rows, statements};
use crate::store::secret_box::Place;
use crate::store::{ChannelSecrets, ReadKey, SecretBox, SecretsError};

/// What a call came to, where the database itself did not fail.
type Outcome<T> = Result<T, SecretsError>;

impl ChannelSecrets for SqliteStore {
    fn set_read_key<'a>(
        &'a self,
        channel: ChannelId,
        node: NodeId,
        key: &SecretString,
    ) -> BoxFuture<'a, Result<(), SecretsError>> {
        let sealed = self.keys.seal(&Place::of_read_key(channel, node), key);
        Box::pin(async move {
            let sealed = sealed.map_err(|error| SecretsError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| {
                    put(connection, channel, node, &sealed)
                })
                .await?
        })
    }

    fn read_keys(&self) -> BoxFuture<'_, Result<Vec<ReadKey>, SecretsError>> {
        let keys = Arc::clone(&self.keys);
        Box::pin(async move {
            self.readers
                .call(DEADLINE, move |connection| open_all(connection, &keys))
                .await?
        })
    }

    fn remove_read_key(&self, node: NodeId) -> BoxFuture<'_, Result<(), SecretsError>> {
        Box::pin(async move {
            let job = self.writer.call(DEADLINE, move |connection| {
                connection.execute(statements::DELETE_READ_KEY, [node.0.as_bytes()])?;
                Ok(())
            });
            Ok(job.await?)
        })
    }

    fn has_read_key(&self, node: NodeId) -> BoxFuture<'_, Result<bool, SecretsError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                let key = [node.0.as_bytes()];
                Ok(connection.query_row(statements::HAS_READ_KEY, key, |row| row.get(0))?)
            });
            Ok(job.await?)
        })
    }
}

fn put(
    connection: &mut Connection,
    channel: ChannelId,
    node: NodeId,
    sealed: &[u8],
) -> Result<Outcome<()>, Failure> {
    let row = params![node.0.as_bytes(), channel.0.cast_signed(), sealed];
    match connection.execute(statements::PUT_READ_KEY, row) {
        Ok(_) => Ok(Ok(())),
        Err(error) if is_no_node(&error) => Ok(Err(SecretsError::NotFound)),
        Err(error) => Err(error.into()),
    }
}

fn open_all(
    connection: &mut Connection,
    keys: &SecretBox,
) -> Result<Outcome<Vec<ReadKey>>, Failure> {
    let sealed = history::all(connection, statements::ALL_READ_KEYS, [], |row| {
        let blob: Vec<u8> = row.get(2)?;
        Ok((rows::channel_id(row, 1)?, rows::node_id(row, 0)?, blob))
    })?;
    let open = |(channel, node, blob): (ChannelId, NodeId, Vec<u8>)| {
        let key = keys.open(&Place::of_read_key(channel, node), &blob);
        let key = key.map_err(|_seal| SecretsError::Sealed { channel })?;
        Ok(ReadKey { channel, node, key })
    };
    Ok(sealed.into_iter().map(open).collect())
}
