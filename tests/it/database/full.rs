//! The disk of the database is full; then there is room.

use std::fs;
use std::os::unix::fs::chown;

use super::super::postgres::{Postgres, server_user};
use super::super::small_disk::SmallDisk;
use super::door::Pushed;
use super::{AT_ONCE, Site, assert_lives_without};

/// The schema takes a tenth of it.
const MEBIBYTES: u32 = 32;

/// Readings that no page has room for beside others.
const A_PAGE_AND_MORE: usize = 500;

/// Each takes the room of many pages.
const ROUNDS: usize = 5;

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

/// Pages that were begun have room for some more, and each writer finds out for itself that they have none:
/// the disk is full for everyone once everyone is put off. Answers with what was pushed meanwhile.
async fn exhaust(site: &Site) -> Vec<Pushed> {
    let mut pushed = Vec::new();
    for _ in 0..ROUNDS {
        site.flood_all(A_PAGE_AND_MORE).await;
        let round = site.push_at_once(AT_ONCE).await;
        let is_over = !round.iter().any(Pushed::is_acknowledged);
        pushed.extend(round);
        if is_over {
            return pushed;
        }
    }
    panic!("there is room and room again: {pushed:?}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_whose_disk_is_full_is_written_to_as_soon_as_there_is_room() {
    let Some(disk) = SmallDisk::mounted(MEBIBYTES) else {
        return;
    };
    let site = Site::prepared(&[], |postgres| hold(&disk, postgres)).await;
    disk.fill();
    let mut pushed = exhaust(&site).await;
    let reason = "the disk of the database is full (53100)";
    pushed.extend(assert_lives_without(&site, &[reason]).await);
    disk.clear();
    pushed.push(site.assert_is_back().await);
    site.assert_whole(&pushed).await;
}
