//! A faithful ThingSpeak with a living fleet behind it.
//!
//! What it stores, how it answers and how it refuses follow what was recorded of the hosted
//! service; where nothing was recorded, a [knob](Knobs) chooses. It runs inside a test with a
//! clock of the test's own, or behind a socket; real ThingSpeak client libraries work against
//! both. It is a tool: nothing in the service may depend on being talked to by it.
//!
//! A request's way, file by file:
//!
//! ```text
//! serve ─▶ ask (target) ─▶ answer ─┬▶ read (query ▶ select ▶ aggregate ▶ doc)
//!  │ reply, delivery       │ fault ├▶ about, write, bulk
//!  ▼                       ▼       └▶ commands (talkback)
//! socket                 state: channel, cache ◀─ world (the fleet reports as time passes)
//!
//! control: lists channels and keys, orders faults; for callers on this machine only
//! ```

mod about;
mod aggregate;
mod answer;
mod ask;
mod bulk;
mod channel;
mod commands;
mod control;
mod delivery;
mod doc;
mod fail;
mod fault;
pub mod fleet;
mod keys;
pub mod knobs;
mod query;
mod read;
mod reply;
mod select;
mod serve;
mod state;
mod talkback;
mod target;
mod world;
mod write;
mod zone;

#[cfg(test)]
mod conformance;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evara_actors::ports::Clock;

pub use channel::RequestCounts;
pub use control::{ChannelCard, TalkBackCard};
pub use fault::{Dial, FaultError, FaultOrder};
pub use knobs::Knobs;
pub use serve::router;
pub use world::{Node, World};

use fleet::Fleet;
use state::State;

/// A ThingSpeak of one account, with all its channels. Shared by the [`router`] and by tests.
pub struct Simulator {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        formatter
            .debug_struct("Simulator")
            .field("clock", &self.clock)
            .field("knobs", &state.knobs)
            .field("channels", &state.channels.len())
            .finish_non_exhaustive()
    }
}

impl Simulator {
    /// A simulator without channels.
    pub fn new(knobs: Knobs, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::new(State::new(knobs)),
        }
    }

    /// A simulator with one channel and one TalkBack per device of `fleet`, in its order.
    ///
    /// The fleet's history is made up when somebody first asks: a long one takes its time.
    pub fn with_fleet(fleet: Fleet, knobs: Knobs, clock: Arc<dyn Clock>) -> Self {
        Self::with_world(fleet, knobs, clock)
    }

    /// A simulator with one channel and one TalkBack per device of `world`, in its order.
    pub fn with_world(world: impl World + 'static, knobs: Knobs, clock: Arc<dyn Clock>) -> Self {
        let mut state = State::new(knobs);
        state.settle(Box::new(world), seconds(clock.as_ref()));
        Self {
            clock,
            state: Mutex::new(state),
        }
    }

    /// Adds a channel beside those of the world and tells its id; `None` when there are too many.
    pub fn add_channel(&self, node: Node) -> Option<u64> {
        let now_s = seconds(self.clock.as_ref());
        self.state().add_channel(node, now_s)
    }

    /// Opens a channel to everyone, or closes it. False when there is none of this id.
    pub fn set_public(&self, id: u64, public: bool) -> bool {
        let mut state = self.state();
        let channel = state.channels.get_mut(&id);
        channel.map(|channel| channel.public = public).is_some()
    }

    /// Every channel with its keys and counts, by id, at the time of the clock.
    pub fn channels(&self) -> Vec<ChannelCard> {
        let mut state = self.state();
        state.advance_to(seconds(self.clock.as_ref()));
        let talkback = |id: u64| {
            let api_key = state.talkbacks.get(&id)?.key.clone();
            Some(TalkBackCard { id, api_key })
        };
        let card = |channel: &channel::Channel| ChannelCard {
            id: channel.id,
            public: channel.public,
            read_api_key: channel.read_key.clone(),
            write_api_key: channel.write_key.clone(),
            kind: channel.node.kind.clone(),
            name: channel.node.name.clone(),
            last_entry_id: channel.last_entry_id,
            talkback: channel.talkback_id.and_then(talkback),
            requests: channel.counts,
            faults: channel.faults.order.clone(),
        };
        state.channels.values().map(card).collect()
    }

    /// The key of the account that owns every channel.
    pub fn user_api_key(&self) -> String {
        self.state().user_key.clone()
    }

    /// Orders what goes wrong with one channel, in place of the order before it.
    pub fn set_faults(&self, id: u64, order: FaultOrder) -> Result<(), FaultError> {
        let now_s = seconds(self.clock.as_ref());
        let mut state = self.state();
        state.advance_to(now_s);
        state.set_faults(id, order)
    }

    /// Orders what goes wrong with every request, in place of the order before it.
    pub fn set_host_faults(&self, order: FaultOrder) -> Result<(), FaultError> {
        let faults = fault::Faults::of_host(order)?;
        self.state().host_faults = faults;
        Ok(())
    }

    /// What goes wrong with every request.
    pub fn host_faults(&self) -> FaultOrder {
        self.state().host_faults.order.clone()
    }

    /// A handler that panicked has left nothing half done that a simulator would mind.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds(clock: &dyn Clock) -> i64 {
    clock.now().millis().div_euclid(1_000)
}
