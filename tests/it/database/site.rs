//! The whole service over a PostgreSQL that can be taken away: real sockets, real time, a world whose
//! minute is a second.
//!
//! It owns what was acknowledged to those who push, which the database must hold in the end.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use evara::app::App;
use evara::app::clock::{Course, ScaledClock, Speed};
use evara::app::listener::Listener;
use evara::simulator::Simulator;
use evara_actors::domain::{Metric, Timestamp};
use evara_actors::ports::Clock as _;
use evara_actors::testing::sample;
use evara_actors::twin::{OfferError, TwinHandle};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::super::admin::admin_of;
use super::super::harness::Scratch;
use super::super::postgres::{Durability, Postgres};
use super::door::Device;
use super::proxy::{Proxy, Way};
use super::stage::{config, serve, simulator};

/// Of this world, so many seconds pass in a second: devices that report each minute do so each second.
const SPEED: f64 = 60.0;

/// Nodes whose channels are polled.
pub(super) const POLLED: usize = 6;

/// Nodes that readings are pushed to.
const PUSHED: usize = 3;

/// Connections of the service's pool.
pub(super) const POOL: usize = 4;

/// What a sender is told to wait.
pub(super) const PUSH_PATIENCE: Duration = Duration::from_secs(5);

/// From the return of the database to the first acknowledgement.
pub(super) const BACK_WITHIN: Duration = Duration::from_secs(5);

/// A read from memory, on a machine that is busy with other tests.
const READ_WITHIN: Duration = Duration::from_secs(2);

/// For what must come about, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks.
pub(super) const LOOK: Duration = Duration::from_millis(50);

pub(super) const DATABASE: &str = "evara";

/// See the module.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) app: App,
    token: SecretString,
    pub(super) proxy: Proxy,
    /// Whether packets were ever lost on that way.
    pub(super) was_lost: AtomicBool,
    pub(super) postgres: Postgres,
    client: Client,
    /// The devices that readings are pushed by.
    pub(super) pushed: Vec<Device>,
    pub(super) polled: Vec<TwinHandle>,
    /// The number of the next reading, which is also its value.
    pub(super) next: AtomicU64,
    /// Before any reading.
    pub(super) begun: Timestamp,
    clock: Arc<ScaledClock>,
    pub(super) channels: Listener,
    _data: Scratch,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// Whether it says when.
    pub(super) may_come_back: bool,
    pub(super) took: Duration,
    pub(super) body: Value,
}

impl Site {
    pub(super) async fn start(settings: &[&str]) -> Self {
        Self::prepared(settings, |_| ()).await
    }

    /// With a database that `prepare` has changed before the service came.
    pub(super) async fn prepared(settings: &[&str], prepare: impl FnOnce(&Postgres)) -> Self {
        let postgres = Postgres::start(Durability::None, settings);
        postgres.create_database(DATABASE);
        prepare(&postgres);
        let proxy = Proxy::to(postgres.port()).await;
        let clock = Arc::new(ScaledClock::new(Course::begin(
            Speed::try_from(SPEED).unwrap(),
        )));
        let simulator = Arc::new(simulator(&clock));
        let channels = serve(&simulator).await;
        let data = Scratch::new();
        let config = config(&proxy, &channels, &data);
        let app = App::start(&config, clock.clone()).await.unwrap();
        let token = admin_of(&app).await;
        let mut site = Self {
            app,
            token,
            proxy,
            was_lost: AtomicBool::new(false),
            postgres,
            client: Client::builder()
                .tls_certs_only([])
                .no_proxy()
                .build()
                .unwrap(),
            pushed: Vec::new(),
            polled: Vec::new(),
            next: AtomicU64::new(1),
            begun: clock.now(),
            clock,
            channels,
            _data: data,
        };
        site.make_nodes(&simulator).await;
        site
    }

    async fn make_nodes(&mut self, simulator: &Simulator) {
        for (number, card) in (1..).zip(simulator.channels()) {
            let twin = self.make_node(&format!("polled-{number}")).await;
            let binding = json!({
                "channel_id": card.id,
                "read_api_key": card.read_api_key,
                "field_map": { "field1": { "metric": "level_cm" } },
            });
            let path = format!("/devices/{}/channel", twin.id());
            let bound = self.ask(Method::PUT, &path, &binding).await;
            assert!(bound.status.is_success(), "{bound:?}");
            self.polled.push(twin);
        }
        for number in 1..=PUSHED {
            let twin = self.make_node(&format!("pushed-{number}")).await;
            let device = self.device_of(twin).await;
            self.pushed.push(device);
        }
        eventually("every channel was read", || {
            self.polled
                .iter()
                .all(|twin| !twin.view().reported().is_empty())
        })
        .await;
        for _ in &self.pushed {
            assert!(self.push().await.is_acknowledged(), "nothing is wrong yet");
        }
    }

