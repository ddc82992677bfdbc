//! How the database does, for those who run the service: how long it takes, and how far its replica is.

use std::sync::Arc;

use crate::store::{PostgresStore, WithReplica};
pub use crate::store::{QueryProfile, ReplicaReport, ReplicaState};

/// Asks the store, where it is one that can be asked.
#[derive(Debug, Clone, Default)]
pub struct Database {
    postgres: Option<Arc<PostgresStore>>,
    replica: Option<Arc<WithReplica>>,
}

impl Database {
    pub(super) const fn new(
        postgres: Option<Arc<PostgresStore>>,
        replica: Option<Arc<WithReplica>>,
    ) -> Self {
        Self { postgres, replica }
    }

    /// Every query that was asked since the start, by name. None from the embedded store, which is asked
    /// in no more than a few ways, and over no wire.
    pub fn queries(&self) -> Vec<QueryProfile> {
        self.postgres
            .as_ref()
            .map(|store| store.profile())
            .unwrap_or_default()
    }

    /// How the replica is; `None` where there is none. Waits for it for two seconds at most.
    pub async fn replica(&self) -> Option<ReplicaReport> {
        match &self.replica {
            Some(replica) => Some(replica.report().await),
            None => None,
        }
    }
}
