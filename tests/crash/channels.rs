//! The channels that are polled: a simulator in this process, which lives on when the service dies.
//!
//! Its world begins in the past and runs faster than ours, so that each life of the service finds new
//! entries and none of them is stamped in the future. An entry says its own number.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::MockConnectInfo;
use evara::simulator::fleet::Report;
use evara::simulator::{Knobs, Node, Simulator, World, router};
use evara_actors::domain::{ChannelId, Timestamp};
use evara_actors::ports::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How many channels there are.
pub(crate) const CHANNELS: usize = 4;

/// How much faster than ours its time runs.
const SPEED: u32 = 20;

/// How long ago it begins: the longest run, and then some, at that speed.
const HEAD_START: Duration = Duration::from_secs(24 * 3_600);

/// Between two entries of a channel, in its own time: ten a second, of which a channel keeps 8,000.
const INTERVAL_S: i64 = 2;

/// See the module.
#[derive(Debug)]
pub(crate) struct Channels {
    simulator: Arc<Simulator>,
    address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Channels {
    pub(crate) async fn start() -> Self {
        let clock = Arc::new(FastClock::begin());
        let began_s = clock.began.millis() / 1_000;
        let world = Counters {
            due_s: [began_s; CHANNELS],
            entries: [0; CHANNELS],
        };
        let knobs = Knobs {
            public_channels: true,
            ..Knobs::default()
        };
        let simulator = Arc::new(Simulator::with_world(world, knobs, clock));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = router(simulator.clone()).layer(MockConnectInfo(address));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self {
            simulator,
            address,
            _serving: serving,
        }
    }

    /// Where the service finds them.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Their ids.
    pub(crate) fn ids(&self) -> Vec<ChannelId> {
        let cards = self.simulator.channels();
        cards.iter().map(|card| ChannelId(card.id)).collect()
    }
}

/// Devices that count.
#[derive(Debug)]
struct Counters {
    due_s: [i64; CHANNELS],
    entries: [u64; CHANNELS],
}

impl World for Counters {
    fn nodes(&self) -> Vec<Node> {
        let node = Node {
            kind: "generic".to_owned(),
            name: "Counter".to_owned(),
            labels: std::array::from_fn(|field| (field == 0).then(|| "Count".to_owned())),
            ..Node::default()
        };
        vec![node; CHANNELS]
    }

    fn advance_to(&mut self, now_s: i64, emit: &mut dyn FnMut(Report)) {
        while let Some(device) = (0..CHANNELS).min_by_key(|device| self.due_s[*device])
            && self.due_s[device] <= now_s
        {
            let created_at_s = self.due_s[device];
            self.due_s[device] += INTERVAL_S;
            self.entries[device] += 1;
            let count = self.entries[device].to_string();
            emit(Report {
                device,
                created_at_s,
                fields: std::array::from_fn(|field| (field == 0).then(|| count.clone())),
            });
        }
    }
}

/// A clock that began in the past and runs fast.
#[derive(Debug)]
struct FastClock {
    began: Timestamp,
    at: Instant,
}

impl FastClock {
    fn begin() -> Self {
        Self {
            began: now().minus(HEAD_START),
            at: Instant::now(),
        }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        self.began.plus(self.at.elapsed() * SPEED)
    }
}

/// The time of the machine, which is the service's.
pub(crate) fn now() -> Timestamp {
    evara::app::clock::SystemClock::new().now()
}
