//! Making a backup: the stream first, the manifest last.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use uuid::Uuid;

use super::manifest::{Content, FORMAT, Kind, Manifest};
use super::pipeline::pack;
use super::postgres::{self, Connection, Dump, Snapshot};
use super::scratch::Scratch;
use super::shelf::object_of;
use super::{Backups, Database, Error, sqlite};
use crate::store::database_in;

/// What was made, and what went for it.
#[derive(Debug)]
pub struct Created {
    /// The new backup.
    pub manifest: Manifest,
    /// Promises of the store that the database itself breaks, in words for people.
    pub breaches: Vec<String>,
}

impl Backups {
    /// Backs `database` up, while whoever uses it goes on.
    ///
    /// # Errors
    /// When it cannot be read, or the place not be written; then nothing of it is to be seen there.
    pub fn create(&self, database: &Database) -> Result<Created, Error> {
        let manifest = match database {
            Database::Sqlite(directory) => self.create_sqlite(directory)?,
            Database::Postgres(connection) => self.create_postgres(connection)?,
        };
        Ok(Created {
            breaches: manifest.census.breaches(),
            manifest,
        })
    }

    fn create_sqlite(&self, directory: &Path) -> Result<Manifest, Error> {
        let database = database_in(directory);
        // Asked first: looking for what is not there must not make its directory.
        fs::metadata(&database).map_err(Error::file(&database, "read"))?;
        let scratch = Scratch::within(directory)?;
        let copy = scratch.file("evara.db");
        self.watch.begin("copying");
        sqlite::copy(&database, &copy, &self.watch)?;
        let found = Content {
            census: sqlite::census(&copy)?,
            schema_version: sqlite::schema_version(&copy)?,
            ..Content::default()
        };
        let mut file = File::open(&copy).map_err(Error::file(&copy, "read"))?;
        self.keep(Kind::Sqlite, &mut file, || Ok(found))
    }

    fn create_postgres(&self, connection: &Connection) -> Result<Manifest, Error> {
        let snapshot = Snapshot::open(connection)?;
        let mut dump = Dump::of(connection, &snapshot)?;
        let mut output = dump.output()?;
        self.keep(Kind::Postgres, &mut output, || {
            dump.finish()?;
            let (census, schema_version) = snapshot.census()?;
            Ok(Content {
                census,
                schema_version,
                owner: postgres::owner(connection, connection.database())?,
                ..Content::default()
            })
        })
    }

    /// Keeps all that `source` has. `confirm` says whether that was all of it, and what was in it.
    pub(super) fn keep(
        &self,
        kind: Kind,
        source: &mut dyn Read,
        confirm: impl FnOnce() -> Result<Content, Error>,
    ) -> Result<Manifest, Error> {
        let (created_at, created_ms) = self.now();
        let name = name_at(created_ms);
        let object = self.place.write(&object_of(&name))?;
        self.watch.begin("storing");
        let (sums, object) = pack(source, self.key.as_ref(), object, &self.watch)?;
        let content = confirm()?;
        object.finish()?;
        let manifest = Manifest {
            format: FORMAT,
            name,
            created_at,
            kind,
            schema_version: content.schema_version,
            owner: content.owner,
            complete_at: content.complete_at,
            service_version: env!("CARGO_PKG_VERSION").to_owned(),
            compression: "zstd".to_owned(),
            key_id: self.key.as_ref().map(|key| key.id().to_owned()),
            plain_bytes: sums.plain.bytes,
            plain_sha256: sums.plain.sha256,
            stored_bytes: sums.stored.bytes,
            stored_sha256: sums.stored.sha256,
            census: content.census,
        };
        self.keep_manifest(&manifest)?;
        Ok(manifest)
    }
}

/// Sorts by time, to the millisecond, and two of one millisecond do not meet: `20261120T154932123Z-3fa1c2`.
/// Older names have no milliseconds.
pub(super) fn name_at(millis: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
    let random = Uuid::new_v4().simple().to_string();
    let time = instant.strftime("%Y%m%dT%H%M%S%3fZ");
    format!("{time}-{}", &random[..6])
}
