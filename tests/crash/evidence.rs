//! What a dead process left: its store, read while nobody writes it.
//!
//! Of SQLite it is a copy of the files as they lie there, so that it is the service, and not the one who
//! looks, that recovers them.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use evara::store::{PostgresAddress, PostgresStore, SecretBox, SqliteStore};
use evara_actors::domain::{NodeId, NodeSpec, Revision, Timestamp};
use evara_actors::ports::{Archive, LogEntry, Point, Registry, Saved, TelemetryQuery};

use super::postgres::{Durability, Postgres};
use super::scratch::{Scratch, copy};

/// What the channels' keys are sealed with.
pub(crate) const SECRET_KEY: &str = "a key of nothing but crashes, 0123456789abcdef";

/// Connections for whoever looks.
const POOL: u32 = 2;

/// After a crash the server syncs all of its files before it begins: one call for the file system takes a
/// tenth of the time of one for each file.
const SYNC_AT_ONCE: &str = "recovery_init_sync_method=syncfs";

/// Where the service keeps everything.
#[derive(Debug)]
pub(crate) enum Store {
    Sqlite(Scratch),
    Postgres {
        scratch: Scratch,
        server: Postgres,
        url: String,
    },
}

/// See the module.
pub(crate) struct Evidence {
    archive: Arc<dyn Archive>,
    registry: Arc<dyn Registry>,
    _copy: Option<Scratch>,
}

impl Store {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(Scratch::new())
    }

    /// On a server of its own, which syncs.
    pub(crate) fn postgres() -> Self {
        let server = Postgres::start(Durability::Full, &[SYNC_AT_ONCE]);
        Self::Postgres {
            scratch: Scratch::new(),
            url: server.create_database("evara"),
            server,
        }
    }

    /// As people call it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    /// The process of its database, where it has one.
    pub(crate) const fn server(&mut self) -> Option<&mut Postgres> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres { server, .. } => Some(server),
        }
    }

    /// The data directory of the service, and a place for its log.
    pub(crate) fn data(&self) -> PathBuf {
        match self {
            Self::Sqlite(scratch) | Self::Postgres { scratch, .. } => scratch.place(0),
        }
    }

    /// Tells a service that is to be started where everything is kept.
    pub(crate) fn configure(&self, service: &mut Command) {
        service.arg("--data").arg(self.data());
        match self {
            Self::Sqlite(_) => service.env_remove("DATABASE_URL"),
            Self::Postgres { url, .. } => service
                .env("DATABASE_URL", url)
                .env("EVARA_MIGRATE", "on-start"),
        };
    }

    /// Looks at it. The service must be dead.
    pub(crate) async fn evidence(&self) -> Evidence {
        match self {
            Self::Sqlite(_) => {
                let scratch = Scratch::new();
                copy(&self.data(), &scratch.place(0));
                let store = SqliteStore::open(&scratch.place(0), seal()).unwrap();
                Evidence::of(store, Some(scratch))
            }
            Self::Postgres { url, .. } => {
                let address = PostgresAddress::parse(url).unwrap();
                let store = PostgresStore::open(&address, POOL, seal()).await;
                Evidence::of(store.unwrap(), None)
            }
        }
    }
}

fn seal() -> SecretBox {
    SecretBox::new(&SECRET_KEY.to_owned().into()).unwrap()
}

impl Evidence {
    fn of<S: Archive + Registry + 'static>(store: S, copy: Option<Scratch>) -> Self {
        let store = Arc::new(store);
        Self {
            archive: Arc::<S>::clone(&store),
            registry: store,
            _copy: copy,
        }
    }

    pub(crate) async fn nodes(&self) -> Vec<NodeSpec> {
        self.registry.nodes().await.unwrap()
    }

    /// Snapshots and cursors.
    pub(crate) async fn saved(&self) -> Saved {
        self.archive.load().await.unwrap()
    }

    /// The change log of a node after a revision.
    pub(crate) async fn log(&self, node: NodeId, after: Revision) -> Vec<LogEntry> {
        self.archive.changes(node, after, u32::MAX).await.unwrap()
    }

    /// The history of a node from an instant on.
    pub(crate) async fn history(&self, node: NodeId, from: Timestamp) -> Vec<Point> {
        let query = TelemetryQuery {
            metric: None,
            from,
            to: Timestamp::MAX,
            limit: u32::MAX,
            after: None,
        };
        self.archive.telemetry(node, query).await.unwrap()
    }
}
