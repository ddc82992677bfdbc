//! Pages for people: what a channel answered last, shared by all who look at it.
//!
//! Fed by the pollers, so that a dashboard costs no request where one was just made. However many ask
//! for a channel at once, one request goes out; it passes the same gate as the poller's. Must never
//! grow with the number of channels that people name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::fetch::fetch;
use super::host::{ChannelGate, Hold, HostGate, lock};
use crate::domain::{ChannelId, Timestamp};
use crate::ports::{Ask, Clock, Feed, FeedError, Page};

/// As old as a dashboard may be; a channel speaks every 15 s at most.
const FRESH_FOR: Duration = Duration::from_secs(60);
/// Long enough that a crowd does not repeat a failure one by one, short enough to try again by hand.
const FAILED_FOR: Duration = Duration::from_secs(5);
/// Channels that are kept: some 25 KB each, so about 25 MB.
const MOST_CHANNELS: usize = 1_000;

/// What channels answered last.
#[derive(Debug)]
pub struct ChannelCache {
    feed: Arc<dyn Feed>,
    clock: Arc<dyn Clock>,
    host: Arc<HostGate>,
    slots: Mutex<HashMap<ChannelId, Arc<Slot>>>,
}

#[derive(Debug)]
struct Slot {
    gate: Arc<ChannelGate>,
    kept: Mutex<Option<Kept>>,
    /// Held by the one who asks the feed; the others wait for it.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct Kept {
    answer: Result<Arc<Page>, ReadError>,
    until: Instant,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The feed did not give one.
    #[error("the channel cannot be read")]
    Feed(#[from] FeedError),
    /// The channel, or its host, may not be asked before this instant.
    #[error("the channel may not be asked before {until}")]
    Held {
        /// When to ask again.
        until: Timestamp,
    },
}

impl ChannelCache {
    /// An empty cache in front of `feed`, whose host is behind `host`.
    pub fn new(feed: Arc<dyn Feed>, clock: Arc<dyn Clock>, host: Arc<HostGate>) -> Self {
        Self {
            feed,
            clock,
            host,
            slots: Mutex::default(),
        }
    }

    /// The newest entries of `channel`, at most a minute old.
    ///
    /// # Errors
    /// Where there are none so young and the feed cannot, or must not, be asked for them.
    pub async fn get(&self, channel: ChannelId) -> Result<Arc<Page>, ReadError> {
        let slot = self.slot(channel);
        if let Some(answer) = slot.answer() {
            return answer;
        }
        let _flight = slot.flight.lock().await;
        if let Some(answer) = slot.answer() {
            return answer;
        }
        let answer = self.read(channel, &slot.gate).await;
        let lasts = if answer.is_ok() {
            FRESH_FOR
        } else {
            FAILED_FOR
        };
        slot.keep(answer.clone(), self.clock.wait_for(lasts));
        answer
    }

    /// Takes what a poller has read. A channel that nobody looks at is kept only while there is room.
    pub(super) fn put(&self, channel: ChannelId, page: &Arc<Page>) {
        let slot = {
            let mut slots = lock(&self.slots);
            match slots.get(&channel) {
                Some(slot) => Arc::clone(slot),
                None if slots.len() < MOST_CHANNELS => self.insert(&mut slots, channel),
                None => return,
            }
        };
        slot.keep(Ok(Arc::clone(page)), self.clock.wait_for(FRESH_FOR));
    }

    /// How many channels it keeps.
    pub fn channels(&self) -> usize {
        lock(&self.slots).len()
    }

    async fn read(
        &self,
        channel: ChannelId,
        gate: &Arc<ChannelGate>,
    ) -> Result<Arc<Page>, ReadError> {
        let held = |hold: Hold| ReadError::Held { until: hold.until };
        let pass = gate.admit(self.clock.now()).map_err(held)?;
        let answer = fetch(Arc::clone(&self.feed), channel, Ask::Newest(Ask::MAX_LIVE)).await;
        pass.settle(answer.as_ref().map(|_| ()), self.clock.now());
        Ok(answer?)
    }

    fn slot(&self, channel: ChannelId) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        if let Some(slot) = slots.get(&channel) {
            return Arc::clone(slot);
        }
        if slots.len() >= MOST_CHANNELS {
            make_room(&mut slots);
        }
        self.insert(&mut slots, channel)
    }

    fn insert(&self, slots: &mut HashMap<ChannelId, Arc<Slot>>, channel: ChannelId) -> Arc<Slot> {
        let slot = Arc::new(Slot {
            gate: self.host.channel(channel, self.clock.now()),
            kept: Mutex::default(),
            flight: tokio::sync::Mutex::default(),
        });
        slots.insert(channel, Arc::clone(&slot));
        slot
    }
}

impl Slot {
    fn answer(&self) -> Option<Result<Arc<Page>, ReadError>> {
        let kept = lock(&self.kept);
        let fresh = kept.as_ref().filter(|kept| Instant::now() < kept.until);
        fresh.map(|kept| kept.answer.clone())
    }

    fn keep(&self, answer: Result<Arc<Page>, ReadError>, lasts: Duration) {
        let until = Instant::now() + lasts;
        *lock(&self.kept) = Some(Kept { answer, until });
    }

    fn until(&self) -> Option<Instant> {
        lock(&self.kept).as_ref().map(|kept| kept.until)
    }
}

/// Lets go of what is old, or else of what will be next; never of what somebody waits for.
fn make_room(slots: &mut HashMap<ChannelId, Arc<Slot>>) {
    let now = Instant::now();
    slots.retain(|_, slot| {
        Arc::strong_count(slot) > 1 || slot.until().is_some_and(|until| until > now)
    });
    if slots.len() < MOST_CHANNELS {
        return;
    }
    let idle = slots
        .iter()
        .filter(|(_, slot)| Arc::strong_count(slot) == 1);
    let oldest = idle.min_by_key(|(_, slot)| slot.until()).map(|(id, _)| *id);
    if let Some(oldest) = oldest {
        slots.remove(&oldest);
    }
}
