//! The schema's steps, embedded in the program: which are applied, which are pending, and applying them.
//!
//! Steps are only ever added. A schema that has other steps than this program is left alone.

use std::path::Path;

use rusqlite::Connection;

use super::StoreError;
use super::connect;
use super::directory::{DataDirectory, database_in};
use crate::store::migration::{Foreign, Migration, MigrationStatus, Step};

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// How far the database in `dir` is; changes nothing, and may be asked while a service runs. Where there
/// is no database every step is pending.
///
/// # Errors
/// When the database cannot be read, or has steps that this version does not.
pub fn migrate_status(dir: &Path) -> Result<MigrationStatus, StoreError> {
    let file = database_in(dir);
    let look = || match file.exists() {
        true => applied(&connect::read_only(&file)?),
        false => Ok(Vec::new()),
    };
    let applied = look().map_err(|source| StoreError::of_sqlite(file.clone(), source))?;
    status(applied, &file)
}

/// Brings the database in `dir` up to date, making it where it is not there, and says which steps that took.
///
/// # Errors
/// As [`super::SqliteStore::open`] does; a service that runs on `dir` is one.
pub fn migrate(dir: &Path) -> Result<Vec<Migration>, StoreError> {
    let directory = DataDirectory::claim(dir)?;
    up(&mut connect::writer(&directory)?, &directory)
}

/// Applies what is pending, each step in a transaction of its own.
pub(super) fn up(
    connection: &mut Connection,
    directory: &DataDirectory,
) -> Result<Vec<Migration>, StoreError> {
    let file = directory.database();
    let applied =
        applied(connection).map_err(|source| StoreError::of_sqlite(file.clone(), source))?;
    status(applied, &file)?;
    let report = embedded::migrations::runner().run(connection);
    let report = report.map_err(|source| StoreError::Migration {
        file,
        source: Box::new(source),
    })?;
    Ok(report.applied_migrations().iter().map(Into::into).collect())
}

/// Asked of the table itself, since refinery would make the table first.
fn applied(connection: &Connection) -> rusqlite::Result<Vec<Step>> {
    const TABLE: &str = "refinery_schema_history";
    if !connection.table_exists(None, TABLE)? {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT version, name, checksum FROM {TABLE} ORDER BY version");
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| {
        let migration = Migration {
            version: row.get(0)?,
            name: row.get(1)?,
        };
        Ok(Step {
            migration,
            checksum: row.get(2)?,
        })
    })?;
    rows.collect()
}

fn status(applied: Vec<Step>, file: &Path) -> Result<MigrationStatus, StoreError> {
    let runner = embedded::migrations::runner();
    let known = runner.get_migrations().iter().map(Into::into).collect();
    let file = file.to_owned();
    MigrationStatus::new(known, applied).map_err(|foreign| match foreign {
        Foreign::Newer { found, known } => StoreError::NewerSchema { file, found, known },
        Foreign::Altered(steps) => StoreError::AlteredSchema { file, steps },
    })
}

/// A database of the newest schema, for tests of statements alone.
#[cfg(test)]
pub(super) fn migrated_in_memory() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    embedded::migrations::runner().run(&mut connection).unwrap();
    connection
}
