//! The embedded store: one SQLite file in the data directory, written by one process at a time.
//!
//! It holds the truth of nodes, twins and history. `Ok` means committed and synced to the disk. No SQLite
//! call runs on a thread of the runtime, and none is waited for without a deadline.

mod accounts;
mod archive;
mod audit;
mod channel_secrets;
mod connect;
mod device_keys;
mod directory;
mod error;
mod history;
mod ip_rules;
mod lane;
mod marks;
mod migrations;
mod ownership;
mod past;
mod receipts;
mod registry;
mod rekeying;
mod rolling;
mod rows;
mod sessions;
mod source_column;
mod statements;
mod tenants;
mod write;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use directory::{DataDirectory, database_in};
pub use error::StoreError;
pub use migrations::{migrate, migrate_status};
pub use rekeying::SqliteRekeying;

use self::lane::Lane;
use self::marks::Marks;
use super::SecretBox;

/// Callers on the path of a request wait no longer; the outside gives up on one after six seconds.
const DEADLINE: Duration = Duration::from_secs(5);

/// Loading happens once, before anyone waits, and grows with the number of twins.
const LOAD_DEADLINE: Duration = Duration::from_secs(60);

/// Enough for a chart to be drawn while another is; each holds a file handle and a page cache.
const READERS: usize = 4;

/// The embedded store. Dropping it gives the data directory free.
#[derive(Debug)]
pub struct SqliteStore {
    // Fields drop in their order, and the last connection to close carries the log over into the
    // database, which a reader may not.
    readers: Lane,
    writer: Lane,
    keys: Arc<SecretBox>,
    /// Changed by what the writer does, and by nothing else.
    marks: Arc<Marks>,
}

impl SqliteStore {
    /// Opens the store in `dir`, making both where they are not there yet, and brings the schema up to
    /// date. Blocks: call it before serving, or where blocking is allowed.
    ///
    /// # Errors
    /// When another process has the directory, when it cannot be written, when the file is damaged or was
    /// written by a newer version, and when what is sealed in it is under a SECRET_KEY that is not given.
    pub fn open(dir: &Path, keys: SecretBox) -> Result<Self, StoreError> {
        let directory = Arc::new(DataDirectory::claim(dir)?);
        let mut writer = connect::writer(&directory)?;
        migrations::up(&mut writer, &directory)?;
        connect::take_up(&mut writer, &keys).map_err(|error| error.at(&directory))?;
        let readers = (0..READERS)
            .map(|_| connect::reader(&directory))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            readers: Lane::of_readers(readers, Arc::clone(&directory)),
            writer: Lane::of_writer(writer, directory),
            keys: Arc::new(keys),
            marks: Arc::default(),
        })
    }

    /// Opens what is in `dir` to be read, beside whoever else has it; whatever would be written fails. Blocks.
    ///
    /// # Errors
    /// When there is no database, when it cannot be read, and when it is of another version.
    pub fn beside(dir: &Path, keys: SecretBox) -> Result<Self, StoreError> {
        let file = database_in(dir);
        let reader = || {
            let opened = connect::read_only(&file);
            opened.map_err(|source| StoreError::of_sqlite(file.clone(), source))
        };
        let [one, other] = [reader()?, reader()?];
        if !migrations::migrate_status(dir)?.pending.is_empty() {
            return Err(StoreError::OlderSchema { file });
        }
        Ok(Self {
            readers: Lane::of_guest(one),
            writer: Lane::of_guest(other),
            keys: Arc::new(keys),
            marks: Arc::default(),
        })
    }
}
