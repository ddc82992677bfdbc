//! The simulator held to what is known of the hosted ThingSpeak, through its router only.
//!
//! Each file walks one part of the known behaviour. Time is the test's own: nothing here may
//! look at a real clock, and nothing may sleep.

mod control;
mod faulty;
mod headers;
mod living;
mod reads;
mod recorded;
mod socket;
mod talkbacks;
mod writes;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response};
use evara_actors::domain::Timestamp;
use evara_actors::ports::Clock;
use tower::ServiceExt;

use super::fleet::Report;
use super::{ChannelCard, Knobs, Node, Simulator, World, router};

/// 2026-01-01T00:00:00Z, when most tests begin.
const NEW_YEAR_S: i64 = 1_767_225_600;

/// More than any answer but a huge one.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A clock that moves when it is told to.
#[derive(Debug)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A world that was written down beforehand.
struct Script {
    nodes: Vec<Node>,
    reports: Vec<Report>,
}

impl World for Script {
    fn nodes(&self) -> Vec<Node> {
        self.nodes.clone()
    }

    fn advance_to(&mut self, now_s: i64, emit: &mut dyn FnMut(Report)) {
        let due = self
            .reports
            .partition_point(|report| report.created_at_s <= now_s);
        self.reports.drain(..due).for_each(emit);
    }
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Status and body, which most tests are about.
    fn said(&self) -> (u16, &str) {
        (self.status, &self.body)
    }

    /// The ids of a feed, in the order of the answer.
    fn entry_ids(&self) -> Vec<u64> {
        let json = self.json();
        let feeds = json["feeds"].as_array().unwrap();
        feeds
            .iter()
            .map(|feed| feed["entry_id"].as_u64().unwrap())
            .collect()
    }
}

/// A simulator on a bench.
struct Lab {
    clock: Arc<Hands>,
    simulator: Arc<Simulator>,
    router: Router,
}

impl Lab {
    /// One private channel with labels on field 1 and 2, and no entries.
    fn new(knobs: Knobs) -> Self {
        Self::with_script(knobs, vec![node("pump-house")], Vec::new(), NEW_YEAR_S)
    }

    fn with_script(knobs: Knobs, nodes: Vec<Node>, reports: Vec<Report>, now_s: i64) -> Self {
        let clock = Arc::new(Hands(AtomicI64::new(now_s * 1_000)));
        let world = Script { nodes, reports };
        let simulator = Arc::new(Simulator::with_world(world, knobs, clock.clone()));
        let router = router(simulator.clone());
        Self {
            clock,
            simulator,
            router,
        }
    }

    /// One private channel that got a row a minute; the newest, number `rows`, is as old as now.
    fn with_rows(knobs: Knobs, rows: usize) -> Self {
        let reports = (0..rows)
            .map(|place| {
                report(
                    NEW_YEAR_S - 60 * (rows - 1 - place) as i64,
                    &place.to_string(),
                )
            })
            .collect();
        Self::with_script(knobs, vec![node("pump-house")], reports, NEW_YEAR_S)
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }

    fn card(&self) -> ChannelCard {
        self.simulator.channels().remove(0)
    }

    /// Sends a request of any kind and does not read the body.
    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.send(request).await.into_parts();
        let body = to_bytes(body, MAX_ANSWER_BYTES).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    async fn call(&self, method: Method, path: &str, form: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        self.ask(request.unwrap()).await
    }

    async fn call_json(&self, method: Method, path: &str, json: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(Body::from(json.to_owned()));
        self.ask(request.unwrap()).await
    }

    /// Reads below `/channels/{id}/` with the read key. `rest` has its query already.
    async fn read(&self, rest: &str) -> Answer {
        let card = self.card();
        let joint = if rest.contains('?') { '&' } else { '?' };
        let path = format!(
            "/channels/{}/{rest}{joint}api_key={}",
            card.id, card.read_api_key
        );
        self.get(&path).await
    }

    /// Writes with the write key.
    async fn write(&self, rest: &str) -> Answer {
        let key = self.card().write_api_key;
        self.get(&format!("/update{rest}&api_key={key}")).await
    }

    async fn order(&self, faults: &str) -> Answer {
        let path = format!("/_control/channels/{}/faults", self.card().id);
        self.call_json(Method::PUT, &path, faults).await
    }
}

fn node(name: &str) -> Node {
    Node {
        kind: "tank".to_owned(),
        name: name.to_owned(),
        labels: labels(&["distance", "temperature"]),
        ..Node::default()
    }
}

fn labels(names: &[&str]) -> [Option<String>; 8] {
    std::array::from_fn(|place| names.get(place).map(|name| (*name).to_owned()))
}

/// A report of the first device, with a value in field 1.
fn report(created_at_s: i64, value: &str) -> Report {
    Report {
        device: 0,
        created_at_s,
        fields: labels(&[value]),
    }
}
