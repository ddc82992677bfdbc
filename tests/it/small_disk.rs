//! A small disk of a test's own, which can be full.
//!
//! It is a mount, and that needs root. Where it is not to be had the test cannot be made, and says so.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// See the module. It goes with the value.
#[derive(Debug)]
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where this process may not mount one, which is told past whatever keeps the output of tests.
    pub(crate) fn mounted(mebibytes: u32) -> Option<Self> {
        let name = format!("evara-small-disk-{}", uuid::Uuid::now_v7());
        let disk = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&disk.0).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"]);
        mount.arg(&disk.0);
        if mount.output().is_ok_and(|done| done.status.success()) {
            return Some(disk);
        }
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let warning =
            format!("NOT TESTED: {test} needs a full disk, and only root may mount one\n");
        eprint!("{warning}");
        let terminal = File::options().write(true).open("/dev/tty");
        let _nobody_looks =
            terminal.and_then(|mut to| std::io::Write::write_all(&mut to, warning.as_bytes()));
        None
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Takes all the room that is left.
    pub(crate) fn fill(&self) {
        let mut dd = Command::new("dd");
        dd.args(["if=/dev/zero", "bs=4k"]);
        let _no_space_left = dd.arg(format!("of={}", self.filler().display())).output();
    }

    /// Gives so many bytes of it back.
    pub(crate) fn leave(&self, bytes: u64) {
        let filler = File::options().write(true).open(self.filler()).unwrap();
        let length = filler.metadata().unwrap().len();
        filler.set_len(length - bytes).unwrap();
    }

    pub(crate) fn clear(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _was_none = Command::new("umount").arg("-l").arg(&self.0).output();
        let _left = fs::remove_dir(&self.0);
    }
}
