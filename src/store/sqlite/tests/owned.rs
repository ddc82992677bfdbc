//! Who else on the machine may read what is kept.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use evara_actors::ports::Registry as _;

use super::TempDir;
use crate::store::conformance::fixtures::spec;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The modes of all files of a store that has written, by their names.
async fn modes(dir: &TempDir) -> Vec<(String, u32)> {
    let store = dir.store().unwrap();
    store.insert(spec(1, "one")).await.unwrap();
    let files = fs::read_dir(dir.path()).unwrap().map(|file| {
        let file = file.unwrap();
        let name = file.file_name().to_string_lossy().into_owned();
        (name, mode(&file.path()))
    });
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

#[tokio::test]
async fn what_is_made_is_its_owners_alone() {
    let above = TempDir::new();
    let dir = TempDir(above.path().join("data"));
    let made = ["evara.db", "evara.db-shm", "evara.db-wal", "evara.lock"];
    let made = made.map(|name| (name.to_owned(), 0o600));
    assert_eq!(modes(&dir).await, made);
    assert_eq!((mode(above.path()), mode(dir.path())), (0o700, 0o700));
}

#[tokio::test]
async fn what_somebody_made_stays_as_readable_as_they_made_it() {
    let dir = TempDir::new();
    DirBuilder::new().mode(0o755).create(dir.path()).unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    fs::write(dir.database(), "").unwrap();
    fs::set_permissions(dir.database(), Permissions::from_mode(0o640)).unwrap();
    let modes = modes(&dir).await;
    assert_eq!(mode(dir.path()), 0o755);
    let of = |wanted: &str| modes.iter().find(|(name, _)| name == wanted).unwrap().1;
    assert_eq!((of("evara.db"), of("evara.lock")), (0o640, 0o600));
}
