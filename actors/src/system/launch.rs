//! How the system comes up, in two steps: its twins are brought back and can be read, then everyone starts.
//!
//! Between the two nothing is taken from anybody: a twin without an actor refuses, and the set of nodes
//! cannot be changed. What is read then was judged by the time of the start, like anything that is read
//! later, so that nobody is told of a status that was true before the process was there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;

use super::estate::Estate;
use super::index::Index;
use super::pollers::Pollers;
use super::restore::{Restored, restore_all};
use super::{Ports, Settings, StartError, System};
use crate::domain::{NodeSpec, Revision, ShardId};
use crate::ports::{Archive, Saved};
use crate::tree::{Child, ChildSpec, PlantError, Seat, Trunk, plant, writer_name};
use crate::twin::{Apply, Transition, TwinCell, TwinHandle, apply};
use crate::watchers::PersistArgs;

impl System {
    /// The twins of `nodes` as they were saved, judged by what time it is now: they can be found and read.
    /// What is offered to one is refused as [`Away`](crate::twin::OfferError::Away), and changes as
    /// [`Starting`](super::SystemError::Starting), until everyone is [launched](Self::launch).
    ///
    /// # Errors
    /// When a snapshot cannot be read, an id is there twice, or an actor does not start.
    pub async fn restore(
        ports: Ports,
        settings: Settings,
        nodes: Vec<NodeSpec>,
        saved: Saved,
    ) -> Result<Arc<Self>, StartError> {
        Self::restore_with(ports, settings, nodes, saved, apply).await
    }

    /// [`System::restore`], with twins that decide by `apply`.
    pub(super) async fn restore_with(
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
            live: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
        };
        for restored in restore_all(nodes, saved.twins, system.clock.now()).await? {
            let Restored { transition, saved } = restored;
            system.index.insert(system.house(transition, saved));
        }
        system.start_writers(&ports.archive).await?;
        Ok(Arc::new(system))
    }

    /// Starts the twins, and then the pollers of their channels: when this returns, everyone is live. To
    /// be called once.
    ///
    /// # Errors
    /// When an actor does not start.
    pub async fn launch(&self) -> Result<(), StartError> {
        let _changes = self.changes.lock().await;
        let mut shards: BTreeMap<ShardId, BTreeMap<Child, Seat>> = BTreeMap::new();
        for twin in self.twins() {
            let roster = shards.entry(twin.sink().shard()).or_default();
            roster.insert(Child::Twin(twin.id()), Seat::Twin(twin));
        }
        for (id, roster) in shards {
            let shard = self.estate.open(&self.tree.shards, id, roster).await?;
            // Answered once everyone in it has been started.
            shard.list().await.map_err(PlantError::from)?;
        }
        for twin in self.twins() {
            self.join_channel(&twin).await?;
        }
        self.live.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether everyone has been launched.
    pub fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }

    async fn start_writers(&self, archive: &Arc<dyn Archive>) -> Result<(), PlantError> {
        for (writer, desk) in self.estate.desks.iter().enumerate() {
            let args = PersistArgs {
                writer: writer as u64,
                desk: Arc::clone(desk),
                archive: Arc::clone(archive),
                clock: Arc::clone(&self.clock),
                alarm: self.tree.alarm(),
            };
            let child = ChildSpec::new(writer_name(writer), move |parent| {
                Box::pin(args.clone().start(parent))
            });
            plant(&self.tree.watchers, child).await?;
        }
        Ok(())
    }

    /// Gives a twin its cell and its sink, and has written what is to be written of it, which was saved at
    /// the revision `saved`.
    pub(super) fn house(&self, transition: Transition, saved: Revision) -> TwinHandle {
        let Transition { twin, effects } = transition;
        let sink = self.estate.sink(twin.spec().shard());
        let twin = TwinHandle::new(TwinCell::new(twin, Arc::clone(&sink)));
        if !effects.is_empty() {
            sink.put(twin.cell(), saved, effects);
        }
        twin
    }
}
