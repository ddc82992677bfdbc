//! The scene of the tests: a service's data, a place for backups, and room to restore. Real files, no clock.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use evara_actors::domain::Timestamp;
use rusqlite::Connection as Sqlite;
use secrecy::SecretString;

use super::*;
use crate::config::{BackupPlace, S3Config};
use crate::store::database_in;
use crate::store::sqlite_schema::migrate;

mod archiving;
mod keeping;
mod s3;

const NODE: [u8; 16] = [7; 16];

/// A clock that stands still.
#[derive(Debug)]
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A clock that goes on by a millisecond whenever it is looked at.
#[derive(Debug)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// A scene: a service's data, a place for backups, and room to restore.
struct Scene {
    root: PathBuf,
    key: Option<&'static str>,
    keep: usize,
}

impl Scene {
    fn new() -> Self {
        let root = std::env::temp_dir().join(format!("evara-backup-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(root.join("place")).unwrap();
        let scene = Self {
            root,
            key: None,
            keep: 30,
        };
        migrate(&scene.data()).unwrap();
        scene.log(1..=5);
        scene
    }

    fn sealed() -> Self {
        let mut scene = Self::new();
        scene.key = Some("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
        scene
    }

    fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    fn place(&self) -> PathBuf {
        self.root.join("place")
    }

    fn database(&self) -> Database {
        Database::Sqlite(self.data())
    }

    /// A node whose log has these revisions.
    fn log(&self, revisions: std::ops::RangeInclusive<i64>) {
        let database = Sqlite::open(database_in(&self.data())).unwrap();
        let node = "INSERT OR IGNORE INTO nodes (id, node_key, version, created_at, spec) VALUES (?1, 'oht', 3, 0, '{}')";
        database.execute(node, [NODE]).unwrap();
        for revision in revisions {
            let event = "INSERT INTO twin_events VALUES (?1, ?2, 0, '{\"type\":\"created\"}')";
            database.execute(event, (NODE, revision)).unwrap();
        }
    }

    fn config(&self) -> BackupConfig {
        BackupConfig {
            to: Some(BackupPlace::Directory(self.place())),
            key: self.key.map(SecretString::from),
            keep: self.keep,
            database_url: None,
            s3: S3Config {
                endpoint: None,
                region: String::new(),
                keys: None,
            },
        }
    }

    /// Does `work` with the backups, on a thread that may block, at this second of the world.
    fn at<T: Send>(&self, second: i64, work: impl FnOnce(&Backups) -> T + Send) -> T {
        self.at_instant(Timestamp::from_secs(second), work)
    }

    fn at_instant<T: Send>(
        &self,
        instant: Timestamp,
        work: impl FnOnce(&Backups) -> T + Send,
    ) -> T {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let clock = Arc::new(At(instant));
        let watch = Watch::silent();
        let config = self.config();
        let backups = Backups::open(&config, clock, watch, runtime.handle().clone()).unwrap();
        work(&backups)
    }

    fn create(&self, second: i64) -> Manifest {
        self.at(second, |backups| {
            backups.create(&self.database()).unwrap().manifest
        })
    }

    fn verify(&self, name: &str) -> Result<Manifest, Error> {
        let data = self.data();
        let verified = self.at(9_000, |backups| backups.verify(Some(name), &data, None));
        verified.map(|verified| verified.manifest)
    }

    fn restore(&self, name: &str, into: &Path, replace: bool) -> Result<Restored, Error> {
        let target = Database::Sqlite(into.to_owned());
        self.at(9_000, |backups| backups.restore(name, &target, replace))
    }

    fn objects(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.place().join("backups"))
            .into_iter()
            .flatten();
        files.map(|file| file.unwrap().path()).collect()
    }

    fn object(&self, manifest: &Manifest) -> PathBuf {
        self.place()
            .join("backups")
            .join(format!("{}.evb", manifest.name))
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.root).unwrap();
    }
}

fn revisions(directory: &Path) -> Vec<i64> {
    let database = Sqlite::open(database_in(directory)).unwrap();
    let sql = "SELECT revision FROM twin_events ORDER BY revision";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}
