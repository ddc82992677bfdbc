//! Two chains of a dozen entries and four seals, and a shell that is past the store and its triggers.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use evara::app::audit::{Audit, AuditLog, Chain, Fact, SealCopy};
use evara::audit::{AuditKeys, Row};
use evara::store::{PostgresAddress, PostgresStore, SecretBox, SqliteStore, postgres_schema};
use evara_actors::domain::Timestamp;
use evara_actors::ports::Clock;
use secrecy::SecretString;
use uuid::Uuid;

use super::shell::Shell;
use crate::harness::Scratch;
use crate::postgres::{Durability, Postgres};

pub(super) const ONE: Chain = Chain(Uuid::from_u128(1));
pub(super) const TWO: Chain = Chain(Uuid::from_u128(2));

/// The SECRET_KEY of all of it.
pub(super) const KEY: &str = "a-secret-of-the-audit-that-nobody-guesses";

/// When all of it was written.
pub(super) const THEN: Timestamp = Timestamp::from_secs(1_700_000_000);

pub(super) const TABLES: [&str; 3] = ["audit", "audit_chains", "audit_seals"];

/// A clock that stands.
#[derive(Debug)]
struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

pub(super) fn keys(secret: &str) -> AuditKeys {
    AuditKeys::derive(&SecretString::from(secret), &[]).unwrap()
}

/// An audit of somebody for whom it is `now`.
pub(super) fn audit(store: Arc<dyn AuditLog>, now: Timestamp) -> Audit {
    Audit::new(keys(KEY), store, Arc::new(Standing(now)))
}

/// See the module.
pub(super) struct Scene {
    store: Arc<dyn AuditLog>,
    /// By whom it was written.
    pub(super) seen: Audit,
    pub(super) shell: Shell,
    /// Of the newest seals.
    pub(super) copies: Vec<SealCopy>,
    /// What the program is to be told, to find it.
    pub(super) settings: [(&'static str, String); 2],
    /// Goes with the scene.
    _site: Box<dyn Any>,
}

impl Scene {
    /// In a file.
    pub(super) async fn embedded() -> Self {
        let scratch = Scratch::new();
        let dir = scratch.place(0);
        let secrets = SecretBox::new(&SecretString::from(KEY)).unwrap();
        let store = Arc::new(SqliteStore::open(&dir, secrets).unwrap());
        let found = ("EVARA_DATA", dir.display().to_string());
        Self::on(store, Shell::of_file(&dir), found, Box::new(scratch)).await
    }

    /// In PostgreSQL, tampered with by who owns the tables.
    pub(super) async fn on_a_server() -> Self {
        let server = Postgres::start(Durability::None, &[]);
        let url = server.create_database("evara");
        let address = PostgresAddress::parse(&url).unwrap();
        postgres_schema::migrate(&address).await.unwrap();
        let secrets = SecretBox::new(&SecretString::from(KEY)).unwrap();
        let store = PostgresStore::open(&address, 2, secrets).await.unwrap();
        let shell = Shell::of_server(&server, "evara").await;
        let found = ("DATABASE_URL", url);
        Self::on(Arc::new(store), shell, found, Box::new(server)).await
    }

    async fn on(
        store: Arc<dyn AuditLog>,
        shell: Shell,
        found: (&'static str, String),
        site: Box<dyn Any>,
    ) -> Self {
        let seen = audit(Arc::clone(&store), THEN);
        for number in 0..12 {
            let fact = Fact::new("thing.do", format!("thing/{number}"));
            let fact = fact.was(&number).is(&(number + 1)).of([ONE, TWO]);
            seen.console().write(fact).await.unwrap();
            if number % 3 == 2 {
                assert_eq!(seen.seal().await.unwrap(), 2);
            }
        }
        shell.unlock().await;
        for table in TABLES {
            let keep = format!("CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table}");
            shell.run(&keep).await;
        }
        let mut copies = Vec::new();
        for chain in [ONE, TWO] {
            copies.extend(seen.verify(chain, &[]).await.unwrap().seal);
        }
        Self {
            store,
            seen,
            shell,
            copies,
            settings: [("SECRET_KEY", KEY.to_owned()), found],
            _site: site,
        }
    }

    /// Everything as it was.
    pub(super) async fn undo(&self) {
        self.shell.run("BEGIN").await;
        for table in TABLES {
            self.shell.run(&format!("DELETE FROM {table}")).await;
            let put = format!("INSERT INTO {table} SELECT * FROM kept_{table}");
            self.shell.run(&put).await;
        }
        self.shell.run("COMMIT").await;
    }

    /// Somebody who comes a day later, and saw nothing of it.
    pub(super) fn fresh(&self) -> Audit {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        audit(Arc::clone(&self.store), THEN.plus(DAY))
    }

    /// Somebody for whom all of it is old.
    pub(super) fn in_two_years(&self) -> Audit {
        const YEARS: Duration = Duration::from_secs(731 * 24 * 60 * 60);
        audit(Arc::clone(&self.store), THEN.plus(YEARS))
    }

    /// Whether the proof finds anything.
    pub(super) async fn finds(&self, audit: &Audit, copies: &[SealCopy]) -> bool {
        for chain in audit.chains(copies).await.unwrap() {
            if audit.verify(chain, copies).await.unwrap().found.is_err() {
                return true;
            }
        }
        false
    }

    pub(super) async fn rows_of(&self, chain: Chain) -> Vec<Row> {
        self.store.audit_of(chain, 0, 100).await.unwrap()
    }
}
