//! The devices' keys over SQLite.

use evara_actors::domain::{NodeId, Timestamp};
use evara_actors::ports::BoxFuture;
use rusqlite::{Connection, TransactionBehavior, params};
use uuid::Uuid;

use super::error::Failure;
use super::receipts::{Enclosed, keep};
use super::registry::standing;
use super::{DEADLINE, SqliteStore, history, rows, statements};
use crate::store::{Act, DeviceKey, DeviceKeys, DeviceKeysError, MAX_DEVICE_KEYS};

/// What a write came to, where the database itself did not fail.
type Outcome = Result<(), DeviceKeysError>;

impl DeviceKeys for SqliteStore {
    fn device_keys(&self) -> BoxFuture<'_, Result<Vec<DeviceKey>, DeviceKeysError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, |connection| {
                history::all(
                    connection,
                    statements::ALL_DEVICE_KEYS,
                    [],
                    rows::device_key,
                )
            });
            Ok(job.await?)
        })
    }

    fn insert_device_key(
        &self,
        key: DeviceKey,
        community: Option<Uuid>,
        act: Act,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| DeviceKeysError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| {
                    insert(connection, &key, community, &act)
                })
                .await?
        })
    }

    fn remove_device_key(
        &self,
        node: NodeId,
        id: Uuid,
        act: Act,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        let act = self.enclosed(act);
        Box::pin(async move {
            let act = act.map_err(|error| DeviceKeysError::Unavailable(Box::new(error)))?;
            self.writer
                .call(DEADLINE, move |connection| {
                    remove(connection, node, id, &act)
                })
                .await?
        })
    }

    fn touch_device_keys(
        &self,
        uses: Vec<(Uuid, Timestamp)>,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        Box::pin(async move {
            let job = self
                .writer
                .call(DEADLINE, move |connection| touch(connection, &uses));
            Ok(job.await?)
        })
    }
}

fn insert(
    connection: &mut Connection,
    key: &DeviceKey,
    community: Option<Uuid>,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match standing(&transaction, key.node)? {
        None => return Ok(Err(DeviceKeysError::NotFound)),
        Some((_, found)) if found != community => return Ok(Err(DeviceKeysError::Moved)),
        Some(_) => {}
    }
    let row = params![
        key.id.as_bytes(),
        key.node.0.as_bytes(),
        key.name,
        key.digest,
        key.created_at.millis(),
        MAX_DEVICE_KEYS,
    ];
    if transaction.execute(statements::INSERT_DEVICE_KEY, row)? == 0 {
        return Ok(Err(DeviceKeysError::Full));
    }
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

fn remove(
    connection: &mut Connection,
    node: NodeId,
    id: Uuid,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let key = params![node.0.as_bytes(), id.as_bytes()];
    if transaction.execute(statements::DELETE_DEVICE_KEY, key)? == 0 {
        return Ok(Err(DeviceKeysError::NotFound));
    }
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

fn touch(connection: &mut Connection, uses: &[(Uuid, Timestamp)]) -> Result<(), Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (id, at) in uses {
        transaction
            .prepare_cached(statements::TOUCH_DEVICE_KEY)?
            .execute(params![id.as_bytes(), at.millis()])?;
    }
    transaction.commit()?;
    Ok(())
}
