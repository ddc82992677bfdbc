//! An entry on its way into its chain.

use std::sync::Arc;

use super::{AuditKeys, Chain, Entry, Link};

/// An entry, where it belongs, and what it will be bound with: whoever keeps it knows the head of the chain,
/// and never the key.
#[derive(Debug, Clone)]
pub struct Record {
    keys: Arc<AuditKeys>,
    chain: Chain,
    entry: Entry,
}

impl Record {
    /// `entry`, to be added to `chain`.
    pub const fn new(keys: Arc<AuditKeys>, chain: Chain, entry: Entry) -> Self {
        Self { keys, chain, entry }
    }

    /// That what it tells of was undone by the service itself.
    pub fn undoing(&self) -> Self {
        let Entry { before, after, .. } = self.entry.clone();
        let entry = Entry {
            action: format!("{}.undo", self.entry.action),
            before: after,
            after: before,
            ..self.entry.clone()
        };
        Self::new(Arc::clone(&self.keys), self.chain, entry)
    }

    /// Where it belongs.
    pub const fn chain(&self) -> Chain {
        self.chain
    }

    /// What it says.
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Its link, after the head of its chain, where it is kept under `id`. `None` where there is no key: then
    /// nothing may be done.
    pub fn after(&self, head: &Link, id: i64) -> Option<Link> {
        head.next(&self.keys, self.chain, id, &self.entry)
    }
}
