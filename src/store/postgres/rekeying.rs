//! Sealing anew in PostgreSQL, and which keys a database is used with. Owns no shard: a service may run on the
//! same database, and each handful of rows is a transaction of its own.

use evara_actors::domain::NodeId;
use evara_actors::ports::BoxFuture;
use tokio_postgres::Row;

use super::address::PostgresAddress;
use super::connect::Connections;
use super::error::{Failure, PostgresError};
use super::transaction::Transaction;
use super::{DEADLINE, migrations, rows, statements};
use crate::access::UserId;
use crate::store::known_keys::{self, is_taken_up};
use crate::store::rekeying::{Found, Replacement, plan};
use crate::store::secret_box::Place;
use crate::store::{ReceiptName, RekeyError, Rekeyed, Rekeying, SealedRow, SealedTable, SecretBox};

/// The fact by which a database knows its keys.
const KEY_CHECK: &str = "key_check";

/// Has the database remember the keys that it is used with from now on; refuses those that do not open
/// what is in it.
pub(super) async fn take_up(
    connections: &Connections,
    keys: &SecretBox,
) -> Result<(), PostgresError> {
    let first = keys.check_value().as_slice();
    let mut transaction = Transaction::writing(connections, DEADLINE).await?;
    transaction
        .rows(statements::KEEP_FACT, &[&KEY_CHECK, &first])
        .await?;
    let known = known(&mut transaction).await?;
    match known_keys::taken_up(keys, known.as_deref()) {
        Ok(None) => {}
        Ok(Some(remembered)) => remember(&mut transaction, &remembered).await?,
        Err(unfit) => {
            transaction.roll_back().await;
            return Err(unfit.into());
        }
    }
    Ok(transaction.commit().await?)
}

async fn known(transaction: &mut Transaction<'_>) -> Result<Option<Vec<u8>>, Failure> {
    let found = transaction
        .rows(statements::LOCK_FACT, &[&KEY_CHECK])
        .await?;
    let known = found.first().map(|row| row.try_get(0)).transpose();
    Ok(known?)
}

async fn remember(transaction: &mut Transaction<'_>, keys: &[u8]) -> Result<(), Failure> {
    let changed = transaction
        .rows(statements::CHANGE_FACT, &[&KEY_CHECK, &keys])
        .await;
    changed.map(drop)
}

/// What is sealed in a PostgreSQL database. It claims nothing: a service may run on the same database.
#[derive(Debug)]
pub struct PostgresRekeying {
    connections: Connections,
    keys: SecretBox,
}

impl PostgresRekeying {
    /// Opens the database at `address` beside whoever else has it.
    ///
    /// # Errors
    /// When it cannot be reached, is of another version, or is not used with the newest of `keys` yet.
    pub async fn open(address: &PostgresAddress, keys: SecretBox) -> Result<Self, PostgresError> {
        let mut connections = Connections::new(address, 1)?;
        migrations::refuse_other(&connections).await?;
        connections.confine().await?;
        let mut transaction = Transaction::writing(&connections, DEADLINE).await?;
        let known = known(&mut transaction).await?;
        transaction.roll_back().await;
        if !known.is_some_and(|known| is_taken_up(&keys, &known)) {
            return Err(PostgresError::SecretKeyNotTakenUp);
        }
        Ok(Self { connections, keys })
    }

    async fn rekey(
        &self,
        table: SealedTable,
        after: Option<SealedRow>,
        limit: u32,
    ) -> Result<Rekeyed, Failure> {
        let mut transaction = Transaction::writing(&self.connections, DEADLINE).await?;
        let found = stale(&mut transaction, &self.keys, table, after, limit).await?;
        let (replacements, mut told) = plan(&self.keys, found, limit);
        told.done = replace(&mut transaction, table, replacements).await?;
        transaction.commit().await?;
        Ok(told)
    }

