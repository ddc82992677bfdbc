//! The disk of the database is full; then there is room.
//!
//! A disk of its own needs a mount, and that needs root: where it is not to be had, the test says so.

use std::fs;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::Command;

use super::super::postgres::{Postgres, server_user};
use super::{Site, assert_lives_without, eventually};

/// The schema takes a tenth of it.
const SIZE: &str = "size=32m";

/// A small disk, as long as the value lives.
#[derive(Debug)]
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where this process may not mount one.
    fn mounted() -> Option<Self> {
        let name = format!("evara-small-disk-{}", uuid::Uuid::now_v7());
        let disk = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&disk.0).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", SIZE, "tmpfs"])
            .arg(&disk.0);
        if !mount.output().is_ok_and(|done| done.status.success()) {
            return None;
        }
        let tables = disk.0.join("tables");
        fs::create_dir(&tables).unwrap();
        if let Some((user, group)) = server_user() {
            chown(&tables, Some(user), Some(group)).unwrap();
        }
        Some(disk)
    }

    /// Has everything of the database lie on it.
    fn hold(&self, postgres: &Postgres) {
        let tables = self.0.join("tables");
        let make = format!("CREATE TABLESPACE small LOCATION '{}'", tables.display());
        postgres.psql("postgres", &make);
        postgres.psql(
            "postgres",
            "ALTER DATABASE evara SET default_tablespace = small",
        );
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut dd = Command::new("dd");
        dd.args(["if=/dev/zero", "bs=64k"]);
        let _no_space_left = dd.arg(format!("of={}", self.filler().display())).output();
    }

    fn clear(&self) {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_whose_disk_is_full_is_written_to_as_soon_as_there_is_room() {
    let Some(disk) = SmallDisk::mounted() else {
        eprintln!("not tested here: a full disk needs the right to mount one, which root has");
        return;
    };
    let site = Site::prepared(&[], |postgres| disk.hold(postgres)).await;
    disk.fill();
    // There is room for some more in the pages that were begun.
    site.flood(2_000).await;
    eventually("nothing more is taken", || {
        site.app.system().persistence().failing_since.is_some()
    })
    .await;
    let reason = "the disk of the database is full (53100)";
    let mut pushed = assert_lives_without(&site, &[reason]).await;
    disk.clear();
    pushed.push(site.assert_is_back().await);
    site.assert_whole(&pushed).await;
}
