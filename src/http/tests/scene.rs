//! A service in memory, and a caller who bears its token.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use evara_actors::domain::Revision;
use evara_actors::domain::{
    ChannelId, EntryId, Metric, NodeId, Sample, Source, Timestamp, Value as SampleValue, Verdict,
};
use evara_actors::ports::{
    Archive, ArchiveError, Ask, Batch, BoxFuture, Clock, Cursors, DeadLetter, Feed, FeedError,
    LogEntry, Page, Point, Saved, SavedTwins, TelemetryQuery,
};
use evara_actors::system::{Ports, Settings, System};
use http_body_util::BodyExt;
use serde_json::Value;

use super::audited::{MemoryAudit, audited};
use super::memory::{Memory, MemoryKeys, MemoryRegistry, MemoryRules};
use super::people::{OneOperator, Rooms};
use super::planted::MemoryForest;
use crate::app::database::Database;
use crate::app::device_keys::DeviceKeyring;
use crate::app::identity::Identities;
use crate::app::ip_rules::AddressRules;
use crate::app::nodes::Nodes;
use crate::app::tenancy::Tenancy;
use crate::history::History;
use crate::history::testing::Unrolled;
use crate::http::{AppState, Border, CursorKey, Edge, Inside, Room, service};
use crate::limits::{Limits, Quotas};

pub(super) const TOKEN: &str = "an-open-secret";

/// What time it always is.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Where requests are from.
pub(super) const PEER: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), 50_000);

/// A service in memory.
pub(super) struct Scene {
    pub(super) edge: Arc<Edge>,
    pub(super) state: AppState,
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The problem, or that of the only batch where it is the answer to a bulk.
    pub(super) fn problem(&self) -> Value {
        let json = self.json();
        let problem = match self.status {
            StatusCode::OK => json["results"][0]["error"].clone(),
            _ => json,
        };
        tells_plainly(&problem);
        problem
    }

    /// The problem's code, after checking that it is a whole problem.
    pub(super) fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.status
        );
        let json = self.json();
        assert_eq!(json["status"], self.status.as_u16());
        assert_eq!(json["correlation_id"], self.header("x-correlation-id"));
        assert!(
            json["type"].is_string() && json["title"].is_string() && json["detail"].is_string()
        );
        tells_plainly(&json);
        json["code"].as_str().unwrap().to_owned()
    }
}

/// What a parser says by itself is about its types and its place in the text.
fn tells_plainly(problem: &Value) {
    let errors = problem["errors"].as_array().into_iter().flatten();
    for detail in errors.filter_map(|error| error["detail"].as_str()) {
        let theirs = [
            "`",
            " column ",
            "expected ",
            "invalid ",
            "struct ",
            "parsing",
            "u32",
            "i64",
            "f64",
        ];
        let found = theirs.into_iter().find(|word| detail.contains(word));
        assert_eq!(found, None, "{detail}");
    }
}

impl Scene {
    /// Without nodes.
    pub(super) async fn empty() -> Self {
        Self::over(Arc::new(Nowhere), Arc::new(Unrolled::default())).await
    }

    /// Without nodes, and with this past.
    pub(super) async fn over(asked: Arc<dyn Archive>, history: Arc<dyn History>) -> Self {
        Self::with(asked, history, operator()).await
    }

    /// Without nodes, and with these people.
    pub(super) async fn empty_for(identities: Arc<dyn Identities>) -> Self {
        Self::with(Arc::new(Nowhere), Arc::new(Unrolled::default()), identities).await
    }

    async fn with(
        asked: Arc<dyn Archive>,
        history: Arc<dyn History>,
        identities: Arc<dyn Identities>,
    ) -> Self {
        let started = System::start(ports(), Settings::default(), Vec::new(), Saved::default());
        Self::around(started.await.unwrap(), asked, history, identities)
    }

    /// Around a system, whose nodes the registry does not know.
    pub(super) fn around(
        system: Arc<System>,
        asked: Arc<dyn Archive>,
        history: Arc<dyn History>,
        identities: Arc<dyn Identities>,
    ) -> Self {
        Self::of(inside(system, asked, history, identities))
    }

    /// Over another inside.
    pub(super) fn of(inside: Inside) -> Self {
        let state = AppState::new(inside);
        Self {
            edge: service(state.clone()),
            state,
        }
    }

    /// With one tank that reads fields 1 and 2 of channel 7, and its id.
    pub(super) async fn with_tank() -> (Self, String) {
        let scene = Self::empty().await;
        let made = scene.post("/api/v1/nodes", TANK).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let bound = scene
            .put(&format!("/api/v1/devices/{id}/channel"), CHANNEL)
            .await;
        assert_eq!(bound.status, StatusCode::OK, "{}", bound.json());
        (scene, id)
    }

