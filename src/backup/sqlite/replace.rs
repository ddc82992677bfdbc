//! Puts a restored file in the place of the old one, which is kept beside it.
//!
//! The data directory is claimed first, as the service claims it: what is in use is never replaced.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::backup::Error;
use crate::store::{DataDirectory, StoreError};

/// What SQLite keeps beside a database, and the database last.
const PARTS: [&str; 3] = ["-wal", "-shm", ""];

/// Claims `dir`, making it where it is not there.
pub(in crate::backup) fn claim(dir: &Path) -> Result<DataDirectory, Error> {
    let target = dir.display().to_string();
    match DataDirectory::claim(dir) {
        Ok(claimed) => Ok(claimed),
        Err(StoreError::InUse { .. }) => Err(Error::InUse { target }),
        Err(other) => Err(Error::Place {
            place: target,
            source: Box::new(other),
        }),
    }
}

/// Renames `fresh`, which is whole, to `database`; what was there is put aside under the name that is
/// returned.
pub(in crate::backup) fn put_in_place(
    fresh: &Path,
    database: &Path,
    suffix: &str,
) -> Result<Option<PathBuf>, Error> {
    sync(fresh)?;
    let aside = with_ending(database, &format!(".replaced-{suffix}"));
    let mut replaced = None;
    for part in PARTS {
        let old = with_ending(database, part);
        if old.exists() {
            let kept = with_ending(&aside, part);
            fs::rename(&old, &kept).map_err(Error::file(&old, "put aside"))?;
            replaced = Some(aside.clone());
        }
    }
    fs::rename(fresh, database).map_err(Error::file(database, "put in place"))?;
    if let Some(directory) = database.parent() {
        sync(directory)?;
    }
    Ok(replaced)
}

fn sync(path: &Path) -> Result<(), Error> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(Error::file(path, "synced"))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
