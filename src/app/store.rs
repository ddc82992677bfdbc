//! Which store the service keeps everything in: the one place that knows there are two.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use evara_actors::ports::{Archive, Ownership, Registry};

use super::StartError;
use super::accounts::People;
use crate::config::{Config, Database, Deployment, Migrate, PostgresConfig};
use crate::history::{History, Rolling};
use crate::store::{
    AuditLog, ChannelSecrets, DeviceKeys, IpRules, PostgresError, PostgresStore, Receipts,
    SecretBox, SqliteStore, StoreError, Tenants, WithReplica, postgres_schema,
};

/// A store that is open, by what is asked of it.
#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) ownership: Arc<dyn Ownership>,
    pub(super) archive: Arc<dyn Archive>,
    pub(super) registry: Arc<dyn Registry>,
    pub(super) secrets: Arc<dyn ChannelSecrets>,
    pub(super) rolling: Arc<dyn Rolling>,
    pub(super) device_keys: Arc<dyn DeviceKeys>,
    pub(super) ip_rules: Arc<dyn IpRules>,
    pub(super) receipts: Arc<dyn Receipts>,
    pub(super) tenants: Arc<dyn Tenants>,
    pub(super) audit: Arc<dyn AuditLog>,
    pub(super) people: Arc<dyn People>,
    /// The one that needs upkeep.
    pub(super) postgres: Option<Arc<PostgresStore>>,
    /// What answers questions about the past in its place.
    pub(super) replica: Option<Arc<WithReplica>>,
}

impl Store {
    fn new<S>(store: Arc<S>) -> Self
    where
        S: Ownership
            + Archive
            + AuditLog
            + Registry
            + ChannelSecrets
            + DeviceKeys
            + IpRules
            + Receipts
            + People
            + Rolling
            + Tenants
            + 'static,
    {
        Self {
            ownership: Arc::<S>::clone(&store),
            archive: Arc::<S>::clone(&store),
            registry: Arc::<S>::clone(&store),
            rolling: Arc::<S>::clone(&store),
            secrets: Arc::<S>::clone(&store),
            device_keys: Arc::<S>::clone(&store),
            ip_rules: Arc::<S>::clone(&store),
            receipts: Arc::<S>::clone(&store),
            people: Arc::<S>::clone(&store),
            audit: Arc::<S>::clone(&store),
            tenants: store,
            postgres: None,
            replica: None,
        }
    }

    /// Whom people ask about the past: never anybody who decides or writes by the answer.
    pub(super) fn past(&self) -> (Arc<dyn Archive>, Arc<dyn History>) {
        match &self.replica {
            Some(replica) => (
                Arc::<WithReplica>::clone(replica),
                Arc::<WithReplica>::clone(replica),
            ),
            None => (
                Arc::clone(&self.archive),
                Arc::<dyn Rolling>::clone(&self.rolling),
            ),
        }
    }

    /// How many may write at once. PostgreSQL takes one batch while the next is made; the embedded store has
    /// one connection that writes, and more writers would wait for each other.
    pub(super) const fn writers(&self) -> usize {
        match self.postgres {
            Some(_) => 2,
            None => 1,
        }
    }

    /// Opens the store that `config` names.
    pub(super) async fn open(config: &Config) -> Result<Self, StartError> {
        let seal = SecretBox::with_old(&config.secret_key.obtain()?, &config.old_secret_keys)?;
        Ok(match &config.store.database {
            Database::Sqlite(directory) => {
                let open = |dir: &Path| SqliteStore::open(dir, seal);
                Self::new(Arc::new(sqlite(directory, open).await?))
            }
            Database::Postgres(postgres) => {
                let store = Arc::new(Box::pin(open_postgres(postgres, seal)).await?);
                if config.deployment == Deployment::Production {
                    store.demand_confinement().map_err(OpenError::from)?;
                    store.demand_durability().await.map_err(OpenError::from)?;
                }
                Self {
                    replica: replica(postgres, &store).await?,
                    postgres: Some(Arc::clone(&store)),
                    ..Self::new(store)
                }
            }
        })
    }
}

/// The audit of the store that `config` names, to be read beside whoever else has it: nothing is written, and no key
/// is taken up.
pub(super) async fn audit_beside(config: &Config) -> Result<Arc<dyn AuditLog>, StartError> {
    let seal = SecretBox::with_old(&config.secret_key.obtain()?, &config.old_secret_keys)?;
    Ok(match &config.store.database {
        Database::Sqlite(directory) => {
            let open = |dir: &Path| SqliteStore::beside(dir, seal);
            Arc::new(sqlite(directory, open).await?)
        }
        Database::Postgres(postgres) => {
            let opening = PostgresStore::beside(&postgres.address, seal);
            Arc::new(Box::pin(opening).await.map_err(OpenError::from)?)
        }
    })
}

async fn sqlite(
    directory: &Path,
    open: impl FnOnce(&Path) -> Result<SqliteStore, StoreError> + Send + 'static,
) -> Result<SqliteStore, OpenError> {
    let directory = directory.to_owned();
    let opening = tokio::task::spawn_blocking(move || open(&directory));
    match opening.await {
        Ok(store) => Ok(store?),
        Err(panicked) => Err(OpenError::CutOff(panicked)),
    }
}

async fn open_postgres(
    config: &PostgresConfig,
    seal: SecretBox,
) -> Result<PostgresStore, OpenError> {
    match config.migrate {
        Migrate::ByCommand => {}
        Migrate::OnStart => {
            for step in postgres_schema::migrate(&config.address).await? {
                let (version, name) = (step.version, step.name);
                tracing::info!(version, name, "the database was migrated");
            }
        }
    }
    Ok(PostgresStore::open(&config.address, config.pool_size, seal).await?)
}

async fn replica(
    config: &PostgresConfig,
    store: &Arc<PostgresStore>,
) -> Result<Option<Arc<WithReplica>>, OpenError> {
    let Some(address) = &config.replica else {
        return Ok(None);
    };
    let opened = WithReplica::open(Arc::clone(store), address, config.pool_size);
    Ok(Some(Arc::new(opened.await?)))
}

/// Why the store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The embedded one.
    #[error(transparent)]
    Sqlite(#[from] StoreError),
    /// PostgreSQL.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// Opening it panicked.
    #[error("opening the store was cut off")]
    CutOff(#[source] tokio::task::JoinError),
}

/// Where a store is, in words that hold no secret.
#[derive(Debug)]
pub(super) struct Place<'c>(pub(super) &'c Database);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Database::Sqlite(directory) => fmt::Display::fmt(&directory.display(), f),
            Database::Postgres(_) => f.write_str("PostgreSQL"),
        }
    }
}
