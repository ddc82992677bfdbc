//! The registry's port over SQLite. Each write checks and changes in one transaction.

use evara_actors::domain::{NodeId, NodeSpec};
use evara_actors::ports::{BoxFuture, Registry, RegistryError};
use rusqlite::ffi::{SQLITE_CONSTRAINT_TRIGGER, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::error::Failure;
use super::receipts::{Enclosed, keep};
use super::{DEADLINE, SqliteStore, history, rows, statements};
use crate::store::json;

/// What a write came to, where the database itself did not fail.
pub(super) type Outcome = Result<(), RegistryError>;

impl Registry for SqliteStore {
    fn nodes(&self) -> BoxFuture<'_, Result<Vec<NodeSpec>, RegistryError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, |connection| {
                history::all(connection, statements::ALL_NODES, [], rows::node_spec)
            });
            Ok(job.await?)
        })
    }

    fn node(&self, id: NodeId) -> BoxFuture<'_, Result<Option<NodeSpec>, RegistryError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                let key = [id.0.as_bytes()];
                history::all(connection, statements::ONE_NODE, key, rows::node_spec)
            });
            Ok(job.await?.pop())
        })
    }

    fn insert(&self, spec: NodeSpec) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move {
            self.writer
                .call(DEADLINE, move |connection| {
                    insert(connection, &spec, &Enclosed::default())
                })
                .await?
        })
    }

    fn update(&self, spec: NodeSpec) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move {
            self.writer
                .call(DEADLINE, move |connection| {
                    update(connection, &spec, &Enclosed::default())
                })
                .await?
        })
    }

    fn remove(&self, id: NodeId) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move {
            self.writer
                .call(DEADLINE, move |connection| {
                    remove(connection, id, &Enclosed::default())
                })
                .await?
        })
    }
}

/// Adds a node, and keeps what goes with that.
pub(super) fn insert(
    connection: &mut Connection,
    spec: &NodeSpec,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if standing(&transaction, spec.id)?.is_some() {
        return Ok(Err(RegistryError::VersionMoved));
    }
    if let Some(full) = no_room(&transaction, spec)? {
        return Ok(Err(full));
    }
    if let Err(error) = write(&transaction, statements::INSERT_NODE, spec)? {
        return Ok(Err(error));
    }
    transaction.execute(statements::UNDO_REMOVED, [spec.id.0.as_bytes()])?;
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

/// Replaces a description, and keeps what goes with that.
pub(super) fn update(
    connection: &mut Connection,
    spec: &NodeSpec,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let before = spec.version.wrapping_sub(1).cast_signed();
    let refused = match standing(&transaction, spec.id)? {
        None => Some(RegistryError::NotFound),
        Some((version, _)) if version != before => Some(RegistryError::VersionMoved),
        Some(_) => no_room(&transaction, spec)?,
    };
    if let Some(error) = refused {
        return Ok(Err(error));
    }
    let community = spec.community_id.map(|id| *id.as_bytes());
    let moved = params![spec.id.0.as_bytes(), community];
    transaction.execute(statements::FORGET_KEYS_OF_MOVED, moved)?;
    if let Err(error) = write(&transaction, statements::UPDATE_NODE, spec)? {
        return Ok(Err(error));
    }
    let channel = spec
        .channel
        .as_ref()
        .map(|binding| binding.channel_id.0.cast_signed());
    let stale = params![spec.id.0.as_bytes(), channel];
    transaction.execute(statements::FORGET_STALE_READ_KEY, stale)?;
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

/// Removes a node, and keeps what goes with that.
pub(super) fn remove(
    connection: &mut Connection,
    id: NodeId,
    act: &Enclosed,
) -> Result<Outcome, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if transaction.execute(statements::DELETE_NODE, [id.0.as_bytes()])? == 0 {
        return Ok(Err(RegistryError::NotFound));
    }
    transaction.execute(statements::INSERT_REMOVED, [id.0.as_bytes()])?;
    keep(&transaction, act)?;
    transaction.commit()?;
    Ok(Ok(()))
}

/// What is said to a node more than its community's plan allows. Nobody else writes in between.
fn no_room(
    transaction: &Transaction<'_>,
    spec: &NodeSpec,
) -> Result<Option<RegistryError>, Failure> {
    let Some(community) = spec.community_id else {
        return Ok(None);
    };
    let asked = params![community.as_bytes(), spec.id.0.as_bytes()];
    let full = transaction.query_row(statements::FULL_PLAN, asked, |row| {
        let (plan, nodes) = (row.get(0)?, row.get(1)?);
        Ok(RegistryError::NoRoom { plan, nodes })
    });
    Ok(full.optional()?)
}

fn write(transaction: &Transaction<'_>, sql: &str, spec: &NodeSpec) -> Result<Outcome, Failure> {
    let community = spec.community_id.map(|id| *id.as_bytes());
    let written = transaction.execute(
        sql,
        params![
            spec.id.0.as_bytes(),
            spec.key,
            community,
            spec.version.cast_signed(),
            spec.created_at.millis(),
            json::of_spec(spec)?,
        ],
    );
    match written {
        Ok(_) => Ok(Ok(())),
        Err(error) => match error.sqlite_error().map(|failure| failure.extended_code) {
            Some(SQLITE_CONSTRAINT_UNIQUE) => Ok(Err(RegistryError::KeyTaken)),
            Some(SQLITE_CONSTRAINT_TRIGGER) => Ok(Err(RegistryError::NoTenant)),
            Some(_) | None => Err(error.into()),
        },
    }
}

/// The version of a node, and the community that it is in. Nobody else changes them before the transaction ends.
pub(super) fn standing(
    transaction: &Transaction<'_>,
    id: NodeId,
) -> Result<Option<(i64, Option<Uuid>)>, Failure> {
    let found = transaction.query_row(statements::STANDING_OF_NODE, [id.0.as_bytes()], |row| {
        let community: Option<[u8; 16]> = row.get(1)?;
        Ok((row.get(0)?, community.map(Uuid::from_bytes)))
    });
    Ok(found.optional()?)
}
