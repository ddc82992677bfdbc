//! The registry's port over SQLite. Each write checks and changes in one transaction.

use evara_actors::domain::{NodeId, NodeSpec};
use evara_actors::ports::{BoxFuture, Registry, RegistryError};
use rusqlite::ffi::{SQLITE_CONSTRAINT_TRIGGER, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

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
    if is_there(&transaction, spec.id)? {
        return Ok(Err(RegistryError::VersionMoved));
    }
    if let Some(full) = no_room(&transaction, spec)? {
        return Ok(Err(full));
    }
    match write(&transaction, statements::INSERT_NODE, spec)? {
        Written::Refused(error) => return Ok(Err(error)),
        Written::Rows(_) => {}
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
    if let Some(full) = no_room(&transaction, spec)? {
        return Ok(Err(full));
    }
    let community = spec.community_id.map(|id| *id.as_bytes());
    let moved = params![spec.id.0.as_bytes(), community];
    transaction.execute(statements::FORGET_KEYS_OF_MOVED, moved)?;
    match write(&transaction, statements::UPDATE_NODE, spec)? {
        Written::Refused(error) => return Ok(Err(error)),
        Written::Rows(0) if is_there(&transaction, spec.id)? => {
            return Ok(Err(RegistryError::VersionMoved));
        }
        Written::Rows(0) => return Ok(Err(RegistryError::NotFound)),
        Written::Rows(_) => {}
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

enum Written {
    Rows(usize),
    Refused(RegistryError),
}

fn write(transaction: &Transaction<'_>, sql: &str, spec: &NodeSpec) -> Result<Written, Failure> {
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
        Ok(rows) => Ok(Written::Rows(rows)),
        Err(error) => match error.sqlite_error().map(|failure| failure.extended_code) {
            Some(SQLITE_CONSTRAINT_UNIQUE) => Ok(Written::Refused(RegistryError::KeyTaken)),
            Some(SQLITE_CONSTRAINT_TRIGGER) => Ok(Written::Refused(RegistryError::NoTenant)),
            Some(_) | None => Err(error.into()),
        },
    }
}

fn is_there(transaction: &Transaction<'_>, id: NodeId) -> Result<bool, Failure> {
    Ok(transaction.query_row(statements::HAS_NODE, [id.0.as_bytes()], |row| row.get(0))?)
}

/// Whether a row was refused because another has what must be unique.
pub(super) fn is_taken(error: &rusqlite::Error) -> bool {
    let failure = error.sqlite_error();
    failure.is_some_and(|failure| failure.extended_code == SQLITE_CONSTRAINT_UNIQUE)
}