    /// None where the database is used with another key by now.
    async fn settle(&self) -> Result<Option<u64>, Failure> {
        let mut transaction = Transaction::writing(&self.connections, DEADLINE).await?;
        let known = known(&mut transaction).await?;
        if !known.is_some_and(|known| is_taken_up(&self.keys, &known)) {
            transaction.roll_back().await;
            return Ok(None);
        }
        let key = self.keys.key_id().as_slice();
        let left = transaction.row(statements::COUNT_STALE, &[&key]).await?;
        let left: i64 = left.try_get(0)?;
        if left == 0 {
            remember(&mut transaction, self.keys.check_value()).await?;
        }
        transaction.commit().await?;
        Ok(Some(left.cast_unsigned()))
    }
}

impl Rekeying for PostgresRekeying {
    fn rekey(
        &self,
        table: SealedTable,
        after: Option<SealedRow>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Rekeyed, RekeyError>> {
        Box::pin(async move { Ok(self.rekey(table, after, limit).await?) })
    }

    fn settle(&self) -> BoxFuture<'_, Result<u64, RekeyError>> {
        Box::pin(async move { self.settle().await?.ok_or(RekeyError::Overtaken) })
    }
}

async fn stale(
    transaction: &mut Transaction<'_>,
    keys: &SecretBox,
    table: SealedTable,
    after: Option<SealedRow>,
    limit: u32,
) -> Result<Vec<Found>, Failure> {
    let (key, limit) = (keys.key_id().as_slice(), i64::from(limit));
    let (id, name) = after.map(|row| (row.id, row.name)).unzip();
    match table {
        SealedTable::ReadKeys => {
            let query = statements::STALE_READ_KEYS;
            let found = transaction.rows(query, &[&key, &id, &limit]).await?;
            found.iter().map(read_key).collect()
        }
        SealedTable::Authenticators => {
            let query = statements::STALE_AUTHENTICATORS;
            let found = transaction.rows(query, &[&key, &id, &limit]).await?;
            found.iter().map(authenticator).collect()
        }
        SealedTable::Answers => {
            let query = statements::STALE_ANSWERS;
            let found = transaction.rows(query, &[&key, &id, &name, &limit]).await?;
            found.iter().map(answer).collect()
        }
    }
}

fn read_key(row: &Row) -> Result<Found, Failure> {
    let (NodeId(id), channel, blob) = rows::read_key(row)?;
    Ok(Found {
        place: Place::of_read_key(channel, NodeId(id)),
        row: SealedRow::of(id),
        blob,
    })
}

fn authenticator(row: &Row) -> Result<Found, Failure> {
    let id = row.try_get(0)?;
    Ok(Found {
        place: Place::of_authenticator(UserId(id)),
        row: SealedRow::of(id),
        blob: row.try_get(1)?,
    })
}

fn answer(row: &Row) -> Result<Found, Failure> {
    let (caller, key) = (row.try_get(0)?, row.try_get(1)?);
    let name = ReceiptName { caller, key };
    Ok(Found {
        place: Place::of_answer(&name),
        row: SealedRow::of_answer(name),
        blob: row.try_get(2)?,
    })
}

/// Tells how many rows that was.
async fn replace(
    transaction: &mut Transaction<'_>,
    table: SealedTable,
    replacements: Vec<Replacement>,
) -> Result<usize, Failure> {
    let (mut ids, mut names) = (Vec::new(), Vec::new());
    let (mut olds, mut news) = (Vec::new(), Vec::new());
    for Replacement { row, old, new } in replacements {
        ids.push(row.id);
        names.push(row.name);
        olds.push(old);
        news.push(new);
    }
    let replaced = match table {
        SealedTable::ReadKeys => {
            let query = statements::REKEY_READ_KEYS;
            transaction.rows(query, &[&ids, &olds, &news]).await
        }
        SealedTable::Authenticators => {
            let query = statements::REKEY_AUTHENTICATORS;
            transaction.rows(query, &[&ids, &olds, &news]).await
        }
        SealedTable::Answers => {
            let query = statements::REKEY_ANSWERS;
            transaction.rows(query, &[&ids, &names, &olds, &news]).await
        }
    };
    Ok(replaced?.len())
}
