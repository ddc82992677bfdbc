//! The pollers that there are or were, by channel, and what they share.
//!
//! A channel has one poller for the life of the process, whether anybody reads it or not, so that it goes
//! on where it stopped; it asks nothing while it has no actor.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Ports;
use crate::domain::ChannelId;
use crate::ingest::{ChannelCache, GateSettings, HostGate, Ingest, PollerArgs, PollerHandle};
use crate::ports::Cursors;
use crate::tree::{Child, ChildSpec, Readers};
use crate::watchers::ShardSink;

/// All pollers.
#[derive(Debug)]
pub(super) struct Pollers {
    ingest: Ingest,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    pollers: BTreeMap<ChannelId, PollerHandle>,
    /// Of channels that nobody has read in this process.
    cursors: Cursors,
}

impl Pollers {
    pub(super) fn new(ports: &Ports, gate: GateSettings, cursors: Cursors) -> Self {
        let (feed, clock) = (Arc::clone(&ports.feed), Arc::clone(&ports.clock));
        let host = HostGate::new(gate, clock.now());
        let cache = ChannelCache::new(Arc::clone(&feed), Arc::clone(&clock), Arc::clone(&host));
        let cache = Arc::new(cache);
        Self {
            ingest: Ingest {
                feed,
                clock,
                host,
                cache,
            },
            known: Mutex::new(Known {
                pollers: BTreeMap::new(),
                cursors,
            }),
        }
    }

    pub(super) fn ingest(&self) -> &Ingest {
        &self.ingest
    }

    pub(super) fn all(&self) -> Vec<PollerHandle> {
        self.known().pollers.values().cloned().collect()
    }

    pub(super) fn get(&self, channel: ChannelId) -> Option<PollerHandle> {
        self.known().pollers.get(&channel).cloned()
    }

    /// The poller of a channel, to be started in the shard of `sink`.
    pub(super) fn make(
        &self,
        channel: ChannelId,
        readers: Readers,
        sink: Arc<ShardSink>,
    ) -> ChildSpec {
        let mut known = self.known();
        let cursor = known.cursors.remove(&channel);
        let poller = known.pollers.entry(channel).or_insert_with(|| {
            PollerHandle::new(PollerArgs {
                channel,
                ingest: self.ingest.clone(),
                readers,
                sink,
                cursor,
            })
        });
        let poller = poller.clone();
        ChildSpec::new(Child::Poller(channel).to_string(), move |parent| {
            let poller = poller.clone();
            Box::pin(async move { poller.start(parent).await })
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
