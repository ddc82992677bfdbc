//! Nodes that come, change and go while the system runs.
//!
//! Each step leaves the tree whole: a twin that moves keeps its handle and its view, and a shard or a
//! poller runs exactly while somebody needs it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::MutexGuard;

use super::{System, SystemError};
use crate::domain::{ChannelId, NodeId, NodeSpec, Revision, ShardId};
use crate::tree::{Child, PlantError, Seat};
use crate::twin::{Event, OfferError, Presence, Twin, TwinHandle};

impl System {
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
        let twin = self.house(
            Twin::create(Arc::new(spec), self.clock.now()),
            Revision::ZERO,
        );
        let seat = Seat::Twin(twin.clone());
        let shards = &self.tree.shards;
        self.estate
            .settle(shards, shard, Child::Twin(id), seat)
            .await?;
        self.index.insert(twin.clone());
        // Only now, since whoever looks for all twins must find it from the moment that it is told of.
        twin.sink().tell(twin.cell());
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
        self.estate.intake.removed(id);
        Ok(())
    }

    /// Lets a quarantined twin try again, and the poller of its channel where that is quarantined; has
    /// the channel read once more, since the twin was passed over meanwhile.
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
        if !released {
            return Err(SystemError::NotQuarantined(id));
        }
        self.read_again(view.spec()).await;
        Ok(())
    }

    /// Has a channel give once more what its twin was passed over with. A poller that is away says
    /// nothing: what it reads next begins where it stopped.
    async fn read_again(&self, spec: &NodeSpec) {
        let poller = channel_of(spec).and_then(|channel| self.poller(channel));
        if let Some(poller) = poller {
            let _away = poller.backfill().await;
        }
    }

    /// Has a twin fed by its channel's poller, and starts that for the first one.
    pub(super) async fn join_channel(&self, twin: &TwinHandle) -> Result<(), PlantError> {
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
        let (child, seat) = (Child::Poller(channel), Seat::Poller(Arc::new(poller)));
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
        if !self.is_live() {
            return Err(SystemError::Starting);
        }
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