    async fn make_node(&self, key: &str) -> TwinHandle {
        let made = self.try_to_make_node(key).await;
        assert!(made.status.is_success(), "{made:?}");
        self.app.system().twins_by_key(key).remove(0)
    }

    /// Asks for a new node, as a person does.
    pub(super) async fn try_to_make_node(&self, key: &str) -> Reply {
        let body = json!({ "node_key": key, "label": key, "kind": "tank", "category": "OHT" });
        self.ask(Method::POST, "/nodes", &body).await
    }

    /// [`Self::flood_one`], of the first of the nodes.
    pub(super) async fn flood(&self, most: usize) -> (Range<u64>, Option<OfferError>) {
        self.flood_one(&self.pushed[0].twin, most).await
    }

    /// The same, of every node, so that each writer has some.
    pub(super) async fn flood_all(&self, most: usize) {
        for device in &self.pushed {
            self.flood_one(&device.twin, most).await;
        }
    }

    /// Hands readings to one node without waiting for their commit, until `most` are taken or one is
    /// refused. Answers with the numbers of those that were taken, and the refusal.
    async fn flood_one(&self, twin: &TwinHandle, most: usize) -> (Range<u64>, Option<OfferError>) {
        let from = self.next_number();
        let now = self.clock.now().millis();
        let mut number = from;
        while ((number - from) as usize) < most {
            let readings = number..number + TwinHandle::MOST_AT_ONCE.min(most) as u64;
            let samples = readings.clone().map(|number| {
                let at = Timestamp::from_millis(now - 3_600_000 + (number - from).cast_signed());
                sample(number, at, Metric::LevelCm, number as f64)
            });
            if let Err(refusal) = twin.offer_all(samples.collect()).await {
                return (from..number, Some(refusal));
            }
            number = readings.end;
            self.next.store(number, Ordering::Relaxed);
        }
        (from..number, None)
    }

    /// An answer, which comes from memory.
    pub(super) async fn get(&self, path: &str) -> Value {
        let asked = self.ask(Method::GET, path, &Value::Null);
        let reply = timeout(READ_WITHIN, asked).await.expect(path);
        assert_eq!(reply.status, StatusCode::OK, "{path}: {reply:?}");
        reply.body
    }

    pub(super) async fn ask(&self, method: Method, path: &str, body: &Value) -> Reply {
        let request = self.request(method, path);
        let mut request = request.bearer_auth(self.token.expose_secret());
        if !body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        answer(request).await
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}/api/v1{path}", self.app.address());
        self.client.request(method, url)
    }

    /// The number of the next reading.
    pub(super) fn next_number(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Of the twins whose channels are polled.
    pub(super) fn revisions_of_polled(&self) -> u64 {
        self.polled
            .iter()
            .map(|twin| twin.view().revision().0)
            .sum()
    }

    /// How many records wait for the database.
    pub(super) fn waiting(&self) -> u64 {
        self.app.system().persistence().waiting
    }

    /// One that is not flooded, nor has its place where that is.
    pub(super) fn some_twin(&self) -> &TwinHandle {
        let flooded = self.pushed[0].twin.sink().shard();
        let mut others = self.pushed.iter().map(|device| &device.twin);
        others.find(|twin| twin.sink().shard() != flooded).unwrap()
    }

    pub(super) fn some_path(&self) -> String {
        format!("/nodes/{}/twin", self.some_twin().id())
    }

    /// What a statement prints, asked past the service and the way it takes.
    pub(super) fn psql(&self, sql: &str) -> String {
        self.postgres.psql(DATABASE, sql).trim().to_owned()
    }

    /// Ends the connections of the service, as the server sees them.
    pub(super) fn end_connections(&self) {
        self.psql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'evara'",
        );
    }

    /// From now on, what the service and the database say to each other goes this way.
    pub(super) fn set(&self, way: Way) {
        self.was_lost.fetch_or(way == Way::Lost, Ordering::Relaxed);
        self.proxy.set(way);
    }
}

/// Sends a request, and waits for the whole answer.
pub(super) async fn answer(request: RequestBuilder) -> Reply {
    let asked = Instant::now();
    let answer = timeout(PATIENCE, request.send()).await.unwrap().unwrap();
    Reply {
        status: answer.status(),
        may_come_back: answer.headers().contains_key("retry-after"),
        took: asked.elapsed(),
        body: serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default(),
    }
}

/// Looks again until it is so.
pub(super) async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let looking = async {
        while !is_so() {
            sleep(LOOK).await;
        }
    };
    assert!(
        timeout(PATIENCE, looking).await.is_ok(),
        "not in time: {what}"
    );
}
