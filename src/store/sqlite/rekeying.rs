//! Sealing anew in a SQLite file, beside whoever else has it: a few rows at a time, so that their writes wait
//! for milliseconds.

use std::path::Path;
use std::sync::Arc;

use evara_actors::domain::NodeId;
use evara_actors::ports::BoxFuture;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::directory::database_in;
use super::error::Failure;
use super::lane::Lane;
use super::{DEADLINE, StoreError, connect, history, migrations, rows, statements};
use crate::access::UserId;
use crate::store::known_keys::is_taken_up;
use crate::store::rekeying::{Found, Replacement, plan};
use crate::store::secret_box::Place;
use crate::store::{ReceiptName, RekeyError, Rekeyed, Rekeying, SealedRow, SealedTable, SecretBox};

/// What is sealed in a SQLite file. It claims nothing: a service may run on the same file.
#[derive(Debug)]
pub struct SqliteRekeying {
    guest: Lane,
    keys: Arc<SecretBox>,
}

impl SqliteRekeying {
    /// Opens the database in `dir` beside whoever else has it. Blocks.
    ///
    /// # Errors
    /// When it is not there, is of another version, or is not used with the newest of `keys` yet.
    pub fn open(dir: &Path, keys: SecretBox) -> Result<Self, StoreError> {
        let file = database_in(dir);
        let failed = |source| StoreError::of_sqlite(file.clone(), source);
        let guest = connect::guest(&file).map_err(failed)?;
        if !migrations::migrate_status(dir)?.pending.is_empty() {
            return Err(StoreError::OlderSchema { file });
        }
        let known = connect::known_keys(&guest).map_err(failed)?;
        if !known.is_some_and(|known| is_taken_up(&keys, &known)) {
            return Err(StoreError::SecretKeyNotTakenUp { file });
        }
        Ok(Self {
            guest: Lane::of_guest(guest),
            keys: Arc::new(keys),
        })
    }
}

impl Rekeying for SqliteRekeying {
    fn rekey(
        &self,
        table: SealedTable,
        after: Option<SealedRow>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Rekeyed, RekeyError>> {
        let keys = Arc::clone(&self.keys);
        Box::pin(async move {
            let job = self.guest.call(DEADLINE, move |connection| {
                rekey(connection, &keys, table, after.as_ref(), limit)
            });
            Ok(job.await?)
        })
    }

    fn settle(&self) -> BoxFuture<'_, Result<u64, RekeyError>> {
        let keys = Arc::clone(&self.keys);
        Box::pin(async move {
            let job = self
                .guest
                .call(DEADLINE, move |connection| settle(connection, &keys));
            job.await?.ok_or(RekeyError::Overtaken)
        })
    }
}

fn rekey(
    connection: &mut Connection,
    keys: &SecretBox,
    table: SealedTable,
    after: Option<&SealedRow>,
    limit: u32,
) -> Result<Rekeyed, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = stale(&transaction, keys, table, after, limit)?;
    let (replacements, mut told) = plan(keys, found, limit);
    for replacement in &replacements {
        told.done += replace(&transaction, table, replacement)?;
    }
    transaction.commit()?;
    Ok(told)
}

fn stale(
    transaction: &Transaction<'_>,
    keys: &SecretBox,
    table: SealedTable,
    after: Option<&SealedRow>,
    limit: u32,
) -> Result<Vec<Found>, Failure> {
    let key = keys.key_id().as_slice();
    let id = after.map(|row| row.id.as_bytes().as_slice());
    match table {
        SealedTable::ReadKeys => {
            let span = params![key, id, limit];
            history::all(transaction, statements::STALE_READ_KEYS, span, read_key)
        }
        SealedTable::Authenticators => {
            let span = params![key, id, limit];
            let sql = statements::STALE_AUTHENTICATORS;
            history::all(transaction, sql, span, authenticator)
        }
        SealedTable::Answers => {
            let name = after.map(|row| row.name.as_str());
            let span = params![key, id, name, limit];
            history::all(transaction, statements::STALE_ANSWERS, span, answer)
        }
    }
}

fn read_key(row: &Row<'_>) -> Result<Found, Failure> {
    let (NodeId(id), channel) = (rows::node_id(row, 0)?, rows::channel_id(row, 1)?);
    Ok(Found {
        place: Place::of_read_key(channel, NodeId(id)),
        row: SealedRow::of(id),
        blob: row.get(2)?,
    })
}

fn authenticator(row: &Row<'_>) -> Result<Found, Failure> {
    let id = Uuid::from_bytes(row.get(0)?);
    Ok(Found {
        place: Place::of_authenticator(UserId(id)),
        row: SealedRow::of(id),
        blob: row.get(1)?,
    })
}

fn answer(row: &Row<'_>) -> Result<Found, Failure> {
    let (caller, key) = (Uuid::from_bytes(row.get(0)?), row.get(1)?);
    let name = ReceiptName { caller, key };
    Ok(Found {
        place: Place::of_answer(&name),
        row: SealedRow::of_answer(name),
        blob: row.get(2)?,
    })
}

/// Tells how many rows that was.
fn replace(
    transaction: &Transaction<'_>,
    table: SealedTable,
    Replacement { row, old, new }: &Replacement,
) -> Result<usize, Failure> {
    let id = row.id.as_bytes();
    let update = |sql, values: &[&dyn rusqlite::ToSql]| {
        Ok(transaction.prepare_cached(sql)?.execute(values)?)
    };
    match table {
        SealedTable::ReadKeys => update(statements::REKEY_READ_KEY, params![id, old, new]),
        SealedTable::Authenticators => {
            update(statements::REKEY_AUTHENTICATOR, params![id, old, new])
        }
        SealedTable::Answers => update(statements::REKEY_ANSWER, params![id, row.name, old, new]),
    }
}

/// None where the database is used with another key by now.
fn settle(connection: &mut Connection, keys: &SecretBox) -> Result<Option<u64>, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let known = connect::known_keys(&transaction)?;
    if !known.is_some_and(|known| is_taken_up(keys, &known)) {
        return Ok(None);
    }
    let key = [keys.key_id().as_slice()];
    let left: i64 = transaction.query_row(statements::COUNT_STALE, key, |row| row.get(0))?;
    if left == 0 {
        connect::remember_keys(&transaction, keys.check_value())?;
        transaction.commit()?;
    }
    Ok(Some(left.cast_unsigned()))
}
