//! Bringing a backup back: checked whole first, restored beside what is there, put in its place at last.
//!
//! What is replaced is put aside under a name of its own and never deleted. A database that was restored goes
//! on with revisions above all that it may have had.

use std::io;
use std::path::{Path, PathBuf};

use evara_actors::domain::Timestamp;
use uuid::Uuid;

use super::manifest::{Kind, Manifest};
use super::postgres::{self, Connection, Owners};
use super::verify::must_equal;
use super::{Backups, Database, Error, sqlite};
use crate::store::database_in;

/// Where a backup is restored to.
pub type Target = Database;

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// The backup.
    pub manifest: Manifest,
    /// Where the old database is now, if there was one.
    pub aside: Option<String>,
    /// The role that a PostgreSQL database was given to; `None` where it stays with whoever restored it.
    pub owner: Option<String>,
}

impl Backups {
    /// Restores a backup into `target`, which must be empty unless it is to be `replace`d.
    ///
    /// # Errors
    /// When the backup is damaged, of another kind, or not what its manifest says; when the target is in use,
    /// or is not empty. Then the target is as it was.
    pub fn restore(&self, name: &str, target: &Target, replace: bool) -> Result<Restored, Error> {
        let manifest = self.find(Some(name))?;
        let (aside, owner) = match (manifest.kind, target) {
            (Kind::Sqlite, Database::Sqlite(directory)) => {
                let aside = self.restore_sqlite(&manifest, directory, replace)?;
                (aside.map(|path| path.display().to_string()), None)
            }
            (Kind::Postgres, Database::Postgres(connection)) => {
                self.restore_postgres(&manifest, connection, replace)?
            }
            (kind, target) => {
                return Err(Error::OtherKind {
                    name: manifest.name,
                    kind: kind.word(),
                    target: match target {
                        Database::Sqlite(directory) => directory.display().to_string(),
                        Database::Postgres(connection) => connection.to_string(),
                    },
                });
            }
        };
        Ok(Restored {
            manifest,
            aside,
            owner,
        })
    }

    fn restore_sqlite(
        &self,
        manifest: &Manifest,
        directory: &Path,
        replace: bool,
    ) -> Result<Option<PathBuf>, Error> {
        let database = database_in(directory);
        if !replace && database.exists() && !sqlite::is_empty(&database)? {
            return Err(Error::NotEmpty {
                target: directory.display().to_string(),
            });
        }
        self.check(manifest)?;
        let _claimed = sqlite::claim(directory)?;
        let (at, at_ms) = self.now();
        let suffix = Uuid::new_v4().simple().to_string();
        let fresh = Fresh(database.with_extension(format!("db.restoring-{suffix}")));
        self.watch.begin("restoring");
        self.fill_file(manifest, &fresh.0)?;
        must_equal(manifest, &sqlite::census(&fresh.0)?)?;
        sqlite::mark_restored(&fresh.0, &manifest.name, &at, at_ms)?;
        sqlite::put_in_place(&fresh.0, &database, &super::create::name_at(at_ms))
    }

    fn restore_postgres(
        &self,
        manifest: &Manifest,
        target: &Connection,
        replace: bool,
    ) -> Result<(Option<String>, Option<String>), Error> {
        let empty = postgres::is_empty(target)?;
        if empty == Some(false) && !replace {
            return Err(Error::NotEmpty {
                target: target.to_string(),
            });
        }
        self.check(manifest)?;
        let owner = owner_for(manifest, target)?;
        let random = Uuid::new_v4().simple();
        let fresh = FreshDatabase::create(target.to(&format!("evara_restoring_{random}")))?;
        self.watch.begin("restoring");
        let fill = |input: &mut dyn io::Write| self.unpack_into(manifest, input);
        postgres::restore(&fresh.connection, Owners::Kept, fill)?;
        must_equal(manifest, &postgres::census(&fresh.connection)?.0)?;
        let (at, at_ms) = self.now();
        postgres::mark_restored(&fresh.connection, &manifest.name, &at, at_ms)?;
        let name = super::create::name_at(at_ms)
            .to_lowercase()
            .replace('-', "_");
        let aside = format!("evara_replaced_{name}");
        let aside = empty.map(|_| aside);
        fresh.take_place_of(target, aside.as_deref(), owner.as_deref())?;
        Ok((aside, owner))
    }
}

/// Whom the restored database is given to: the owner of the one that it replaces, or of the one that was backed
/// up, if the server knows that role.
fn owner_for(manifest: &Manifest, target: &Connection) -> Result<Option<String>, Error> {
    if let Some(owner) = postgres::owner(&target.to("postgres"), target.database())? {
        return Ok(Some(owner));
    }
    match &manifest.owner {
        Some(noted) if postgres::has_role(target, noted)? => Ok(Some(noted.clone())),
        Some(_) | None => Ok(None),
    }
}

/// Writes down in a database that was brought back by other means, such as point-in-time recovery, that it was,
/// and raises the revisions. `from` says what it was brought back from.
///
/// # Errors
/// When the database cannot be written.
pub fn finish_recovery(database: &Connection, from: &str, now: Timestamp) -> Result<(), Error> {
    let at = now.to_jiff().to_string();
    postgres::mark_restored(database, from, &at, now.millis())
}

/// A file that goes with the value, unless it was given another name.
#[derive(Debug)]
struct Fresh(PathBuf);

impl Drop for Fresh {
    fn drop(&mut self) {
        // Most often it is in its place by now.
        let _gone = std::fs::remove_file(&self.0);
    }
}

/// A database that goes with the value, unless it was given another name.
#[derive(Debug)]
struct FreshDatabase {
    connection: Connection,
    placed: bool,
}

impl FreshDatabase {
    fn create(connection: Connection) -> Result<Self, Error> {
        postgres::create(&connection)?;
        Ok(Self {
            connection,
            placed: false,
        })
    }

    fn take_place_of(
        mut self,
        target: &Connection,
        aside: Option<&str>,
        owner: Option<&str>,
    ) -> Result<(), Error> {
        postgres::swap(&self.connection, target, aside, owner)?;
        self.placed = true;
        Ok(())
    }
}

impl Drop for FreshDatabase {
    fn drop(&mut self) {
        if !self.placed {
            // Its name says what it was for.
            let _left = postgres::remove(&self.connection);
        }
    }
}
