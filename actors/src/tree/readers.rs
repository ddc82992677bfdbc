//! The twins that read one channel, as of now.
//!
//! Written by the system when nodes come, go or change their channel; read by the channel's poller at
//! each poll, which so needs no message for it.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::domain::NodeId;
use crate::twin::TwinHandle;

/// The twins that read one channel.
#[derive(Debug, Clone, Default)]
pub struct Readers(Arc<ArcSwap<Vec<TwinHandle>>>);

impl Readers {
    /// Those who read the channel now; each one's description is in its view.
    pub fn now(&self) -> Arc<Vec<TwinHandle>> {
        self.0.load_full()
    }

    /// Adds a twin, once.
    pub(crate) fn add(&self, twin: &TwinHandle) {
        self.0.rcu(|twins| {
            let others = twins.iter().filter(|other| other.id() != twin.id());
            others.chain([twin]).cloned().collect::<Vec<_>>()
        });
    }

    /// Takes a twin away, and says how many are left.
    pub(crate) fn remove(&self, node: NodeId) -> usize {
        self.0.rcu(|twins| {
            let others = twins.iter().filter(|twin| twin.id() != node);
            others.cloned().collect::<Vec<_>>()
        });
        self.0.load().len()
    }
}
