//! What outlives the process: nodes, twins, history and the channels' keys, behind the ports of the twin
//! system. The embedded store is the default.
//!
//! Nothing here decides what a reading means, and no secret is written that is not sealed.

mod secret_box;
mod secrets;
mod sqlite;

#[cfg(test)]
mod conformance;

pub use secret_box::{SecretBox, SecretKeyError};
pub use secrets::{ChannelSecrets, SecretsError};
pub use sqlite::{Migration, MigrationStatus, SqliteStore, StoreError, migrate, migrate_status};
