//! A directory of a job's own, for its owner alone, gone with the job.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::Error;
use crate::private;

/// See the module.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// A directory in `parent`, which is made where it is not there: beside the data there is room for as much
    /// again, which the system's own place for such things may not have.
    pub(super) fn within(parent: &Path) -> Result<Self, Error> {
        private::make_directory(parent).map_err(Error::file(parent, "made"))?;
        let path = parent.join(format!("backup-scratch-{}", Uuid::new_v4().simple()));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(Error::file(&path, "made"))?;
        Ok(Self(path))
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is in plain sight, beside the data.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}
