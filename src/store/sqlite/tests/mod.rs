//! The embedded store against the suite of all stores, and against what can befall a file.

mod damage;
mod full;
mod owned;
mod sealed;
mod timing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use evara_actors::ports::BoxFuture;
use rusqlite::Connection;
use uuid::Uuid;

use super::directory::database_in;
use super::{SqliteRekeying, SqliteStore, StoreError};
use crate::store::Rekeying;
use crate::store::conformance::homes::who_lost_a_tenant_stays_as_they_are;
use crate::store::conformance::{Opened, Site, conformance, keys};

conformance!(super::TempDir::new());

/// A directory that is gone when the test is over.
#[derive(Debug)]
struct TempDir(PathBuf);

impl TempDir {
    fn new() -> Self {
        let name = format!("evara-store-{}", Uuid::new_v4());
        Self(std::env::temp_dir().join(name))
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn database(&self) -> PathBuf {
        database_in(&self.0)
    }

    fn store(&self) -> Result<SqliteStore, StoreError> {
        SqliteStore::open(&self.0, keys("k"))
    }

    /// A connection past the store, as a person with a shell would have.
    fn shell(&self) -> Connection {
        Connection::open(self.database()).unwrap()
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _may_never_have_been_made = std::fs::remove_dir_all(&self.0);
    }
}

impl Site for TempDir {
    fn open(&self) -> BoxFuture<'_, Opened> {
        Box::pin(async { Opened::new(self.store().unwrap()).await })
    }

    fn open_with<'a>(&'a self, letters: &'a str) -> BoxFuture<'a, Result<Opened, String>> {
        Box::pin(async {
            let opened = SqliteStore::open(&self.0, keys(letters));
            Ok(Opened::new(opened.map_err(|error| error.to_string())?).await)
        })
    }

    fn beside<'a>(&'a self, letters: &'a str) -> BoxFuture<'a, Result<Arc<dyn Rekeying>, String>> {
        Box::pin(async {
            let opened = SqliteRekeying::open(&self.0, keys(letters));
            Ok(Arc::new(opened.map_err(|error| error.to_string())?) as Arc<dyn Rekeying>)
        })
    }
}

#[tokio::test]
async fn who_lost_a_tenant_before_stays_as_they_are() {
    let dir = TempDir::new();
    let opened = dir.open().await;
    who_lost_a_tenant_stays_as_they_are(&opened, || {
        let lost = dir.shell().execute(
            "DELETE FROM communities WHERE id = unhex('00000000000000000000000000000001')",
            [],
        );
        assert_eq!(lost.unwrap(), 1);
    })
    .await;
}
