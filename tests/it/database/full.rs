//! The disk of the database is full; then there is room.

use std::fs;
use std::os::unix::fs::chown;

use super::super::postgres::{Postgres, server_user};
use super::super::small_disk::SmallDisk;
use super::{Site, assert_lives_without, eventually};

/// The schema takes a tenth of it.
const MEBIBYTES: u32 = 32;

/// Has everything of the database lie on the disk.
fn hold(disk: &SmallDisk, postgres: &Postgres) {
    let tables = disk.path().join("tables");
    fs::create_dir(&tables).unwrap();
    if let Some((user, group)) = server_user() {
        chown(&tables, Some(user), Some(group)).unwrap();
    }
    let make = format!("CREATE TABLESPACE small LOCATION '{}'", tables.display());
    postgres.psql("postgres", &make);
    postgres.psql(
        "postgres",
        "ALTER DATABASE evara SET default_tablespace = small",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_whose_disk_is_full_is_written_to_as_soon_as_there_is_room() {
    let Some(disk) = SmallDisk::mounted(MEBIBYTES) else {
        return;
    };
    let site = Site::prepared(&[], |postgres| hold(&disk, postgres)).await;
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
