//! The twin system as one thing: started from descriptions and what was saved, asked, changed, drained.
//!
//! Holds who is who, and leaves all work to the actors. Changes of the set of nodes go one after another
//! under one lock; reads take none. The caller has made a change durable in the registry before it asks
//! for it here.

mod drain;
mod error;
mod estate;
mod index;
mod pollers;
mod restore;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, MutexGuard};

pub use drain::Drained;
pub use error::{StartError, SystemError};
use estate::Estate;
use index::Index;
use pollers::Pollers;
use restore::restore;

use crate::domain::{ChannelId, NodeId, NodeSpec, ShardId};
use crate::ingest::{GateSettings, Ingest, PollerHandle};
use crate::ports::{Archive, Clock, Feed, Saved};
use crate::tree::{
    Census, Child, ChildSpec, Failure, PlantError, Seat, Trunk, census, plant, writer_name,
};
use crate::twin::{
    Apply, Event, OfferError, Presence, Transition, Twin, TwinCell, TwinHandle, apply,
};
use crate::watchers::{PersistArgs, PersistView};

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
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // The embedded store has one writing connection; more would wait for each other.
            writers: 1,
            gate: GateSettings::default(),
        }
    }
}

/// The twin system.
#[derive(Debug)]
pub struct System {
    clock: Arc<dyn Clock>,
    tree: Trunk,
    index: Index,
    estate: Estate,
    pollers: Pollers,
    changes: Mutex<()>,
    stopping: AtomicBool,
}

