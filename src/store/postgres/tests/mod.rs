//! The store on PostgreSQL against the suite of all stores, and against what can befall a server.

mod away;
mod durable;
mod fencing;
mod keeping;
mod months;
mod opening;
mod plans;
#[path = "../../../../tests/support/proxy.rs"]
mod proxy;
mod replica;
mod sight;
mod statements;
mod tls;
mod walls;

#[expect(dead_code, reason = "shared with tests that ask more of a server")]
#[path = "../../../../tests/support/postgres.rs"]
mod server;

use evara_actors::ports::{BoxFuture, Ownership as _};
use secrecy::SecretString;

use self::server::{Durability, Postgres};
use super::{PostgresAddress, PostgresError, PostgresStore, migrate};
use crate::store::SecretBox;
use crate::store::conformance::{Opened, Site, conformance};

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
        let store = self.open('k').await.unwrap();
        store.claim().await.unwrap();
        store
    }

    /// A store that reaches the server through `proxy`.
    async fn through(&self, proxy: &proxy::Proxy) -> PostgresStore {
        let url = format!("postgres://evara@127.0.0.1:{}/evara", proxy.port());
        let address = PostgresAddress::parse(&url).unwrap();
        PostgresStore::open(&address, POOL, keys('k'))
            .await
            .unwrap()
    }

    async fn open(&self, key: char) -> Result<PostgresStore, PostgresError> {
        PostgresStore::open(&self.address, POOL, keys(key)).await
    }
}

impl Site for Server {
    fn open(&self) -> BoxFuture<'_, Opened> {
        Box::pin(async { Opened::new(self.store().await).await })
    }
}

fn keys(letter: char) -> SecretBox {
    SecretBox::new(&SecretString::from(letter.to_string().repeat(32))).unwrap()
}
