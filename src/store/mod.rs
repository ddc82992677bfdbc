//! What outlives the process: nodes, twins, history and the channels' keys, behind the ports of the twin
//! system. The embedded store is the default; PostgreSQL is the one for many nodes and several machines.
//!
//! Nothing here decides what a reading means, and no secret is written that is not sealed.

mod accounts;
mod audit;
mod authenticators;
mod codes;
mod device_keys;
mod ip_rules;
mod json;
mod known_keys;
mod migration;
mod page;
mod postgres;
mod receipts;
mod rekeying;
mod sample;
mod secret_box;
mod secrets;
mod sessions;
mod source_key;
mod sqlite;
mod tenants;
mod unreadable;

#[cfg(test)]
pub(crate) mod conformance;

pub use accounts::{
    Account, AccountName, AccountStanding, Accounts, AccountsError, Authenticator, Bearer,
    EmailAddress, EmailError, Standing,
};
pub use audit::{Act, AuditError, AuditLog, AuditQuery, Held, Listed, Unsealed};
pub use device_keys::{DeviceKey, DeviceKeys, DeviceKeysError, MAX_DEVICE_KEYS};
pub use ip_rules::{IpRules, IpRulesError};
pub use migration::{Altered, Migration, MigrationStatus};
pub use postgres::{
    PostgresAddress, PostgresError, PostgresRekeying, PostgresStore, QueryProfile, ReplicaReport,
    ReplicaState, TlsError, Upkeep, WithReplica,
};
pub use receipts::{Begun, Claim, Kept, RECEIPT_AGE, ReceiptName, Receipts, ReceiptsError};
pub use rekeying::{RekeyError, Rekeyed, Rekeying, SealedRow, SealedTable};
pub use secret_box::{SecretBox, SecretKeyError};
pub use secrets::{ChannelSecrets, ReadKey, SecretsError};
pub use sessions::{
    LONGEST_AGENT_CHARS, MOST_SESSIONS, RefreshDigests, Rotation, SESSION_LIFE, Session, Sessions,
};
pub(crate) use sqlite::{DataDirectory, database_in};
pub use sqlite::{SqliteRekeying, SqliteStore, StoreError};
pub use tenants::{Tenants, TenantsError};

/// Migrating PostgreSQL, before a version serves that needs it.
pub mod postgres_schema {
    pub use super::postgres::{migrate, migrate_status};
}

/// Migrating the embedded store, which does so by itself when it is opened.
pub mod sqlite_schema {
    pub use super::sqlite::{migrate, migrate_status};
}
