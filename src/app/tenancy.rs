//! The tenants in memory: where everything stands, without asking the store.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::access::Forest;

/// The forest of tenants, as the store has it. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Tenancy(Arc<ArcSwap<Forest>>);

impl Tenancy {
    /// The forest as it stands.
    pub fn forest(&self) -> Arc<Forest> {
        self.0.load_full()
    }

    /// Has `forest` stand from now on.
    pub fn follow(&self, forest: Forest) {
        self.0.store(Arc::new(forest));
    }
}
