//! Where everyone lives: the shards that run, their sinks, and who reads which channel.
//!
//! Changes only under the system's one lock for changes, which is taken outside; what is locked here is
//! never held across an await. A shard runs exactly while somebody lives in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::{ChannelId, ShardId};
use crate::ports::Clock;
use crate::tree::{Child, PlantError, Readers, Seat, Shard, ShardArgs, Supervisor, plant};
use crate::twin::Apply;
use crate::watchers::{Desk, Intake, ShardSink};

/// Where everyone lives.
#[derive(Debug)]
pub(super) struct Estate {
    /// By number of the writer.
    pub(super) desks: Vec<Arc<Desk>>,
    /// Of all shards, for those who listen.
    pub(super) intake: Arc<Intake>,
    clock: Arc<dyn Clock>,
    apply: Apply,
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    shards: HashMap<ShardId, Shard>,
    /// Kept when a shard ends: what is in it is yet to be written, and its numbers go on.
    sinks: HashMap<ShardId, Arc<ShardSink>>,
    /// Kept when nobody reads a channel any more: a poller that comes back goes on with them.
    channels: HashMap<ChannelId, Readers>,
}

impl Estate {
    pub(super) fn new(writers: usize, clock: Arc<dyn Clock>, apply: Apply) -> Self {
        let desks = (0..writers.max(1)).map(|_| Arc::default()).collect();
        let places = Mutex::default();
        Self {
            desks,
            intake: Arc::default(),
            clock,
            apply,
            places,
        }
    }

    /// The sink of a shard, whether it runs or not.
    pub(super) fn sink(&self, shard: ShardId) -> Arc<ShardSink> {
        let desk = &self.desks[usize::from(shard.0) % self.desks.len()];
        let mut places = self.places();
        let sink = places.sinks.entry(shard);
        let sink = sink
            .or_insert_with(|| ShardSink::new(shard, Arc::clone(desk), Arc::clone(&self.intake)));
        Arc::clone(sink)
    }

    /// Twins that are not saved.
    pub(super) fn unsaved(&self) -> usize {
        let sinks: Vec<_> = self.places().sinks.values().cloned().collect();
        sinks.iter().map(|sink| sink.unsaved()).sum()
    }

    /// The shards that run.
    pub(super) fn shards(&self) -> Vec<Shard> {
        let mut shards: Vec<Shard> = self.places().shards.values().cloned().collect();
        shards.sort_by_key(|shard| shard.sink().shard());
        shards
    }

    /// A shard, if it runs.
    pub(super) fn shard(&self, shard: ShardId) -> Option<Shard> {
        self.places().shards.get(&shard).cloned()
    }

    /// Starts a shard, with those who live in it.
    pub(super) async fn open(
        &self,
        supervisor: &Supervisor,
        id: ShardId,
        roster: BTreeMap<Child, Seat>,
    ) -> Result<Shard, PlantError> {
        let args = ShardArgs {
            sink: self.sink(id),
            clock: Arc::clone(&self.clock),
            apply: self.apply,
        };
        let shard = Shard::new(args, roster);
        plant(supervisor, shard.child()).await?;
        self.places().shards.insert(id, shard.clone());
        Ok(shard)
    }

    /// Takes a child in; starts its shard where nobody lives yet.
    pub(super) async fn settle(
        &self,
        supervisor: &Supervisor,
        id: ShardId,
        child: Child,
        seat: Seat,
    ) -> Result<(), PlantError> {
        match self.shard(id) {
            Some(shard) => Ok(shard.adopt(child, seat).await?),
            None => {
                let shard = self
                    .open(supervisor, id, BTreeMap::from([(child, seat)]))
                    .await?;
                shard.list().await?;
                Ok(())
            }
        }
    }

    /// Lets a child go, once it has handled what waits for it; stops its shard where it was the last.
    pub(super) async fn clear(
        &self,
        supervisor: &Supervisor,
        id: ShardId,
        child: Child,
    ) -> Result<(), PlantError> {
        let Some(shard) = self.shard(id) else {
            return Ok(());
        };
        shard.dismiss(child).await?;
        if shard.roster().is_empty() {
            self.places().shards.remove(&id);
            supervisor.stop(&Shard::name(id)).await?;
        }
        Ok(())
    }

    /// Those who read a channel, who may be none.
    pub(super) fn readers(&self, channel: ChannelId) -> Readers {
        self.places().channels.entry(channel).or_default().clone()
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
