//! Proving a backup: it is restored into a scratch database, counted, and thrown away.

use std::path::Path;

use super::census::Census;
use super::manifest::{Kind, Manifest};
use super::pipeline::{Sums, unpack};
use super::postgres::{self, Connection, Owners};
use super::scratch::Scratch;
use super::shelf::object_of;
use super::{Backups, Error, sqlite};
use crate::private;

/// Scratch databases are called so, and by when they were made.
const SCRATCH: &str = "evara_verify_";

/// Older ones were left by a process that was killed.
const STALE_AFTER_S: i64 = 24 * 60 * 60;

/// A backup, and how far it is known to be good.
#[derive(Debug)]
pub struct Verified {
    /// What was asked about.
    pub manifest: Manifest,
    /// What was done to find out.
    pub proof: Proof,
}

/// How a backup was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It was restored, and is what was backed up.
    Restored,
    /// Of a whole server: each file, and the log that it needs, is what PostgreSQL noted. No server was
    /// started on it.
    Files,
    /// It is stored as it was sent. Nobody looked at what that was: it does not count as verified.
    Stored,
}

impl Backups {
    /// Restores a backup (the newest one where nobody says which) into a scratch database and compares
    /// what is in it with what was backed up. `directory` is where there is room, `server` a database of
    /// the server on which a scratch database may be made. A whole server is taken out beside the data, and
    /// looked at by PostgreSQL's own program.
    ///
    /// # Errors
    /// When anything is not as it was, named one by one; or when it cannot be found out.
    pub fn verify(
        &self,
        name: Option<&str>,
        directory: &Path,
        server: Option<&Connection>,
    ) -> Result<Verified, Error> {
        let manifest = self.find(name)?;
        self.check(&manifest)?;
        let proof = match (manifest.kind, server) {
            (Kind::Sqlite, _) => {
                as_it_was(&manifest, &self.restored_sqlite(&manifest, directory)?)?
            }
            (Kind::Postgres, Some(server)) => {
                as_it_was(&manifest, &self.restored_postgres(&manifest, server)?)?
            }
            (Kind::Postgres, None) => return Err(Error::DatabaseUrl),
            (Kind::PostgresBase, _) => self.proof_of_base(&manifest, directory)?,
        };
        if proof != Proof::Stored {
            self.mark_verified(&manifest.name)?;
        }
        Ok(Verified { manifest, proof })
    }

    /// Reads all of the object: whether it is what was stored, and comes out as what went in. Nothing is
    /// changed before this was done.
    pub(super) fn check(&self, manifest: &Manifest) -> Result<(), Error> {
        self.watch.begin("checking");
        self.unpack_into(manifest, &mut std::io::sink())
    }

    /// Takes the backup out into `sink`.
    pub(super) fn unpack_into(
        &self,
        manifest: &Manifest,
        sink: &mut dyn std::io::Write,
    ) -> Result<(), Error> {
        let name = object_of(&manifest.name);
        let key = self.key_of(&name, manifest.key_id.as_deref())?;
        let object = self.place.read(&name)?;
        let expected = Sums {
            plain: manifest.plain(),
            stored: manifest.stored(),
        };
        let damaged = |what: String| Error::Damaged {
            object: self.place.name_of(&name),
            what,
        };
        if object.size() != expected.stored.bytes {
            let (found, expected) = (object.size(), expected.stored.bytes);
            return Err(damaged(format!(
                "it has {found} bytes instead of {expected}"
            )));
        }
        if unpack(object, key, sink, &self.watch)? != expected {
            return Err(damaged(
                "its SHA-256 is not that of its manifest".to_owned(),
            ));
        }
        Ok(())
    }

    fn restored_sqlite(&self, manifest: &Manifest, directory: &Path) -> Result<Census, Error> {
        let scratch = Scratch::within(directory)?;
        let path = scratch.file("evara.db");
        self.watch.begin("restoring");
        self.fill_file(manifest, &path)?;
        sqlite::census(&path)
    }

    /// Restores the embedded database into the new file `path`.
    pub(super) fn fill_file(&self, manifest: &Manifest, path: &Path) -> Result<(), Error> {
        let made = private::writing().create_new(true).open(path);
        let mut file = made.map_err(Error::file(path, "made"))?;
        self.unpack_into(manifest, &mut file)?;
        file.sync_all().map_err(Error::file(path, "synced"))
    }

    fn restored_postgres(&self, manifest: &Manifest, server: &Connection) -> Result<Census, Error> {
        self.remove_stale(server)?;
        let scratch = ScratchDatabase::create(server, self.now().1 / 1000)?;
        self.watch.begin("restoring");
        let fill = |input: &mut dyn std::io::Write| self.unpack_into(manifest, input);
        postgres::restore(&scratch.0, Owners::Restorer, fill)?;
        Ok(postgres::census(&scratch.0)?.0)
    }

    fn remove_stale(&self, server: &Connection) -> Result<(), Error> {
        let now = self.now().1 / 1000;
        for name in postgres::named(server, SCRATCH)? {
            let made = name[SCRATCH.len()..].split('_').next();
            let made = made.and_then(|seconds| seconds.parse::<i64>().ok());
            if made.is_some_and(|made| now - made > STALE_AFTER_S) {
                postgres::remove(&server.to(&name))?;
            }
        }
        Ok(())
    }
}

fn as_it_was(manifest: &Manifest, found: &Census) -> Result<Proof, Error> {
    must_equal(manifest, found)?;
    must_be_whole(manifest, found)?;
    Ok(Proof::Restored)
}

/// Refuses a copy that is not what was backed up.
pub(super) fn must_equal(manifest: &Manifest, found: &Census) -> Result<(), Error> {
    none(manifest, manifest.census.differences(found))
}

/// Refuses a copy that breaks a promise of the store, which the database then broke as well. A restore does
/// not ask: what there is of the past is better than nothing.
fn must_be_whole(manifest: &Manifest, found: &Census) -> Result<(), Error> {
    none(manifest, found.breaches())
}

fn none(manifest: &Manifest, differences: Vec<String>) -> Result<(), Error> {
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::Different {
        name: manifest.name.clone(),
        differences,
    })
}

/// A database that goes with the value.
#[derive(Debug)]
struct ScratchDatabase(Connection);

impl ScratchDatabase {
    fn create(server: &Connection, now_s: i64) -> Result<Self, Error> {
        let random = uuid::Uuid::new_v4().simple();
        let connection = server.to(&format!("{SCRATCH}{now_s}_{random}"));
        postgres::create(&connection)?;
        Ok(Self(connection))
    }
}

impl Drop for ScratchDatabase {
    fn drop(&mut self) {
        // The next verification removes what stays behind.
        let _left = postgres::remove(&self.0);
    }
}
