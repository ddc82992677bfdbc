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
    by_key: papaya::HashMap<String, Bearers>,
}

/// Who bears a key, which is unique in its community only: nearly always one node, which so costs no list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Bearers {
    One(NodeId),
    Several(Box<[NodeId]>),
}

impl Bearers {
    fn ids(&self) -> &[NodeId] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Several(ids) => ids,
        }
    }

    fn of(ids: Vec<NodeId>) -> Option<Self> {
        match ids.as_slice() {
            [] => None,
            [id] => Some(Self::One(*id)),
            _ => Some(Self::Several(ids.into())),
        }
    }

    fn with(&self, id: NodeId) -> Self {
        let others = self.ids().iter().filter(|other| **other != id);
        let mut ids: Vec<_> = others.copied().chain([id]).collect();
        ids.sort_unstable();
        Self::of(ids).unwrap_or(Self::One(id))
    }

    fn without(&self, id: NodeId) -> Option<Self> {
        let others = self.ids().iter().filter(|other| **other != id);
        Self::of(others.copied().collect())
    }
}

impl Index {
    pub(super) fn get(&self, id: NodeId) -> Option<TwinHandle> {
        self.by_id.pin().get(&id).cloned()
    }

    /// The nodes with a key, in the order of creation.
    pub(super) fn by_key(&self, key: &str) -> Vec<TwinHandle> {
        let bearers = self.by_key.pin().get(key).cloned();
        let ids = bearers.as_ref().map(Bearers::ids).unwrap_or_default();
        ids.iter().filter_map(|id| self.get(*id)).collect()
    }

    pub(super) fn all(&self) -> Vec<TwinHandle> {
        self.by_id.pin().values().cloned().collect()
    }

    pub(super) fn insert(&self, twin: TwinHandle) {
        let id = twin.id();
        let key = twin.view().spec().key.clone();
        self.by_id.pin().insert(id, twin);
        let first = Bearers::One(id);
        let and_one = |held: &Bearers| held.with(id);
        self.by_key.pin().update_or_insert(key, and_one, first);
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

    fn release_key(&self, id: NodeId, key: &str) {
        use papaya::Operation;
        let _outcome = self.by_key.pin().compute(key.to_owned(), |held| {
            match held.map(|(_, bearers)| bearers.without(id)) {
                Some(Some(left)) => Operation::Insert(left),
                Some(None) => Operation::Remove,
                None => Operation::Abort(()),
            }
        });
    }
}
