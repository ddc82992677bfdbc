//! A PostgreSQL as a small server in production would be set, and the service's schema in it.

use std::path::PathBuf;

use tokio_postgres::{Client, NoTls};

use super::service;

#[path = "../../../tests/support/postgres.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "it is shared with tests, which crash servers and may unwrap"
)]
mod postgres;

use postgres::{Durability, Postgres};

/// A quarter of a gigabyte for pages and one to two for the log, as on a server of one or two gigabytes whose
/// disk is no spinning one. All else is as PostgreSQL comes: what is committed is on the disk.
const SETTINGS: [&str; 6] = [
    "shared_buffers=256MB",
    "min_wal_size=1GB",
    "max_wal_size=2GB",
    "effective_cache_size=1GB",
    "maintenance_work_mem=128MB",
    "random_page_cost=1.1",
];

/// Files of its log, 16 MiB each, that a server has after a while: it uses old ones again. One that is seconds old makes
/// each of them while all who commit wait. No more than some minutes of single pushes fill: a disk that was just given
/// much more to do is slow for a while.
const LOG_FILES: u32 = 12;

/// A server of the measure's own.
#[derive(Debug)]
pub(crate) struct Server(Postgres);

impl Server {
    pub(crate) fn start() -> Self {
        let server = Postgres::start(Durability::Full, &SETTINGS);
        let fill_logs = format!(
            "DO $$ BEGIN FOR file IN 1..{LOG_FILES} LOOP
                 PERFORM pg_create_restore_point('full'); PERFORM pg_switch_wal();
             END LOOP; END $$"
        );
        server.psql("postgres", &fill_logs);
        // From here on they may be used again.
        server.psql("postgres", "CHECKPOINT");
        Self(server)
    }

    /// A new database with the service's tables, by its URL.
    pub(crate) fn database(&self, name: &str) -> String {
        let url = self.0.create_database(name);
        service::migrate(&url);
        url
    }

    /// What a statement prints: rows as lines, columns parted by `|`.
    pub(crate) fn ask(&self, database: &str, sql: &str) -> String {
        self.0.psql(database, sql)
    }

    /// A number that a statement gives.
    pub(crate) fn number(&self, database: &str, sql: &str) -> f64 {
        let text = self.ask(database, sql);
        text.trim().parse().expect("the statement gives a number")
    }

    /// A file that the server may write.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.0.directory().join(name)
    }
}

/// A connection to a database, on the runtime of the caller.
#[expect(
    clippy::disallowed_methods,
    reason = "the connection ends with its client"
)]
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("the database takes connections");
    tokio::spawn(connection);
    client
}
