//! Backups: made while the service runs, proved by restoring them, and brought back.
//!
//! Holds nothing of its own but what is in the place that they go to. Two things must never happen here: that
//! a backup looks whole and is not, and that a restore destroys what it cannot replace. So a manifest is
//! written last, everything is compared with it, and nothing old is deleted by a restore.
//!
//! ```text
//! database ─dump─▶ compress ─▶ seal ─▶ place (directory, S3)     then the manifest
//! ```
//!
//! Everything blocks: it runs on a thread that may, beside a runtime.

mod base;
mod census;
mod create;
mod error;
mod manifest;
mod object;
mod pipeline;
mod place;
mod postgres;
mod restore;
mod retention;
mod scratch;
mod seal;
mod shelf;
mod sqlite;
mod verify;
mod wal;
mod watch;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use evara_actors::ports::Clock;
use tokio::runtime::Handle;

pub use base::Until;
pub use census::Census;
pub use create::Created;
pub use error::Error;
pub use manifest::{Kind, Manifest};
pub use postgres::Connection;
pub use restore::{Restored, Target, finish_recovery};
pub use seal::{BackupKey, KeyError};
pub use shelf::Entry;
pub use verify::{Proof, Verified};
pub use watch::Watch;

use crate::config::BackupConfig;
use place::Place;

/// What is backed up.
#[derive(Debug, Clone)]
pub enum Database {
    /// The embedded store's directory.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(Connection),
}

/// The backups of one place.
#[derive(Debug)]
pub struct Backups {
    place: Place,
    key: Option<BackupKey>,
    keep: usize,
    clock: Arc<dyn Clock>,
    watch: Watch,
}

impl Backups {
    /// The backups of the place that is configured.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub fn open(
        config: &BackupConfig,
        clock: Arc<dyn Clock>,
        watch: Watch,
        runtime: Handle,
    ) -> Result<Self, Error> {
        let to = config.to.as_ref().ok_or(Error::NoPlace)?;
        Ok(Self {
            place: Place::open(to, &config.s3, runtime)?,
            key: config.key.as_ref().map(BackupKey::new).transpose()?,
            keep: config.keep,
            clock,
            watch,
        })
    }

    /// The key that `object` needs, which is sealed under the key of that id, or not at all.
    fn key_of(&self, object: &str, id: Option<&str>) -> Result<Option<&BackupKey>, Error> {
        let Some(id) = id else { return Ok(None) };
        let fitting = self.key.as_ref().filter(|key| key.id() == id);
        fitting.map(Some).ok_or_else(|| Error::OtherKey {
            object: self.place.name_of(object),
            id: id.to_owned(),
        })
    }

    /// The time now: in words, and in milliseconds since 1970.
    fn now(&self) -> (String, i64) {
        let now = self.clock.now();
        (now.to_jiff().to_string(), now.millis())
    }
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text never fails.
        let _always = write!(text, "{byte:02x}");
        text
    })
}
