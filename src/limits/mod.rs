//! How often somebody may ask: an account per person, per device key and per address.
//!
//! The accounts are held in memory, and begin anew with the process. Each kind has a table of its own,
//! so that no number of strangers pushes out what is known of people and devices. Where several processes
//! share their accounts ([`shared`]), what is held here follows those, and takes their place while they
//! cannot be asked. The decision is [`gcra`]'s. Nothing here knows of requests.

mod gcra;
#[cfg(test)]
mod laws;
mod shared;
mod table;

pub(crate) use gcra::whole_seconds;
pub use gcra::{Quota, Standing};
pub use shared::{RedisAddress, Shared};

use std::fmt;

use tokio::time::Instant;
use uuid::Uuid;

use crate::address::{ClientAddress, Network};
use table::Table;

/// Who is counted, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// A person who was recognised.
    Person(Uuid),
    /// The key of a device.
    Device(Uuid),
    /// Whoever asks from there without credentials.
    Stranger(Network),
    /// Whoever bears from there what is worth nothing.
    Failing(Network),
    /// Whoever tries passwords from there.
    SignIn(Network),
}

impl fmt::Display for Subject {
    /// A name that no other subject has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Device(key) => write!(f, "device:{key}"),
            Self::Stranger(network) => write!(f, "stranger:{network}"),
            Self::Failing(network) => write!(f, "failing:{network}"),
            Self::SignIn(network) => write!(f, "sign-in:{network}"),
        }
    }
}

/// How much everyone may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// A person whose community has no plan.
    pub person: Quota,
    /// A key of a device.
    pub device: Quota,
    /// An address, without credentials; and once more with wrong ones.
    pub address: Quota,
    /// An address that tries passwords.
    pub sign_in: Quota,
}

impl Quotas {
    /// For where one caller stands for many.
    pub const MOST: Self = Self {
        person: Quota::MOST,
        device: Quota::MOST,
        address: Quota::MOST,
        sign_in: Quota::MOST,
    };
}

/// The accounts.
#[derive(Debug)]
pub struct Limits {
    quotas: Quotas,
    people: Table,
    devices: Table,
    strangers: Table,
    failing: Table,
    sign_ins: Table,
    began: Instant,
    shared: Option<Shared>,
}

impl Limits {
    /// Nobody has asked for anything yet.
    pub fn new(quotas: Quotas) -> Self {
        Self {
            quotas,
            people: Table::default(),
            devices: Table::default(),
            strangers: Table::default(),
            failing: Table::default(),
            sign_ins: Table::default(),
            began: Instant::now(),
            shared: None,
        }
    }

    /// The same accounts for all processes that have these, as long as they can be asked.
    pub fn sharing(self, shared: Option<Shared>) -> Self {
        Self { shared, ..self }
    }

    /// Whether the accounts are shared now; `None` where they are never to be.
    pub(crate) fn is_shared(&self) -> Option<bool> {
        self.shared.as_ref().map(Shared::is_there)
    }

    /// A request of a person; `plan` is what their community pays for, if it is something.
    pub(crate) async fn person(&self, user: Uuid, plan: Option<Quota>) -> Standing {
        let quota = plan.unwrap_or(self.quotas.person);
        self.take(Subject::Person(user), quota).await
    }

    /// A request under a device's key.
    pub(crate) async fn device(&self, key: Uuid) -> Standing {
        self.take(Subject::Device(key), self.quotas.device).await
    }

    /// A request without credentials.
    pub(crate) async fn stranger(&self, client: ClientAddress) -> Standing {
        self.take(Subject::Stranger(client.block()), self.quotas.address)
            .await
    }

    /// Credentials that were worth nothing.
    pub(crate) async fn failure(&self, client: ClientAddress) -> Standing {
        self.take(Subject::Failing(client.block()), self.quotas.address)
            .await
    }

    /// What there would be to say to credentials that are worth nothing, as far as this process knows; nothing
    /// is taken. Another process's knowledge comes with the next failure: who knocks at many doors is let
    /// in at none of them more often.
    pub(crate) fn before_failure(&self, client: ClientAddress) -> Standing {
        let subject = Subject::Failing(client.block());
        let (table, now) = (self.table(subject), self.now());
        table.look(subject, self.quotas.address, now)
    }

    /// What there would be to say to a request without credentials, as [`before_failure`](Self::before_failure)
    /// does.
    pub(crate) fn before_stranger(&self, client: ClientAddress) -> Standing {
        let subject = Subject::Stranger(client.block());
        let (table, now) = (self.table(subject), self.now());
        table.look(subject, self.quotas.address, now)
    }

    /// A password that is tried.
    pub(crate) async fn sign_in(&self, client: ClientAddress) -> Standing {
        self.take(Subject::SignIn(client.block()), self.quotas.sign_in)
            .await
    }

    async fn take(&self, subject: Subject, quota: Quota) -> Standing {
        let table = self.table(subject);
        let ahead = match &self.shared {
            Some(shared) => shared.take(subject, quota).await,
            None => None,
        };
        let Some(ahead) = ahead else {
            return table.take(subject, quota, self.now());
        };
        let (ahead, standing) = gcra::take(quota, ahead, 0);
        table.follow(subject, ahead, self.now());
        standing
    }

    const fn table(&self, subject: Subject) -> &Table {
        match subject {
            Subject::Person(_) => &self.people,
            Subject::Device(_) => &self.devices,
            Subject::Stranger(_) => &self.strangers,
            Subject::Failing(_) => &self.failing,
            Subject::SignIn(_) => &self.sign_ins,
        }
    }

    /// Microseconds since the accounts began, which no setting of a clock changes.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX / 2)
    }
}
