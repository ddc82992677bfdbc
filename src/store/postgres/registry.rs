//! The registry's port over PostgreSQL. Each write checks and changes in one transaction.

use evara_actors::domain::{NodeId, NodeSpec};
use evara_actors::ports::{BoxFuture, Registry, RegistryError};
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::Failure;
use super::receipts::{Enclosed, keep};
use super::statements::Query;
use super::transaction::{Params, Transaction};
use super::values::{At, json_to_stored, to_stored};
use super::{PostgresStore, history, rows, statements};
use crate::store::json;

/// What is violated by a key that another node of the community has.
const KEY_CONSTRAINT: &str = "nodes_by_key";

/// What is violated by an id that was added meanwhile.
const ID_CONSTRAINT: &str = "nodes_pkey";

/// What is violated by a community or a customer that is not there: by the node, or by the tenant's removal.
const TENANT_CONSTRAINTS: [&str; 3] = [
    "nodes_of_community",
    "nodes_of_customer",
    "nodes_of_customer_in_community",
];

/// What a write came to, where the database itself did not fail.
pub(super) type Outcome = Result<(), RegistryError>;

impl Registry for PostgresStore {
    fn nodes(&self) -> BoxFuture<'_, Result<Vec<NodeSpec>, RegistryError>> {
        Box::pin(async move {
            Ok(history::all(self, statements::ALL_NODES, &[], rows::node_spec).await?)
        })
    }

    fn node(&self, id: NodeId) -> BoxFuture<'_, Result<Option<NodeSpec>, RegistryError>> {
        Box::pin(async move {
            let key: Params<'_> = &[&id.0];
            let found = history::all(self, statements::ONE_NODE, key, rows::node_spec);
            Ok(found.await?.pop())
        })
    }

    fn insert(&self, spec: NodeSpec) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move { insert(self, &spec, &Enclosed::default()).await? })
    }

    fn update(&self, spec: NodeSpec) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move { update(self, &spec, &Enclosed::default()).await? })
    }

    fn remove(&self, id: NodeId) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move { remove(self, id, &Enclosed::default()).await? })
    }
}

/// Adds a node, and keeps what goes with that.
pub(super) async fn insert(
    store: &PostgresStore,
    spec: &NodeSpec,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let mut transaction = store.writing_of(spec.id).await?;
    if is_there(&mut transaction, spec.id).await? {
        transaction.roll_back().await;
        return Ok(Err(RegistryError::VersionMoved));
    }
    let refused = match no_room(&mut transaction, spec).await? {
        Some(full) => Some(full),
        None => write(&mut transaction, statements::INSERT_NODE, spec, &[])
            .await?
            .err(),
    };
    if let Some(error) = refused {
        transaction.roll_back().await;
        return Ok(Err(error));
    }
    transaction
        .rows(statements::UNDO_REMOVED, &[&spec.id.0])
        .await?;
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

/// Replaces a description, and keeps what goes with that.
pub(super) async fn update(
    store: &PostgresStore,
    spec: &NodeSpec,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let mut transaction = store.writing_of(spec.id).await?;
    let before = spec.version.wrapping_sub(1).cast_signed();
    let refused = match held(&mut transaction, spec.id).await? {
        None => Some(RegistryError::NotFound),
        Some((version, _)) if version != before => Some(RegistryError::VersionMoved),
        Some(_) => no_room(&mut transaction, spec).await?,
    };
    if let Some(error) = refused {
        transaction.roll_back().await;
        return Ok(Err(error));
    }
    let moved: Params<'_> = &[&spec.id.0, &spec.community_id];
    let forget = statements::FORGET_KEYS_OF_MOVED;
    transaction.rows(forget, moved).await?;
    let written = write(&mut transaction, statements::UPDATE_NODE, spec, &[&before]).await?;
    if let Err(error) = written {
        transaction.roll_back().await;
        return Ok(Err(error));
    }
    let channel = spec
        .channel
        .as_ref()
        .map(|binding| binding.channel_id.0.cast_signed());
    transaction
        .rows(statements::FORGET_STALE_READ_KEY, &[&spec.id.0, &channel])
        .await?;
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

/// Removes a node, and keeps what goes with that.
pub(super) async fn remove(
    store: &PostgresStore,
    id: NodeId,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let mut transaction = store.writing_of(id).await?;
    let gone = transaction.rows(statements::DELETE_NODE, &[&id.0]).await?;
    if gone.is_empty() {
        transaction.roll_back().await;
        return Ok(Err(RegistryError::NotFound));
    }
    transaction
        .rows(statements::INSERT_REMOVED, &[&id.0])
        .await?;
    keep(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

/// What is said to a node more than its community's plan allows; nobody adds one there meanwhile.
async fn no_room(
    transaction: &mut Transaction<'_>,
    spec: &NodeSpec,
) -> Result<Option<RegistryError>, Failure> {
    let Some(community) = spec.community_id else {
        return Ok(None);
    };
    let asked: Params<'_> = &[&community, &spec.id.0];
    let plan = transaction
        .rows(statements::PLAN_OF_NEWCOMER, asked)
        .await?;
    let Some((plan, nodes)) = plan.first().map(rows::allowance).transpose()? else {
        return Ok(None);
    };
    // Not before the community is held: what was committed until then is seen by what is asked after.
    let count = statements::COUNT_NODES;
    let found = transaction.row(count, &[&community]).await?;
    let is_full = rows::count(&found)? >= u64::from(nodes);
    Ok(is_full.then_some(RegistryError::NoRoom { plan, nodes }))
}

/// Writes the columns of `spec`, then what is in `more`.
async fn write(
    transaction: &mut Transaction<'_>,
    query: Query,
    spec: &NodeSpec,
    more: Params<'_>,
) -> Result<Outcome, Failure> {
    let (key, version) = (to_stored(&spec.key), spec.version.cast_signed());
    let (created_at, stored) = (At(spec.created_at), json_to_stored(json::of_spec(spec)?)?);
    let columns: Params<'_> = &[
        &spec.id.0,
        &key,
        &spec.community_id,
        &version,
        &created_at,
        &stored,
    ];
    match transaction.rows(query, &[columns, more].concat()).await {
        Ok(_) => Ok(Ok(())),
        Err(failure) if failure.violates(KEY_CONSTRAINT) => Ok(Err(RegistryError::KeyTaken)),
        Err(failure) if failure.violates(ID_CONSTRAINT) => Ok(Err(RegistryError::VersionMoved)),
        Err(failure) if TENANT_CONSTRAINTS.iter().any(|name| failure.violates(name)) => {
            Ok(Err(RegistryError::NoTenant))
        }
        Err(failure) => Err(failure),
    }
}

/// The version of a node, and the community that it is in: nobody else changes them, nor adds a key to the node, before
/// the transaction ends.
pub(super) async fn held(
    transaction: &mut Transaction<'_>,
    id: NodeId,
) -> Result<Option<(i64, Option<Uuid>)>, Failure> {
    let found = transaction.rows(statements::LOCK_NODE, &[&id.0]).await?;
    let standing = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
    found.first().map(standing).transpose()
}

async fn is_there(transaction: &mut Transaction<'_>, id: NodeId) -> Result<bool, Failure> {
    rows::is_there(&transaction.row(statements::HAS_NODE, &[&id.0]).await?)
}
