//! The store on PostgreSQL against the suite of all stores, and against what can befall a server.

mod away;
mod beside;
mod confined;
mod durable;
mod fencing;
mod few;
mod keeping;
mod months;
mod opening;
mod plans;
mod replica;
mod sight;
mod statements;
mod tls;
mod walls;

#[expect(dead_code, reason = "shared with tests that ask more of a server")]
#[path = "../../../../tests/support/postgres.rs"]
mod server;

use std::sync::Arc;

use evara_actors::ports::{BoxFuture, Ownership as _};

use self::server::{Durability, Postgres};
use super::{PostgresAddress, PostgresError, PostgresRekeying, PostgresStore, migrate};
use crate::proxy;
use crate::store::Rekeying;
use crate::store::conformance::homes::who_lost_a_tenant_stays_as_they_are;
use crate::store::conformance::{Opened, Site, conformance, keys};

conformance!(super::Server::new());

/// Fewer than a test has tasks, so that some wait for a connection.
const POOL: u32 = 4;

/// A server of the test's own, with one database.
#[derive(Debug)]
struct Server {
    postgres: Postgres,
    address: PostgresAddress,
}

impl Server {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(settings: &[&str]) -> Self {
        let postgres = Postgres::start(Durability::None, settings);
        let address = PostgresAddress::parse(&postgres.create_database("evara")).unwrap();
        Self { postgres, address }
    }

    /// What a statement prints, asked past the store, as a person with a shell would.
    fn shell(&self, sql: &str) -> String {
        self.postgres.psql("evara", sql).trim().to_owned()
    }

    /// What the service's role is answered, in a transaction that begins with `scope`.
    fn as_service(&self, scope: &str, sql: &str) -> String {
        self.shell(&format!(
            "BEGIN; SET LOCAL ROLE evara_app; {scope}; {sql}; COMMIT"
        ))
    }

    /// A store that owns what there is, from now on.
    async fn store(&self) -> PostgresStore {
        migrate(&self.address).await.unwrap();
        let store = self.open("k").await.unwrap();
        store.claim().await.unwrap();
        store
    }

    /// A store that reaches the server through `proxy`.
    async fn through(&self, proxy: &proxy::Proxy) -> PostgresStore {
        let url = format!("postgres://evara@127.0.0.1:{}/evara", proxy.port());
        let address = PostgresAddress::parse(&url).unwrap();
        PostgresStore::open(&address, POOL, keys("k"))
            .await
            .unwrap()
    }

    async fn open(&self, letters: &str) -> Result<PostgresStore, PostgresError> {
        PostgresStore::open(&self.address, POOL, keys(letters)).await
    }
}

impl Site for Server {
    fn open(&self) -> BoxFuture<'_, Opened> {
        Box::pin(async { Opened::new(self.store().await).await })
    }

    fn open_with<'a>(&'a self, letters: &'a str) -> BoxFuture<'a, Result<Opened, String>> {
        Box::pin(async {
            migrate(&self.address).await.unwrap();
            let opened = self.open(letters).await;
            Ok(Opened::new(opened.map_err(|error| error.to_string())?).await)
        })
    }

    fn beside<'a>(&'a self, letters: &'a str) -> BoxFuture<'a, Result<Arc<dyn Rekeying>, String>> {
        Box::pin(async {
            let opened = PostgresRekeying::open(&self.address, keys(letters)).await;
            Ok(Arc::new(opened.map_err(|error| error.to_string())?) as Arc<dyn Rekeying>)
        })
    }
}

#[tokio::test]
async fn who_lost_a_tenant_before_stays_as_they_are() {
    let server = Server::new();
    let opened = Site::open(&server).await;
    who_lost_a_tenant_stays_as_they_are(&opened, || {
        let lost = server.shell(
            "SET session_replication_role = replica; \
             DELETE FROM communities WHERE id = '00000000-0000-0000-0000-000000000001' RETURNING version",
        );
        assert_eq!(lost, "1");
    })
    .await;
}
