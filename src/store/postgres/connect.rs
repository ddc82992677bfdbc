//! Connections: how they are made, how long anything may take, and which are kept apart.
//!
//! The server gives up before we do. A statement that it stops is known to have come to nothing; one that
//! we stop waiting for may still happen.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    ConfigConnectImpl, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts,
};
use tokio_postgres::Config;

use super::address::PostgresAddress;
use super::dial::{CONNECT_WITHIN, Dial};
use super::error::{Failure, PostgresError};
use super::profile::Profile;
use super::{rows, statements, tls};

/// The handshake of TCP alone, which the server's system answers however busy the server is.
const TCP_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Shorter than a call's deadline, so that the caller hears what there was none of.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(4);

/// Looking whether a connection was closed asks nobody.
const RECYCLE_TIMEOUT: Duration = Duration::from_secs(1);

/// A line on which nothing is answered for so long is dead. Shorter than the shortest outage that anyone
/// waits out, so that the connections from before it are gone after it.
const UNANSWERED: Duration = Duration::from_secs(5);

/// After so much silence the other end is asked whether it is there, and again, and once more.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(2);
const KEEPALIVE_RETRIES: u32 = 3;

/// Told to the server, in milliseconds: all below what an answer is waited for. A statement that waits for
/// a lock says so rather than that it took long; a transaction whose client vanished frees its locks. Compiling a
/// query takes longer than any of ours runs.
const SERVER_LIMITS: &str = "-c statement_timeout=3500 -c lock_timeout=3000 \
    -c idle_in_transaction_session_timeout=4500 -c TimeZone=UTC \
    -c client_min_messages=warning -c jit=off";

/// The connections to one database.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    /// For calls of callers.
    pool: Pool,
    /// One that is there when the pool is taken: to ask whether the database answers at all.
    health: Pool,
    /// Whether there is a role that owns nothing, to work as.
    is_confined: bool,
    /// As whom we log in; empty until that was asked.
    login: String,
    profile: Arc<Profile>,
}

impl Connections {
    /// Connects to nothing yet.
    pub(super) fn new(address: &PostgresAddress, pool_size: u32) -> Result<Self, PostgresError> {
        let size = usize::try_from(pool_size).unwrap_or(usize::MAX);
        Ok(Self {
            pool: pool(address, size)?,
            health: pool(address, 1)?,
            is_confined: false,
            login: String::new(),
            profile: Arc::new(Profile::new()),
        })
    }

    /// To a copy of what `primary` leads to: as the same role, and in the same profile.
    pub(super) fn beside(
        primary: &Self,
        address: &PostgresAddress,
        pool_size: u32,
    ) -> Result<Self, PostgresError> {
        Ok(Self {
            is_confined: primary.is_confined,
            login: primary.login.clone(),
            profile: Arc::clone(&primary.profile),
            ..Self::new(address, pool_size)?
        })
    }

    /// Finds out as whom to work: before the first transaction, and once the schema is known to be ours.
    pub(super) async fn confine(&mut self) -> Result<(), Failure> {
        let client = self.get().await?;
        let row = client.query_one(statements::IS_CONFINED.sql, &[]).await?;
        self.is_confined = rows::is_there(&row)?;
        self.login = row.try_get(1)?;
        if let Err(reason) = self.demand_confinement() {
            tracing::warn!("{reason}");
        }
        Ok(())
    }

    /// Refuses to work as whoever we log in as.
    pub(super) fn demand_confinement(&self) -> Result<(), PostgresError> {
        if self.is_confined {
            return Ok(());
        }
        let login = format!("\"{}\"", self.login.replace('"', "\"\""));
        Err(PostgresError::NotConfined { login })
    }

    pub(super) const fn is_confined(&self) -> bool {
        self.is_confined
    }

    pub(super) fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(super) async fn get(&self) -> Result<Object, Failure> {
        Ok(self.pool.get().await?)
    }

    pub(super) async fn for_health(&self) -> Result<Object, Failure> {
        Ok(self.health.get().await?)
    }

    /// Lets go of the connections that nobody uses: where one broke, the others are broken too, and each
    /// would cost a caller a deadline to find out.
    pub(super) fn forget_idle(&self) {
        self.pool.retain(|_, _| false);
    }
}

fn pool(address: &PostgresAddress, size: usize) -> Result<Pool, PostgresError> {
    let tls = tls::connector(&address.trust)?;
    let manager = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let dial = Dial::by(ConfigConnectImpl { tls });
    let manager = Manager::from_connect(patient(&address.config), dial, manager);
    let pool = Pool::builder(manager)
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .timeouts(Timeouts {
            wait: Some(WAIT_FOR_CONNECTION),
            create: Some(CONNECT_WITHIN),
            recycle: Some(RECYCLE_TIMEOUT),
        })
        .build();
    pool.map_err(|error| PostgresError::Unavailable(Box::new(error)))
}

/// `config` with every limit that it did not come with.
fn patient(config: &Config) -> Config {
    let mut config = config.clone();
    let options = config.get_options().unwrap_or_default();
    // The last setting of a name counts, so that the URL has the last word.
    let options = format!("{SERVER_LIMITS} {options}");
    config
        .options(options.trim_end())
        .connect_timeout(TCP_CONNECT_TIMEOUT)
        .tcp_user_timeout(UNANSWERED)
        .keepalives(true)
        .keepalives_idle(KEEPALIVE_IDLE)
        .keepalives_interval(KEEPALIVE_INTERVAL)
        .keepalives_retries(KEEPALIVE_RETRIES);
    if config.get_application_name().is_none() {
        config.application_name("evara");
    }
    config
}
