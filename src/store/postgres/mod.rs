//! The store on PostgreSQL 15 or newer: for more nodes, and longer histories, than one file should hold.
//!
//! It holds the truth of nodes, twins and history. `Ok` means committed, as durably as the server is set.
//! Every call has a deadline, and the server gives up before it; a connection that broke is replaced by
//! the next call. The schema is not changed here: `serve` refuses one that is older or newer, see
//! [`migrate`].

mod accounts;
mod address;
mod archive;
mod audit;
mod batch;
mod channel_secrets;
mod connect;
mod device_keys;
mod dial;
mod error;
mod history;
mod ip_rules;
mod logged;
mod marks;
mod migrations;
mod months;
mod ownership;
mod past;
mod profile;
mod receipts;
mod registry;
mod rekeying;
mod replica;
mod retention;
mod rolling;
mod rows;
mod sessions;
mod statements;
mod tenants;
mod tls;
mod transaction;
mod upkeep;
mod values;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool_postgres::Object;
use tokio::sync::watch;

pub use address::PostgresAddress;
pub use error::PostgresError;
pub use migrations::{migrate, migrate_status};
pub use profile::QueryProfile;
pub use rekeying::PostgresRekeying;
pub use replica::{ReplicaReport, ReplicaState, WithReplica};
pub use tls::TlsError;
pub use upkeep::Upkeep;

use self::connect::Connections;
use self::error::Failure;
use self::logged::Logged;
use self::marks::Marks;
use self::months::Month;
use self::ownership::Claim;
use self::past::Past;
use self::transaction::Transaction;
use super::SecretBox;

/// Callers on the path of a request wait no longer; the outside gives up on one after six seconds.
const DEADLINE: Duration = Duration::from_secs(5);

/// Nobody waits for a batch itself, and over a slow line it is to come through: it takes a connection, then its
/// statements and the rows an answer each. On a line that died each of the three gives up sooner.
const UNWATCHED_DEADLINE: Duration = Duration::from_secs(20);

/// Connections to ask who somebody is: a row by its key, thousands a second. Readers give such a question up
/// early, and with a server that is slow that must cost those who write none of theirs.
const FOR_PEOPLE: u32 = 2;

/// Loading happens once, before anyone waits, and grows with the number of twins.
const LOAD_DEADLINE: Duration = Duration::from_secs(60);

/// The store. Clones of its connections go when it is dropped.
#[derive(Debug)]
pub struct PostgresStore {
    connections: Connections,
    /// For who somebody is, which every request may ask.
    people: Connections,
    past: Past,
    keys: Arc<SecretBox>,
    /// What is known to be in the database, so that it need not be said with every batch. Forgotten
    /// where it proves wrong.
    known: Mutex<Known>,
    /// Hours that are known to be marked. Its gate is that of all that commits rely on.
    marks: Marks,
    claim: watch::Sender<Claim>,
}

#[derive(Debug, Default)]
struct Known {
    /// Months that have tables.
    months: HashSet<Month>,
    /// Where change logs are noted to be.
    logged: Logged,
}

impl PostgresStore {
    /// Opens the store at `address` with up to `pool_size` connections for callers, one more that
    /// tells whether the database answers, and two that tell who somebody is.
    ///
    /// # Errors
    /// When it cannot be reached, when its schema is not this version's, and when what is sealed in it
    /// is under a SECRET_KEY that is not given.
    pub async fn open(
        address: &PostgresAddress,
        pool_size: u32,
        keys: SecretBox,
    ) -> Result<Self, PostgresError> {
        let connections = connected(address, pool_size).await?;
        rekeying::take_up(&connections, &keys).await?;
        Self::over(connections, address, keys).await
    }

    /// Opens the store at `address` to be read on one connection, beside whoever else has it: no key is taken up.
    ///
    /// # Errors
    /// When it cannot be reached, and when its schema is not this version's.
    pub async fn beside(address: &PostgresAddress, keys: SecretBox) -> Result<Self, PostgresError> {
        Self::over(connected(address, 1).await?, address, keys).await
    }

    async fn over(
        connections: Connections,
        address: &PostgresAddress,
        keys: SecretBox,
    ) -> Result<Self, PostgresError> {
        let people = Connections::beside(&connections, address, FOR_PEOPLE)?;
        let months = months::known(&connections).await?;
        Ok(Self {
            past: Past::of(connections.clone(), None),
            connections,
            people,
            keys: Arc::new(keys),
            known: Mutex::new(Known {
                months,
                logged: Logged::default(),
            }),
            marks: Marks::default(),
            claim: watch::Sender::new(Claim::none()),
        })
    }

    /// Whether the database answers, asked on a connection that no call takes. Returns the time it took.
    /// Who gives up waiting leaves nothing behind: a connection that did not answer is not asked again.
    ///
    /// # Errors
    /// When it does not answer in five seconds.
    pub async fn ping(&self) -> Result<Duration, PostgresError> {
        let asked = tokio::time::Instant::now();
        let ask = async {
            let client = Doubtful(Some(self.connections.for_health().await?));
            client.ask().await
        };
        let answer = tokio::time::timeout(DEADLINE, ask).await;
        answer.unwrap_or(Err(Failure::TimedOut))?;
        Ok(asked.elapsed())
    }

    /// How long each query took since the store was opened, by name; those that were asked.
    pub fn profile(&self) -> Vec<QueryProfile> {
        self.connections.profile().told()
    }

    /// Refuses a server that may forget what it said it had committed.
    ///
    /// # Errors
    /// When it is set so, with the settings that do it; and when it does not answer.
    pub async fn demand_durability(&self) -> Result<(), PostgresError> {
        let found = history::all(self, statements::UNSAFE_SETTINGS, &[], rows::text).await?;
        if found.is_empty() {
            return Ok(());
        }
        Err(PostgresError::NotDurable {
            settings: found.join(", "),
        })
    }

    /// Refuses a server that does not let us work as the role that owns nothing.
    ///
    /// # Errors
    /// When it does not, with what to do about it.
    pub fn demand_confinement(&self) -> Result<(), PostgresError> {
        self.connections.demand_confinement()
    }

    async fn reading(&self) -> Result<Transaction<'_>, Failure> {
        Transaction::reading(&self.connections, DEADLINE).await
    }

    /// To write what belongs to no node's owner, such as what follows from the history.
    async fn writing(&self) -> Result<Transaction<'_>, Failure> {
        Transaction::writing(&self.connections, DEADLINE).await
    }

    /// What it guards is whole after every step, so that a panic elsewhere spoils nothing.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections to a database of this version, which work as the role that owns nothing, where they may.
async fn connected(
    address: &PostgresAddress,
    pool_size: u32,
) -> Result<Connections, PostgresError> {
    let mut connections = Connections::new(address, pool_size)?;
    migrations::refuse_other(&connections).await?;
    connections.confine().await?;
    Ok(connections)
}

/// A connection that goes out of its pool unless it answers.
struct Doubtful(Option<Object>);

impl Doubtful {
    async fn ask(mut self) -> Result<(), Failure> {
        if let Some(client) = &self.0 {
            client.batch_execute("").await?;
        }
        drop(self.0.take());
        Ok(())
    }
}

impl Drop for Doubtful {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            transaction::close(client);
        }
    }
}