impl System {
    /// Starts a twin for each of `nodes`, from what was saved of it, and then their pollers.
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
        mut saved: Saved,
        apply: Apply,
    ) -> Result<Arc<Self>, StartError> {
        let cursors = std::mem::take(&mut saved.cursors);
        let system = Self {
            clock: Arc::clone(&ports.clock),
            tree: Trunk::start().await?,
            index: Index::default(),
            estate: Estate::new(settings.writers, Arc::clone(&ports.clock), apply),
            pollers: Pollers::new(&ports, settings.gate, cursors),
            changes: Mutex::default(),
            stopping: AtomicBool::new(false),
        };
        system.start_writers(&ports.archive).await?;
        system.start_twins(nodes, saved).await?;
        for twin in system.twins() {
            system.join_channel(&twin).await?;
        }
        Ok(Arc::new(system))
    }

    async fn start_writers(&self, archive: &Arc<dyn Archive>) -> Result<(), PlantError> {
        for (writer, desk) in self.estate.desks.iter().enumerate() {
            let args = PersistArgs {
                writer: writer as u64,
                desk: Arc::clone(desk),
                archive: Arc::clone(archive),
                clock: Arc::clone(&self.clock),
            };
            let child = ChildSpec::new(writer_name(writer), move |parent| {
                Box::pin(args.clone().start(parent))
            });
            plant(&self.tree.watchers, child).await?;
        }
        Ok(())
    }

    async fn start_twins(&self, nodes: Vec<NodeSpec>, mut saved: Saved) -> Result<(), StartError> {
        let now = self.clock.now();
        let mut seen = HashSet::new();
        let mut shards: BTreeMap<ShardId, BTreeMap<Child, Seat>> = BTreeMap::new();
        for spec in nodes {
            let (id, shard) = (spec.id, spec.shard());
            if !seen.insert(id) {
                return Err(StartError::Twice(id));
            }
            let twin = restore(Arc::new(spec), saved.twins.remove(&id), now)?;
            let twin = self.house(twin);
            self.index.insert(twin.clone());
            let roster = shards.entry(shard).or_default();
            roster.insert(Child::Twin(id), Seat::Twin(twin));
        }
        for (id, roster) in shards {
            let shard = self.estate.open(&self.tree.shards, id, roster).await?;
            // Answered once everyone in it has been started.
            shard.list().await.map_err(PlantError::from)?;
        }
        Ok(())
    }

    /// Gives a twin its cell and its sink, and has written what is to be written of it.
    fn house(&self, transition: Transition) -> TwinHandle {
        let Transition { twin, effects } = transition;
        let sink = self.estate.sink(twin.spec().shard());
        let twin = TwinHandle::new(TwinCell::new(twin, Arc::clone(&sink)));
        sink.put(twin.cell(), crate::domain::Revision::ZERO, effects);
        twin
    }

    /// Starts the twin of a node that was created.
    ///
    /// # Errors
    /// When there is a node with its id, or an actor does not start.
    pub async fn create(&self, spec: NodeSpec) -> Result<TwinHandle, SystemError> {
        let _changes = self.changing().await?;
        let (id, shard) = (spec.id, spec.shard());
        if self.index.get(id).is_some() {
            return Err(SystemError::Exists(id));
        }
        let twin = self.house(Twin::create(Arc::new(spec), self.clock.now()));
        let seat = Seat::Twin(twin.clone());
        let shards = &self.tree.shards;
        self.estate
            .settle(shards, shard, Child::Twin(id), seat)
            .await?;
        self.index.insert(twin.clone());
        self.join_channel(&twin).await?;
        Ok(twin)
    }

    /// Has a twin go by a new description; moves it where its channel changed.
    ///
    /// # Errors
    /// When there is no such node, its twin does not take it, or an actor does not start.
    pub async fn configure(&self, spec: NodeSpec) -> Result<(), SystemError> {
        let _changes = self.changing().await?;
        let twin = self.twin(spec.id).ok_or(SystemError::NotFound(spec.id))?;
        let before = Arc::clone(twin.view().spec());
        let after = Arc::new(spec);
        self.tell_configured(&twin, &before, &after).await?;
        if before.key != after.key {
            self.index.rename(twin.id(), &before.key);
        }
        if channel_of(&before) != channel_of(&after) {
            self.leave_channel(&before).await?;
            self.relocate(&twin, before.shard(), after.shard()).await?;
            self.join_channel(&twin).await?;
        }
        Ok(())
    }

    async fn tell_configured(
        &self,
        twin: &TwinHandle,
        before: &NodeSpec,
        after: &Arc<NodeSpec>,
    ) -> Result<(), SystemError> {
        let at = self.clock.now();
        match twin.configure(Arc::clone(after), at).await {
            Err(OfferError::Away | OfferError::Quarantined) => {
                // Nobody is there to take it, so its supervisor does.
                let spec = Arc::clone(after);
                let shard = self.estate.shard(before.shard());
                let shard = shard.ok_or(SystemError::Twin(OfferError::Away))?;
                let performed = shard
                    .perform(twin.id(), Event::Configured { spec, at })
                    .await?;
                Ok(performed?)
            }
            result => Ok(result?),
        }
    }

    async fn relocate(
        &self,
        twin: &TwinHandle,
        from: ShardId,
        to: ShardId,
    ) -> Result<(), PlantError> {
        if from == to {
            return Ok(());
        }
        let child = Child::Twin(twin.id());
        self.estate.clear(&self.tree.shards, from, child).await?;
        twin.sink().forget(twin.id());
        let sink = self.estate.sink(to);
        twin.cell().move_to(Arc::clone(&sink));
        sink.save_soon(twin.cell());
        let seat = Seat::Twin(twin.clone());
        self.estate.settle(&self.tree.shards, to, child, seat).await
    }

    /// Ends the twin of a node that was removed.
    ///
    /// # Errors
    /// When there is no such node, or a supervisor does not answer.
    pub async fn remove(&self, id: NodeId) -> Result<(), SystemError> {
        let _changes = self.changing().await?;
        let twin = self.twin(id).ok_or(SystemError::NotFound(id))?;
        let spec = Arc::clone(twin.view().spec());
        self.leave_channel(&spec).await?;
        let child = Child::Twin(id);
        self.estate
            .clear(&self.tree.shards, spec.shard(), child)
            .await?;
        twin.cell().set_presence(Presence::Gone);
        twin.address().move_out();
        twin.sink().forget(id);
        self.index.remove(id, &spec.key);
        Ok(())
    }

    /// Lets a quarantined twin try again, and the poller of its channel where that is quarantined.
    ///
    /// # Errors
    /// When there is no such node, neither of them is quarantined, or a supervisor does not answer.
    pub async fn release(&self, id: NodeId) -> Result<(), SystemError> {
        let _changes = self.changing().await?;
        let twin = self.twin(id).ok_or(SystemError::NotFound(id))?;
        let view = twin.view();
        let shard = self.estate.shard(view.spec().shard());
        let shard = shard.ok_or(SystemError::NotFound(id))?;
        let mut released = shard.release(Child::Twin(id)).await?;
        if let Some(channel) = channel_of(view.spec()) {
            released |= shard.release(Child::Poller(channel)).await?;
        }
        released
            .then_some(())
            .ok_or(SystemError::NotQuarantined(id))
    }

    /// The twin of a node.
    pub fn twin(&self, id: NodeId) -> Option<TwinHandle> {
        self.index.get(id)
    }

    /// The twin of the node with this key; of several communities' nodes, the one created first.
    pub fn twin_by_key(&self, key: &str) -> Option<TwinHandle> {
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

    /// Waits for a failure that the tree cannot heal by itself: the process should end then.
    pub async fn failed(&self) -> Failure {
        self.tree.failed().await
    }

    /// Has a twin fed by its channel's poller, and starts that for the first one.
    async fn join_channel(&self, twin: &TwinHandle) -> Result<(), PlantError> {
        let Some(channel) = channel_of(twin.view().spec()) else {
            return Ok(());
        };
        let readers = self.estate.readers(channel);
        let first = readers.now().is_empty();
        readers.add(twin);
        if !first {
            return Ok(());
        }
        let shard = ShardId::of_channel(channel);
        let poller = self.pollers.make(channel, readers, self.estate.sink(shard));
        let (child, seat) = (Child::Poller(channel), Seat::Poller(poller));
        let shards = &self.tree.shards;
        self.estate.settle(shards, shard, child, seat).await
    }

    /// Has the twin of `spec` fed no more, and stops the poller after the last one.
    async fn leave_channel(&self, spec: &NodeSpec) -> Result<(), PlantError> {
        let Some(channel) = channel_of(spec) else {
            return Ok(());
        };
        if self.estate.readers(channel).remove(spec.id) > 0 {
            return Ok(());
        }
        let (shard, child) = (ShardId::of_channel(channel), Child::Poller(channel));
        self.estate.clear(&self.tree.shards, shard, child).await
    }

    async fn changing(&self) -> Result<MutexGuard<'_, ()>, SystemError> {
        let guard = self.changes.lock().await;
        if self.stopping.load(Ordering::Acquire) {
            return Err(SystemError::Stopping);
        }
        Ok(guard)
    }
}

fn channel_of(spec: &NodeSpec) -> Option<ChannelId> {
    spec.channel.as_ref().map(|binding| binding.channel_id)
}

#[cfg(test)]
mod tests;
