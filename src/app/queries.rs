//! How long the store's queries take, for those who run the service.

use std::sync::Arc;

use crate::store::PostgresStore;
pub use crate::store::QueryProfile;

/// Asks the store, where it is one that counts.
#[derive(Debug, Clone, Default)]
pub struct Queries(Option<Arc<PostgresStore>>);

impl Queries {
    pub(super) const fn of(store: Option<Arc<PostgresStore>>) -> Self {
        Self(store)
    }

    /// Every query that was asked since the start, by name. None from the embedded store, which is asked
    /// in no more than a few ways, and over no wire.
    pub fn told(&self) -> Vec<QueryProfile> {
        self.0
            .as_ref()
            .map(|store| store.profile())
            .unwrap_or_default()
    }
}
