//! What somebody is told of updates: those that he may see, and where he is slow, the last of each node. Pure.
//!
//! What is folded leads to the same knowledge as all of it would, and says of each node from which revision
//! on: no skip is silent.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Update, UpdateKind};
use crate::domain::{NodeSpec, Revision};

/// An update as somebody is told of it.
#[derive(Debug, Clone)]
pub struct Told {
    /// What it is to him: a node that moves out of his sight is removed, one that moves into it is new.
    pub kind: UpdateKind,
    /// The revision that he knew before, if he was told everything.
    pub previous: Revision,
    /// What he is told. Where it is a removal, nothing of it but the node and its revision.
    pub update: Arc<Update>,
}

impl Told {
    /// An update as it is told to somebody who sees nodes of some descriptions; `None` where he neither sees
    /// the node nor saw it until then.
    pub fn of(update: &Arc<Update>, sees: impl Fn(&NodeSpec) -> bool) -> Option<Self> {
        let is_seen = sees(&update.spec);
        let was_seen = match &update.before {
            Some(before) => sees(before),
            None => is_seen,
        };
        let (kind, previous) = match (was_seen, is_seen) {
            (true, true) => (update.kind, update.previous),
            (false, true) => (UpdateKind::Provisioned, Revision::ZERO),
            (true, false) => (UpdateKind::Removed, update.previous),
            (false, false) => return None,
        };
        Some(Self {
            kind,
            previous,
            update: Arc::clone(update),
        })
    }
}

/// The last of each node, in the order of those.
pub fn fold(told: Vec<Told>) -> Vec<Told> {
    let mut firsts: HashMap<_, (UpdateKind, UpdateKind, Revision)> = HashMap::new();
    let mut last_at = HashMap::new();
    for (place, one) in told.iter().enumerate() {
        let node = one.update.node;
        let held = firsts.entry(node);
        let (_, heaviest, _) = held.or_insert((one.kind, one.kind, one.previous));
        *heaviest = (*heaviest).max(one.kind);
        last_at.insert(node, place);
    }
    let lasts = told.into_iter().enumerate().filter(|(place, one)| {
        let last = last_at.get(&one.update.node);
        last == Some(place)
    });
    let folded = lasts.filter_map(|(_, last)| {
        let (first, heaviest, previous) = *firsts.get(&last.update.node)?;
        let kind = folded_kind(first, heaviest, last.kind)?;
        Some(Told {
            kind,
            previous,
            update: last.update,
        })
    });
    folded.collect()
}

/// `None` for a node that he never knew and need not hear of.
fn folded_kind(first: UpdateKind, heaviest: UpdateKind, last: UpdateKind) -> Option<UpdateKind> {
    use UpdateKind::{Described, Provisioned, Removed, Status, Telemetry};
    match (first, last) {
        (Provisioned, Removed) => None,
        (Provisioned, _) => Some(Provisioned),
        (_, Removed) => Some(Removed),
        // It went and came back.
        (_, Provisioned) => Some(Described),
        (Telemetry | Status | Described | Removed, Telemetry | Status | Described) => {
            Some(heaviest.min(Described))
        }
    }
}