    /// Has the node report a distance.
    pub(super) async fn report(&self, id: &str, entry: u64, centimetres: f64) {
        let handle = self.state.system.twin(id.parse().unwrap()).unwrap();
        let value = SampleValue {
            metric: Metric::DistanceCm,
            number: Some(centimetres),
            verdict: Verdict::GOOD,
            raw: None,
        };
        let sample = Sample {
            source: Source::ThingSpeak {
                channel: ChannelId(7),
                entry: EntryId(entry),
            },
            source_at: NOW,
            received_at: NOW,
            values: vec![value],
        };
        handle.offer(Arc::new(sample)).await.unwrap();
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Reply {
        let response = Arc::clone(&self.edge).answer(request, PEER).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Reply {
            status: parts.status,
            headers: parts.headers,
            bytes,
        }
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send(request(Method::GET, path, "")).await
    }

    pub(super) async fn get_with(&self, path: &str, name: &str, value: &str) -> Reply {
        let mut request = request(Method::GET, path, "");
        let name: axum::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        self.send(request).await
    }

    pub(super) async fn post(&self, path: &str, body: &str) -> Reply {
        self.send(request(Method::POST, path, body)).await
    }

    pub(super) async fn put(&self, path: &str, body: &str) -> Reply {
        self.send(request(Method::PUT, path, body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: &str) -> Reply {
        self.send(request(Method::PATCH, path, body)).await
    }

    pub(super) async fn patch_if(&self, path: &str, tag: &str, body: &str) -> Reply {
        let mut request = request(Method::PATCH, path, body);
        request
            .headers_mut()
            .insert("if-match", tag.parse().unwrap());
        self.send(request).await
    }

    pub(super) async fn delete(&self, path: &str) -> Reply {
        self.send(request(Method::DELETE, path, "")).await
    }
}

/// Whoever bears the token.
pub(super) fn operator() -> Arc<dyn Identities> {
    Arc::new(OneOperator)
}

/// An outside in which nothing is, and which takes everything.
pub(super) fn ports() -> Ports {
    Ports {
        feed: Arc::new(Nowhere),
        archive: Arc::new(Nowhere),
        clock: Arc::new(Still),
    }
}

/// What a service in memory is built over, with a system whose nodes the registry does not know.
fn inside(
    system: Arc<System>,
    asked: Arc<dyn Archive>,
    history: Arc<dyn History>,
    identities: Arc<dyn Identities>,
) -> Inside {
    let clock = Arc::new(Still);
    let registry = Arc::new(MemoryRegistry::default());
    let keys = Arc::new(MemoryKeys::default());
    let memory = Arc::new(Memory::new(registry.clone()));
    let acts = Arc::clone(&memory);
    let nodes = Nodes::new(Arc::clone(&system), registry, acts, keys, clock.clone());
    let device_keys = DeviceKeyring::new(memory.clone(), clock.clone());
    let tenancy = Tenancy::over(Arc::new(MemoryForest::new(memory.clone())));
    let border = Border::default();
    let store = Arc::new(MemoryRules::default());
    let ip_rules = AddressRules::new(store, border.gate().clone(), clock.clone());
    // Nobody is kept there, and nobody asks for it again.
    let accounts = Rooms::new().accounts(tenancy.clone());
    Inside {
        device_keys: Arc::new(device_keys),
        receipts: memory,
        system,
        archive: asked,
        history,
        nodes,
        database: Database::default(),
        clock,
        identities,
        accounts,
        audit: audited(Arc::new(MemoryAudit)),
        tenancy,
        ip_rules: Arc::new(ip_rules),
        limits: Limits::new(Quotas::MOST),
        border,
        room: Room::default(),
        cursor_key: CursorKey::by_chance(),
        version: "0.0.0",
    }
}

/// What a service without nodes is built over.
pub(super) async fn empty_inside(identities: Arc<dyn Identities>) -> Inside {
    let started = System::start(ports(), Settings::default(), Vec::new(), Saved::default());
    let (asked, past) = (Arc::new(Nowhere), Arc::new(Unrolled::default()));
    inside(started.await.unwrap(), asked, past, identities)
}

/// A request of somebody who bears the token.
pub(super) fn request(method: Method, path: &str, body: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", format!("Bearer {TOKEN}"));
    let request = request.header("content-type", "application/json");
    request.body(Body::from(body.to_owned())).unwrap()
}

pub(super) const TANK: &str = r#"{
    "node_key": "oht-7", "label": "Overhead tank", "kind": "tank", "category": "OHT",
    "lat": 17.4, "lng": 78.5, "tags": {"block": "B"},
    "config": {"expected_interval_s": 60, "tank": {
        "geometry": {"shape": "vertical_cylinder", "radius_m": 1.0},
        "full_height_m": 2.0, "sensor_height_m": 2.3}}}"#;

pub(super) const CHANNEL: &str = r#"{
    "channel_id": 7, "read_api_key": "SESAME",
    "field_map": {"field1": {"metric": "distance_cm"}, "field2": {"metric": "battery_v"}}}"#;

#[derive(Debug)]
pub(super) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// An archive without anything in it, and a feed without channels.
#[derive(Debug)]
pub(super) struct Nowhere;

impl Feed for Nowhere {
    fn read(&self, _: ChannelId, _: Ask) -> BoxFuture<'_, Result<Page, FeedError>> {
        Box::pin(async { Ok(Page::default()) })
    }
}

impl Archive for Nowhere {
    fn commit(&self, _: Arc<Batch>) -> BoxFuture<'_, Result<(), ArchiveError>> {
        Box::pin(async { Ok(()) })
    }

    fn cursors(&self) -> BoxFuture<'_, Result<Cursors, ArchiveError>> {
        Box::pin(async { Ok(Cursors::default()) })
    }

    fn twins(&self, _: RangeInclusive<NodeId>) -> BoxFuture<'_, Result<SavedTwins, ArchiveError>> {
        Box::pin(async { Ok(SavedTwins::default()) })
    }

    fn telemetry(
        &self,
        _: NodeId,
        _: TelemetryQuery,
    ) -> BoxFuture<'_, Result<Vec<Point>, ArchiveError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn changes(
        &self,
        _: NodeId,
        _: Revision,
        _: u32,
    ) -> BoxFuture<'_, Result<Vec<LogEntry>, ArchiveError>> {
        Box::pin(async {
            Err(ArchiveError::Unavailable(
                "the disk of /var/lib/evara is full".into(),
            ))
        })
    }

    fn dead_letters(&self, _: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, ArchiveError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
