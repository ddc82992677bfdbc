//! Which twins there are, by id and by key: read on every request, written when nodes come and go.
//!
//! Holds handles only. A handle must be in here from when its twin runs until its node is removed, also
//! while it moves between shards.

use crate::domain::NodeId;
use crate::twin::TwinHandle;

/// All twins.
#[derive(Debug, Default)]
pub(super) struct Index {
    by_id: papaya::HashMap<NodeId, TwinHandle>,
    /// A key is unique in its community only: of several nodes, the one that was created first.
    by_key: papaya::HashMap<String, NodeId>,
}

impl Index {
    pub(super) fn get(&self, id: NodeId) -> Option<TwinHandle> {
        self.by_id.pin().get(&id).cloned()
    }

    pub(super) fn by_key(&self, key: &str) -> Option<TwinHandle> {
        let id = self.by_key.pin().get(key).copied();
        id.and_then(|id| self.get(id))
    }

    pub(super) fn all(&self) -> Vec<TwinHandle> {
        self.by_id.pin().values().cloned().collect()
    }

    pub(super) fn insert(&self, twin: TwinHandle) {
        let id = twin.id();
        let view = twin.view();
        self.by_id.pin().insert(id, twin);
        self.by_key.pin().get_or_insert(view.spec().key.clone(), id);
    }

    pub(super) fn remove(&self, id: NodeId, key: &str) {
        self.by_id.pin().remove(&id);
        self.release_key(id, key);
    }

    /// A node's key is another one from now on: the one in its view.
    pub(super) fn rename(&self, id: NodeId, old_key: &str) {
        self.release_key(id, old_key);
        if let Some(twin) = self.get(id) {
            self.insert(twin);
        }
    }

    /// Gives a key to the next node that has it, where there is one.
    fn release_key(&self, id: NodeId, key: &str) {
        let keys = self.by_key.pin();
        if keys.get(key) != Some(&id) {
            return;
        }
        let next = self.all().into_iter().map(|twin| twin.view());
        let next = next.filter(|twin| twin.spec().key == key && twin.spec().id != id);
        match next.map(|twin| twin.spec().id).min() {
            Some(next) => keys.insert(key.to_owned(), next),
            None => keys.remove(key),
        };
    }
}
