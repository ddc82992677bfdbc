//! The data directory, claimed by this process for as long as the value lives.
//!
//! Two processes that wrote one database would each believe in twins of their own. The claim is a lock of
//! the operating system on a file of ours: it ends with the process, however that ends.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::private;

const DATABASE: &str = "evara.db";
const LOCK: &str = "evara.lock";

/// A directory that no other process has.
#[derive(Debug)]
pub(crate) struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Makes the directory where it is not there, and locks it.
    pub(crate) fn claim(path: &Path) -> Result<Self, StoreError> {
        let unusable = |source| StoreError::Directory {
            dir: path.to_owned(),
            source,
        };
        private::make_directory(path).map_err(unusable)?;
        let lock = private::writing()
            .create(true)
            .truncate(false)
            .open(path.join(LOCK))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
                dir: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// Where the database is.
    pub(super) fn database(&self) -> PathBuf {
        database_in(&self.path)
    }
}

/// Where the database of a directory is, claimed or not.
pub(crate) fn database_in(dir: &Path) -> PathBuf {
    dir.join(DATABASE)
}
