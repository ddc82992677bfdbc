//! The embedded database: copied while it is in use, counted, and put in place of another.
//!
//! A copy is made through a reader of its own and takes no lock that a writer waits for. A database is only
//! ever replaced by a whole one, and the old one is put aside, never deleted.

mod replace;

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, Row, named_params};

use super::Error;
use super::census::Census;
use super::watch::Watch;

pub(super) use replace::{claim, put_in_place};

/// Between two looks at whether somebody said stop: 4 MiB.
const PAGES_A_STEP: i32 = 1024;

/// A checkpoint at the wrong moment is over within this.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const PAGE_BYTES: u64 = 4096;

const LOG: &str = include_str!("sql/log.sql");
const RAISE_REVISIONS: &str = include_str!("sql/raise_revisions.sql");
const KEEP_FACT: &str = include_str!("sql/keep_fact.sql");

/// Without these there is no log to look into.
const LOGGED: [&str; 7] = [
    "telemetry_tank",
    "telemetry_flow",
    "telemetry_deep",
    "telemetry_generic",
    "twin_events",
    "twin_snapshots",
    "removed_nodes",
];

/// Copies the database `from`, as it is at this instant, into the new file `to`.
pub(super) fn copy(from: &Path, to: &Path, watch: &Watch) -> Result<(), Error> {
    let source = read_only(from).map_err(Error::sqlite(from, "opened"))?;
    copy_all(&source, to, watch, from)
}

fn copy_all(source: &Connection, to: &Path, watch: &Watch, from: &Path) -> Result<(), Error> {
    let failed = || Error::sqlite(from, "copied");
    // Held to the end: with one reader's view a writer never makes the copy begin anew.
    let view = source.unchecked_transaction().map_err(failed())?;
    view.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        .map_err(failed())?;
    let mut target = Connection::open(to).map_err(Error::sqlite(to, "made"))?;
    let backup = Backup::new(&view, &mut target).map_err(failed())?;
    loop {
        let step = backup.step(PAGES_A_STEP).map_err(failed())?;
        if step == StepResult::Done {
            break;
        }
        if step != StepResult::More {
            return Err(failed()(busy()));
        }
        watch.passed(PAGES_A_STEP as u64 * PAGE_BYTES)?;
    }
    drop(backup);
    // One file, without a log beside it.
    target
        .pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))
        .map_err(Error::sqlite(to, "closed"))
}

fn busy() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
        Some("it is locked".to_owned()),
    )
}

/// What the database in `file` holds.
pub(super) fn census(file: &Path) -> Result<Census, Error> {
    let count = || {
        let connection = read_only(file)?;
        let mut census = Census::default();
        let tables = tables(&connection)?;
        for table in &tables {
            let sql = format!("SELECT count(*) FROM \"{table}\"");
            let rows: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
            census.rows.insert(table.clone(), rows.unsigned_abs());
        }
        let mut fact = |name: &str, value| census.facts.insert(name.to_owned(), value);
        fact("damaged_pages", damages(&connection)?);
        let broken = "SELECT count(*) FROM pragma_foreign_key_check";
        let broken = connection.query_row(broken, [], |row| row.get(0))?;
        fact("broken_references", broken);
        if LOGGED
            .iter()
            .all(|name| tables.iter().any(|table| table == name))
        {
            connection.query_row(LOG, [], |row| each_column(row, &mut fact))?;
        }
        Ok(census)
    };
    count().map_err(Error::sqlite(file, "counted"))
}

fn each_column(
    row: &Row<'_>,
    fact: &mut impl FnMut(&str, i64) -> Option<i64>,
) -> rusqlite::Result<()> {
    let names = row.as_ref().column_names();
    for (index, name) in names.into_iter().enumerate() {
        fact(name, row.get(index)?);
    }
    Ok(())
}

/// The newest migration that the database in `file` has.
pub(super) fn schema_version(file: &Path) -> Result<Option<i64>, Error> {
    let look = || {
        let connection = read_only(file)?;
        if !connection.table_exists(None, "refinery_schema_history")? {
            return Ok(None);
        }
        let newest = "SELECT max(version) FROM refinery_schema_history";
        connection.query_row(newest, [], |row| row.get(0))
    };
    look().map_err(Error::sqlite(file, "read"))
}

/// Writes down in `file` that it was restored, and lets every node go on above all revisions that it may
/// have had. `at_ms` is milliseconds since 1970.
pub(super) fn mark_restored(file: &Path, name: &str, at: &str, at_ms: i64) -> Result<(), Error> {
    let mark = || {
        let mut connection = Connection::open(file)?;
        let tables = tables(&connection)?;
        let has = |name: &str| tables.iter().any(|table| table == name);
        let transaction = connection.transaction()?;
        if has("store_facts") {
            for (fact, value) in [("restored_at", at), ("restored_from", name)] {
                let named = named_params! {":name": fact, ":value": value};
                transaction.execute(KEEP_FACT, named)?;
            }
        }
        if has("nodes") && LOGGED.iter().all(|name| has(name)) {
            transaction.execute(RAISE_REVISIONS, named_params! {":at": at_ms})?;
        }
        transaction.commit()?;
        connection.close().map_err(|(_, error)| error)
    };
    mark().map_err(Error::sqlite(file, "marked as restored"))
}

/// Whether there is anything in the database `file` that somebody may miss.
pub(super) fn is_empty(file: &Path) -> Result<bool, Error> {
    let length = std::fs::metadata(file)
        .map_err(Error::file(file, "read"))?
        .len();
    Ok(length == 0)
}

fn damages(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
    connection.query_row(sql, [], |row| row.get(0))
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    names.collect()
}

fn read_only(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}
