//! The pollers that there are, by channel.

use std::collections::HashMap;
use std::sync::Arc;

use ractor::{Actor, ActorRef};

use super::Ports;
use crate::domain::ChannelId;
use crate::ports::CursorRow;
use crate::tree::{ChildSpec, Done, Readers};
use crate::watchers::ShardSink;

/// Makes pollers, and knows those that it made.
#[derive(Debug)]
pub(super) struct Pollers;

struct Idle;

impl Actor for Idle {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Done {
        Ok(())
    }
}

impl Pollers {
    pub(super) fn new(_: &Ports, _: HashMap<ChannelId, CursorRow>) -> Self {
        Self
    }

    /// The poller of a channel, to be started in its shard.
    pub(super) fn make(&self, channel: ChannelId, _: Readers, _: Arc<ShardSink>) -> ChildSpec {
        ChildSpec::new(format!("poller/{channel}"), |parent| {
            Box::pin(async {
                let (actor, _) = Actor::spawn_linked(None, Idle, (), parent).await?;
                Ok(actor.get_cell())
            })
        })
    }

    pub(super) fn forget(&self, _: ChannelId) {}
}
