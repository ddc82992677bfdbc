//! How the system comes up, in two steps: its twins are brought back, portion by portion, and can be read as
//! soon as each is there; then everyone starts.
//!
//! Until then nothing is taken from anybody: a twin without an actor refuses, and the set of nodes
//! cannot be changed. What is read then was judged by the time of the start, like anything that is read
//! later, so that nobody is told of a status that was true before the process was there. While the system
//! is not [whole](System::is_whole), who is not found may be there: nobody must be told that they are not,
//! nor how many there are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;

use super::estate::Estate;
use super::pollers::Pollers;
use super::restore::{Restored, restore_all};
use super::{Ports, Settings, StartError, System};
use crate::domain::{NodeSpec, Revision, ShardId};
use crate::ports::{Cursors, SavedTwins};
use crate::tree::{BROADCAST, Child, ChildSpec, PlantError, Seat, Trunk, plant, writer_name};
use crate::twin::{Apply, Transition, TwinCell, TwinHandle, apply};
use crate::watchers::broadcast::{Broadcast, Standing};
use crate::watchers::{BroadcastArgs, PersistArgs};

impl System {
    /// A system with nobody in it yet, whose pollers go on where `cursors` say.
    ///
    /// # Errors
    /// When the tree does not come up.
    pub async fn prepare(
        ports: Ports,
        settings: Settings,
        cursors: Cursors,
    ) -> Result<Arc<Self>, StartError> {
        Self::prepare_with(ports, settings, cursors, apply).await
    }

    /// [`System::prepare`], for twins that decide by `apply`.
    pub(super) async fn prepare_with(
        ports: Ports,
        settings: Settings,
        cursors: Cursors,
        apply: Apply,
    ) -> Result<Arc<Self>, StartError> {
        Ok(Arc::new(Self {
            tree: Trunk::start().await?,
            index: Arc::default(),
            broadcast: Broadcast::new(settings.replay),
            estate: Estate::new(settings.writers, Arc::clone(&ports.clock), apply),
            pollers: Pollers::new(&ports, settings.gate, cursors),
            tick: settings.tick,
            before_telling: settings.before_telling,
            changes: Mutex::default(),
            whole: AtomicBool::new(false),
            live: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            clock: ports.clock,
            archive: ports.archive,
        }))
    }

    /// The twins of `nodes` as they were saved, judged by what time it is now: they can be found and read.
    /// What is offered to one is refused as [`Away`](crate::twin::OfferError::Away), and changes as
    /// [`Starting`](super::SystemError::Starting), until everyone is [launched](Self::launch).
    ///
    /// # Errors
    /// When a snapshot cannot be read, or an id is there twice.
    pub async fn bring_back(
        &self,
        nodes: Vec<NodeSpec>,
        saved: SavedTwins,
    ) -> Result<(), StartError> {
        for restored in restore_all(nodes, saved, self.clock.now()).await? {
            let Restored { transition, saved } = restored;
            let id = transition.twin.spec().id;
            if self.index.get(id).is_some() {
                return Err(StartError::Twice(id));
            }
            self.index.insert(self.house(transition, saved));
        }
        Ok(())
    }

    /// Starts the writers and the broadcast, the twins, and then the pollers of their channels: when this
    /// returns, everyone is live. To be called once, when all are back.
    ///
    /// # Errors
    /// When an actor does not start.
    pub async fn launch(self: &Arc<Self>) -> Result<(), StartError> {
        let _changes = self.changes.lock().await;
        self.whole.store(true, Ordering::Release);
        self.start_writers().await?;
        self.start_broadcast().await?;
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

    /// Whether every twin is back, so that one that is not found is not there.
    pub fn is_whole(&self) -> bool {
        self.whole.load(Ordering::Acquire)
    }

    /// Whether everyone has been launched.
    pub fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }

    async fn start_writers(&self) -> Result<(), PlantError> {
        for (writer, desk) in self.estate.desks.iter().enumerate() {
            let args = PersistArgs {
                writer: writer as u64,
                desk: Arc::clone(desk),
                archive: Arc::clone(&self.archive),
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

    async fn start_broadcast(self: &Arc<Self>) -> Result<(), PlantError> {
        let index = Arc::clone(&self.index);
        // It is in what it looks at, and must not keep that from ending.
        let system = Arc::downgrade(self);
        let look = move |known: &Standing| match system.upgrade() {
            Some(system) => system.standing(known),
            None => known.clone(),
        };
        let args = BroadcastArgs {
            intake: Arc::clone(&self.estate.intake),
            broadcast: self.broadcast.clone(),
            twins: Arc::new(move || index.all()),
            look: Arc::new(look),
            clock: Arc::clone(&self.clock),
            tick: self.tick,
            before_telling: self.before_telling,
        };
        let child = ChildSpec::new(BROADCAST, move |parent| {
            Box::pin(args.clone().start(parent))
        });
        plant(&self.tree.watchers, child).await
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
