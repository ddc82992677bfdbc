//! The devices' keys over PostgreSQL.

use evara_actors::domain::{NodeId, Timestamp};
use evara_actors::ports::BoxFuture;
use uuid::Uuid;

use super::error::Failure;
use super::receipts::{Enclosed, keep};
use super::registry::held;
use super::values::{At, to_stored};
use super::{PostgresStore, history, rows, statements};
use crate::store::{Act, DeviceKey, DeviceKeys, DeviceKeysError, MAX_DEVICE_KEYS};

/// What a write came to, where the database itself did not fail.
type Outcome = Result<(), DeviceKeysError>;

impl DeviceKeys for PostgresStore {
    fn device_keys(&self) -> BoxFuture<'_, Result<Vec<DeviceKey>, DeviceKeysError>> {
        Box::pin(async move {
            Ok(history::all(self, statements::ALL_DEVICE_KEYS, &[], rows::device_key).await?)
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
            insert(self, &key, community, &act).await?
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
            remove(self, node, id, &act).await?
        })
    }

    fn touch_device_keys(
        &self,
        uses: Vec<(Uuid, Timestamp)>,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        Box::pin(async move { Ok(touch(self, &uses).await?) })
    }
}

async fn insert(
    store: &PostgresStore,
    key: &DeviceKey,
    community: Option<Uuid>,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let mut transaction = store.writing_of(key.node).await?;
    let refused = match held(&mut transaction, key.node).await? {
        None => Some(DeviceKeysError::NotFound),
        Some((_, found)) => (found != community).then_some(DeviceKeysError::Moved),
    };
    if let Some(refused) = refused {
        transaction.roll_back().await;
        return Ok(Err(refused));
    }
    let name = key.name.as_deref().map(to_stored);
    let (digest, created_at) = (key.digest.as_slice(), At(key.created_at));
    let most = i64::from(MAX_DEVICE_KEYS);
    let columns: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&key.id, &key.node.0, &name, &digest, &created_at, &most];
    let added = transaction
        .rows(statements::INSERT_DEVICE_KEY, columns)
        .await?;
    if added.is_empty() {
        transaction.roll_back().await;
        return Ok(Err(DeviceKeysError::Full));
    }
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

async fn remove(
    store: &PostgresStore,
    node: NodeId,
    id: Uuid,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let mut transaction = store.writing_of(node).await?;
    let gone = transaction
        .rows(statements::DELETE_DEVICE_KEY, &[&node.0, &id])
        .await?;
    if gone.is_empty() {
        transaction.roll_back().await;
        return Ok(Err(DeviceKeysError::NotFound));
    }
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

async fn touch(store: &PostgresStore, uses: &[(Uuid, Timestamp)]) -> Result<(), Failure> {
    let ids: Vec<Uuid> = uses.iter().map(|(id, _)| *id).collect();
    let at: Vec<At> = uses.iter().map(|(_, at)| At(*at)).collect();
    let mut transaction = store.writing().await?;
    transaction
        .rows(statements::TOUCH_DEVICE_KEYS, &[&ids, &at])
        .await?;
    transaction.commit().await
}
