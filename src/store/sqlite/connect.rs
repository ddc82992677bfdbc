//! How a connection is set up. Every promise about durability that the store makes rests on these lines.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior};

use super::StoreError;
use super::directory::DataDirectory;
use super::error::KeyCheckError;
use crate::private;
use crate::store::{SecretBox, known_keys};

/// Only tools that copy the file ever lock it against us. Shorter than a call's deadline, so that the
/// caller hears of the lock rather than of the time; a write that has begun late is waited for this long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(3);

/// Larger than the set of statements, so that none is prepared twice.
const PREPARED_STATEMENTS: usize = 64;

/// Each node appends at a place of its own; the pages around those places of a large fleet fit in.
const WRITER_CACHE_KIB: i64 = 64 * 1024;

/// A chart reads a range once.
const READER_CACHE_KIB: i64 = 8 * 1024;

/// In pages of 4 KiB: 32 MiB. A larger log is carried over less often, and each page once for many changes.
const CHECKPOINT_PAGES: i64 = 8 * 1024;

/// The log is cut back to this after a checkpoint, should one reader have held it up for long.
const LOG_BYTES: i64 = 64 * 1024 * 1024;

/// The connection that writes.
pub(super) fn writer(directory: &DataDirectory) -> Result<Connection, StoreError> {
    let file = directory.database();
    let damaged = |source| StoreError::of_sqlite(file.clone(), source);
    // SQLite would let everybody read it, and its log is read by whom the database is. Where it cannot be made, SQLite
    // says so.
    let _there_now = private::writing().create_new(true).open(&file);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(&file, flags, WRITER_CACHE_KIB).map_err(damaged)?;
    // SQLite falls back to reading alone where it may not write, and says nothing.
    if connection.is_readonly("main").map_err(damaged)? {
        return Err(StoreError::ReadOnly { file });
    }
    match make_durable(&connection).map_err(damaged)? {
        Journal::WriteAhead => Ok(connection),
        Journal::Other => Err(StoreError::NoWriteAheadLog { file }),
    }
}

/// A connection that cannot write, whatever it is told.
pub(super) fn reader(directory: &DataDirectory) -> Result<Connection, StoreError> {
    let file = directory.database();
    read_only(&file).map_err(|source| StoreError::of_sqlite(file, source))
}

/// A connection that cannot write, to a database that may belong to another process.
pub(super) fn read_only(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    open(file, flags, READER_CACHE_KIB)
}

/// A connection that writes to a database which another process may have, and never makes one.
pub(super) fn guest(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(file, flags, READER_CACHE_KIB)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Has the database remember the keys that it is used with from now on; refuses those that do not open
/// what is in it.
pub(super) fn take_up(connection: &mut Connection, keys: &SecretBox) -> Result<(), KeyCheckError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let known = known_keys(&transaction)?;
    if let Some(remembered) = known_keys::taken_up(keys, known.as_deref())? {
        remember_keys(&transaction, &remembered)?;
    }
    Ok(transaction.commit()?)
}

/// What the database remembers of the keys that it was used with.
pub(super) fn known_keys(connection: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    const FIND: &str = "SELECT value FROM store_facts WHERE name = 'key_check'";
    connection.query_row(FIND, [], |row| row.get(0)).optional()
}

/// See [`known_keys()`].
pub(super) fn remember_keys(connection: &Connection, keys: &[u8]) -> rusqlite::Result<()> {
    const KEEP: &str = "INSERT INTO store_facts (name, value) VALUES ('key_check', ?1) \
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    connection.execute(KEEP, [keys]).map(drop)
}

fn open(file: &Path, flags: OpenFlags, cache_kib: i64) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // Plans do not look at what is bound; those that do are made anew whenever it changes.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // The first look into the file: what is no database is found here.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

fn make_durable(connection: &Connection) -> rusqlite::Result<Journal> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Ok(Journal::Other);
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    Ok(Journal::WriteAhead)
}

/// SQLite answers with another mode than the one asked for where the file system cannot do it.
enum Journal {
    WriteAhead,
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_is_synced_and_a_reader_cannot_write() {
        let dir = std::env::temp_dir().join(format!("evara-connect-{}", uuid::Uuid::new_v4()));
        let directory = DataDirectory::claim(&dir).unwrap();
        let writer = writer(&directory).unwrap();
        let setting = |name| -> String {
            let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
            writer.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(setting("journal_mode"), "wal");
        assert_eq!(setting("synchronous"), "2");
        assert_eq!(setting("foreign_keys"), "1");
        let reader = reader(&directory).unwrap();
        assert!(reader.execute_batch("CREATE TABLE t (n INTEGER)").is_err());
        std::fs::remove_dir_all(dir).unwrap();
    }
}
