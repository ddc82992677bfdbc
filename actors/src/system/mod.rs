//! The twin system as one thing: started from descriptions and what was saved, asked, changed, drained.
//!
//! Holds who is who, and leaves all work to the actors. Changes of the set of nodes go one after another
//! under one lock; reads take none. The caller has made a change durable in the registry before it asks
//! for it here.

mod drain;
mod error;
mod estate;
mod index;
mod launch;
mod nodes;
mod pollers;
mod restore;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Mutex;

pub use drain::Drained;
pub use error::{StartError, SystemError};
use estate::Estate;
use index::Index;
use pollers::Pollers;

use crate::domain::{ChannelId, NodeId, NodeSpec};
use crate::ingest::{GateSettings, Ingest, PollerHandle};
use crate::ports::{Archive, Clock, Feed, Saved};
use crate::tree::{Census, Failure, Trunk, census, see};
use crate::twin::{Apply, TwinHandle, apply};
use crate::watchers::PersistView;
use crate::watchers::broadcast::{Bounds, Broadcast, Condition, Standing, Subject, TICK};

/// What the system asks of the outside.
#[derive(Debug, Clone)]
pub struct Ports {
    /// Where polled readings come from.
    pub feed: Arc<dyn Feed>,
    /// Where the past is kept.
    pub archive: Arc<dyn Archive>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// How the system is laid out.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Writers to the archive, each with a share of the shards; at least 1.
    pub writers: usize,
    /// How often the feed's host and its channels may be asked.
    pub gate: GateSettings,
    /// How much of what is told is kept for those who come back.
    pub replay: Bounds,
    /// Between two tellings of what changed.
    pub tick: Duration,
    /// Called by whoever tells, each time that there is something to tell and before it is told. Does nothing
    /// where nobody wants to know; what it breaks is started again.
    pub before_telling: fn(),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // The embedded store has one writing connection; more would wait for each other.
            writers: 1,
            gate: GateSettings::default(),
            replay: Bounds::default(),
            tick: TICK,
            before_telling: || (),
        }
    }
}

/// The twin system.
#[derive(Debug)]
pub struct System {
    clock: Arc<dyn Clock>,
    archive: Arc<dyn Archive>,
    tree: Trunk,
    index: Arc<Index>,
    broadcast: Broadcast,
    estate: Estate,
    pollers: Pollers,
    tick: Duration,
    before_telling: fn(),
    changes: Mutex<()>,
    /// Whether every twin is back.
    whole: AtomicBool,
    /// Whether everyone has been launched.
    live: AtomicBool,
    stopping: AtomicBool,
}

impl System {
    /// [`System::prepare`], [`System::bring_back`] and [`System::launch`] in one: when this returns, everyone is
    /// live.
    ///
    /// # Errors
    /// When a snapshot cannot be read, an id is there twice, or an actor does not start.
    pub async fn start(
        ports: Ports,
        settings: Settings,
        nodes: Vec<NodeSpec>,
        saved: Saved,
    ) -> Result<Arc<Self>, StartError> {
        Self::start_with(ports, settings, nodes, saved, apply).await
    }

    /// [`System::start`], with twins that decide by `apply`.
    pub(crate) async fn start_with(
        ports: Ports,
        settings: Settings,
        nodes: Vec<NodeSpec>,
        saved: Saved,
        apply: Apply,
    ) -> Result<Arc<Self>, StartError> {
        let system = Self::prepare_with(ports, settings, saved.cursors, apply).await?;
        system.bring_back(nodes, saved.twins).await?;
        system.launch().await?;
        Ok(system)
    }

    /// The twin of a node.
    pub fn twin(&self, id: NodeId) -> Option<TwinHandle> {
        self.index.get(id)
    }

    /// The twins of the nodes with this key, one in each of several communities, in the order of creation.
    pub fn twins_by_key(&self, key: &str) -> Vec<TwinHandle> {
        self.index.by_key(key)
    }

    /// All twins, in no order.
    pub fn twins(&self) -> Vec<TwinHandle> {
        self.index.all()
    }

    /// The pollers of all channels that a node reads, by channel.
    pub fn pollers(&self) -> Vec<PollerHandle> {
        let all = self.pollers.all().into_iter();
        all.filter(|poller| self.is_read(poller.channel()))
            .collect()
    }

    /// The poller of a channel that a node reads.
    pub fn poller(&self, channel: ChannelId) -> Option<PollerHandle> {
        let poller = self.pollers.get(channel);
        poller.filter(|_| self.is_read(channel))
    }

    /// What the pollers share: the gate in front of the feed's host, and the pages that were read last.
    pub fn ingest(&self) -> &Ingest {
        self.pollers.ingest()
    }

    fn is_read(&self, channel: ChannelId) -> bool {
        !self.estate.readers(channel).now().is_empty()
    }

    /// The tree as it is.
    pub fn census(&self) -> Census {
        census(&self.tree, &self.estate.shards())
    }

    /// How those of the tree and of the breakers are of whom there is something to be said, or was in what is known.
    fn standing(&self, known: &Standing) -> Standing {
        let mut seen = Standing::default();
        see(&self.tree, &self.estate.shards(), known, &mut seen);
        let host = &self.pollers.ingest().host;
        let channels = host.open_channels().into_iter();
        let channels = channels.map(|(channel, state)| (Subject::Channel(channel), state));
        for (subject, state) in channels.chain([(Subject::Host, host.breaker())]) {
            seen.see(known, subject, Condition::Breaker(state));
        }
        seen
    }

    /// The names of the actors that run, as the runtime knows them, sorted; for comparing with the census.
    ///
    /// # Errors
    /// When a supervisor does not answer.
    pub async fn running(&self) -> Result<Vec<String>, SystemError> {
        let mut names = self.tree.list().await?;
        for shard in self.estate.shards() {
            names.extend(shard.list().await?);
        }
        names.sort();
        Ok(names)
    }

    /// How the writing goes, of all writers together: the worst of each.
    pub fn persistence(&self) -> PersistView {
        let views = self.estate.desks.iter().map(|desk| desk.view());
        views.reduce(PersistView::worse).unwrap_or_default()
    }

    /// Where every change is told.
    pub fn broadcast(&self) -> &Broadcast {
        &self.broadcast
    }

    /// Waits for a failure that the tree cannot heal by itself: the process should end then.
    pub async fn failed(&self) -> Failure {
        self.tree.failed().await
    }
}

#[cfg(test)]
mod tests;
