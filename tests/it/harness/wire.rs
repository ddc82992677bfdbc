//! The wire between the service and the simulator: remembers every request, and can lie or go dead.
//!
//! Holds the truth on what was asked and when. Must never answer by itself: a lie bends a true answer.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evara::thingspeak::{Request, Response, RouterTransport, Transport, TransportError};
use evara_actors::domain::{ChannelId, Timestamp};
use evara_actors::ports::{Ask, BoxFuture, Clock, Feed, FeedError, Page};

/// A request that reached the wire.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) at: Timestamp,
    pub(crate) channel: ChannelId,
    /// When the answer was there; `None` while there is none, also when nobody waits for it any more.
    pub(crate) answered_at: Option<Timestamp>,
}

type Lie = Arc<dyn Fn(Response) -> Response + Send + Sync>;

/// See the module.
pub(crate) struct Wire {
    simulator: RouterTransport,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: Vec<Asked>,
    lies: HashMap<ChannelId, Lie>,
    is_dead: bool,
}

impl Wire {
    pub(crate) fn new(simulator: RouterTransport, clock: Arc<dyn Clock>) -> Self {
        Self {
            simulator,
            clock,
            state: Mutex::default(),
        }
    }

    /// Nobody is reached any more, or everybody again.
    pub(crate) fn set_dead(&self, is_dead: bool) {
        self.state.lock().unwrap().is_dead = is_dead;
    }

    /// From now on, every answer of `channel` is bent by `lie`.
    pub(crate) fn lie(
        &self,
        channel: ChannelId,
        lie: impl Fn(Response) -> Response + Send + Sync + 'static,
    ) {
        let lie: Lie = Arc::new(lie);
        self.state.lock().unwrap().lies.insert(channel, lie);
    }

    /// From now on, all answers are as they come.
    pub(crate) fn tell_the_truth(&self) {
        self.state.lock().unwrap().lies.clear();
    }

    /// Every request so far, oldest first.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// Requests since `from`.
    pub(crate) fn asked_since(&self, from: Timestamp) -> Vec<Asked> {
        let mut asked = self.asked();
        asked.retain(|request| request.at >= from);
        asked
    }

    /// The most requests of any channel within any minute.
    pub(crate) fn most_a_minute(&self) -> usize {
        let mut by_channel: HashMap<ChannelId, Vec<Timestamp>> = HashMap::new();
        for request in self.asked() {
            by_channel
                .entry(request.channel)
                .or_default()
                .push(request.at);
        }
        let busiest = by_channel.values().map(|times| busiest_minute(times));
        busiest.max().unwrap_or(0)
    }

    async fn fetch(&self, request: Request) -> Result<Response, TransportError> {
        let channel = channel_of(&request);
        let (number, is_dead, lie) = {
            let mut state = self.state.lock().unwrap();
            state.asked.push(Asked {
                at: self.clock.now(),
                channel,
                answered_at: None,
            });
            let lie = state.lies.get(&channel).cloned();
            (state.asked.len() - 1, state.is_dead, lie)
        };
        let answer = if is_dead {
            Err(TransportError::Unreachable("nobody is there".into()))
        } else {
            self.simulator.get(request).await
        };
        let now = self.clock.now();
        self.state.lock().unwrap().asked[number].answered_at = Some(now);
        match lie {
            Some(lie) => answer.map(|response| lie(response)),
            None => answer,
        }
    }
}

fn channel_of(request: &Request) -> ChannelId {
    let mut segments = request.url().path_segments().unwrap();
    ChannelId(segments.nth(1).unwrap().parse().unwrap())
}

/// The most of these instants within any minute.
fn busiest_minute(times: &[Timestamp]) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, at) in times.iter().enumerate() {
        while at.since(times[first]) >= Duration::from_secs(60) {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most
}

impl Transport for Wire {
    fn get(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.fetch(request))
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

/// The feed of one life of the service: ends with it, whatever the actors that outlive it ask.
#[derive(Debug)]
pub(crate) struct Line {
    feed: Arc<dyn Feed>,
    is_cut: AtomicBool,
}

impl Line {
    pub(crate) fn new(feed: Arc<dyn Feed>) -> Self {
        Self {
            feed,
            is_cut: AtomicBool::new(false),
        }
    }

    /// Nothing goes through any more.
    pub(crate) fn cut(&self) {
        self.is_cut.store(true, Ordering::Relaxed);
    }
}

impl Feed for Line {
    fn read(&self, channel: ChannelId, ask: Ask) -> BoxFuture<'_, Result<Page, FeedError>> {
        if self.is_cut.load(Ordering::Relaxed) {
            Box::pin(async { Err(FeedError::Unreachable) })
        } else {
            self.feed.read(channel, ask)
        }
    }
}
