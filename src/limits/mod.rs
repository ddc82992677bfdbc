//! How often somebody may ask: an account per person, per device key and per address.
//!
//! The accounts are held in memory, and begin anew with the process. Each kind has a table of its own,
//! so that no number of strangers pushes out what is known of people and devices. The decision is
//! [`gcra`]'s. Nothing here may wait, and nothing here knows of requests.

mod gcra;
#[cfg(test)]
mod laws;
mod table;

pub(crate) use gcra::whole_seconds;
pub use gcra::{Quota, Standing};

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
        }
    }

    /// A request of a person; `plan` is what their community pays for, if it is something.
    pub(crate) fn person(&self, user: Uuid, plan: Option<Quota>) -> Standing {
        let quota = plan.unwrap_or(self.quotas.person);
        self.take(Subject::Person(user), quota)
    }

    /// A request under a device's key.
    pub(crate) fn device(&self, key: Uuid) -> Standing {
        self.take(Subject::Device(key), self.quotas.device)
    }

    /// A request without credentials.
    pub(crate) fn stranger(&self, client: ClientAddress) -> Standing {
        self.take(Subject::Stranger(client.block()), self.quotas.address)
    }

    /// Credentials that were worth nothing.
    pub(crate) fn failure(&self, client: ClientAddress) -> Standing {
        self.take(Subject::Failing(client.block()), self.quotas.address)
    }

    /// What there would be to say to credentials that are worth nothing; nothing is taken.
    pub(crate) fn before_failure(&self, client: ClientAddress) -> Standing {
        let subject = Subject::Failing(client.block());
        let (table, now) = (self.table(subject), self.now());
        table.look(subject, self.quotas.address, now)
    }

    /// A password that is tried.
    pub(crate) fn sign_in(&self, client: ClientAddress) -> Standing {
        self.take(Subject::SignIn(client.block()), self.quotas.sign_in)
    }

    fn take(&self, subject: Subject, quota: Quota) -> Standing {
        self.table(subject).take(subject, quota, self.now())
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
