//! The description of live topics says what is sent and what is taken: no less, and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use futures_util::SinkExt as _;
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::time::{advance, pause, resume};
use tokio_tungstenite::tungstenite::Message;

use super::super::estate::{estate, estate_of};
use super::super::scene::Scene;
use super::rights::Changing;
use super::socket::{Door, Socket};

/// More updates than whoever keeps up is ever behind.
const A_STORM: u64 = 5_000;

/// What is described of an operation, and what was seen of it.
struct Witness {
    api: Value,
    described: BTreeMap<String, Validator>,
    seen: BTreeSet<String>,
    events: BTreeSet<String>,
}

impl Witness {
    async fn of(scene: &Scene, operation: &str) -> Self {
        let api = scene.get("/api/asyncapi.json").await.json();
        let messages = api["operations"][operation]["messages"].as_array().unwrap();
        let names = messages
            .iter()
            .map(|message| message["$ref"].as_str().unwrap().rsplit('/').next());
        let described = names
            .map(|name| (name.unwrap().to_owned(), validator(&api, name.unwrap())))
            .collect();
        Self {
            api,
            described,
            seen: BTreeSet::new(),
            events: BTreeSet::new(),
        }
    }

    fn see(&mut self, frame: &Value) {
        let kind = frame["type"].as_str().unwrap().to_owned();
        let validator = self.described.get(&kind);
        let validator = validator.unwrap_or_else(|| panic!("{kind} is not described"));
        let errors: Vec<_> = validator
            .iter_errors(frame)
            .map(|it| it.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}: {frame}");
        let updates = frame["updates"].as_array().into_iter().flatten();
        let events = updates.chain([frame]).filter_map(|it| it["event"].as_str());
        self.events.extend(events.map(str::to_owned));
        self.seen.insert(kind);
    }

    /// Whether it is described that anything like it is said.
    fn describes(&self, frame: &Value) -> bool {
        self.described.values().any(|it| it.is_valid(frame))
    }

    /// The names of events that are described.
    fn events(&self) -> BTreeSet<String> {
        let messages = &self.api["components"]["messages"];
        let mut names = BTreeSet::new();
        for payload in [
            &messages["event"]["payload"]["oneOf"][0],
            &messages["event"]["payload"]["oneOf"][1],
            &messages["event"]["payload"]["oneOf"][2],
            &messages["batch"]["payload"],
        ] {
            let described = payload["properties"]["event"]["enum"].as_array().unwrap();
            names.extend(
                described
                    .iter()
                    .map(|name| name.as_str().unwrap().to_owned()),
            );
        }
        names
    }

    fn has_seen_all(&self) {
        let described: BTreeSet<_> = self.described.keys().cloned().collect();
        assert_eq!(self.seen, described);
        assert_eq!(self.events, self.events());
    }

    async fn until(&mut self, socket: &mut Socket, kind: &str) -> Value {
        loop {
            let frame = socket.frame().await;
            self.see(&frame);
            if frame["type"] == kind {
                return frame;
            }
        }
    }
}

fn validator(api: &Value, message: &str) -> Validator {
    let place = format!("#/components/messages/{message}/payload");
    let schema = json!({ "$ref": place, "components": api["components"] });
    let options = jsonschema::options().with_draft(Draft::Draft7);
    options
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

/// What happens to nodes until every event has been told of; and one that is there in the end.
async fn everything_happens(scene: &Scene) -> String {
    let (one, other) = two_tanks(scene).await;
    at_once(scene, [&one, &other], 1).await;
    let path = format!("/nodes/{one}");
    let body = r#"{"label":"Another name"}"#;
    scene.ask("super_admin", Method::PATCH, &path, body).await;
    at_once(scene, [&one, &other], 2).await;
    let path = format!("/nodes/{other}");
    scene.ask("super_admin", Method::DELETE, &path, "").await;
    one
}

async fn two_tanks(scene: &Scene) -> (String, String) {
    let one = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    (one, scene.tank("oht-2", Some("n1"), Some("c1")).await)
}

/// Has both report within one tick.
async fn at_once(scene: &Scene, nodes: [&str; 2], entry: u64) {
    for node in nodes {
        scene.report(node, entry, entry as f64).await;
    }
}

#[tokio::test]
async fn a_socket_tells_what_is_described_and_all_of_it() {
    let door = Door::of(estate().await).await;
    let mut witness = Witness::of(&door.scene, "tell").await;
    let mut socket = door.knock(&[]).await.unwrap();
    witness.until(&mut socket, "hello").await;
    socket
        .say(&json!({ "type": "subscribe", "topic": "fleet" }))
        .await;
    witness.until(&mut socket, "error").await;
    socket
        .say(&json!({ "type": "auth", "token": "super_admin" }))
        .await;
    witness.until(&mut socket, "authenticated").await;
    let trimmed = json!({ "type": "subscribe", "topic": "fleet", "fields": ["status"] });
    socket.say(&trimmed).await;
    witness.until(&mut socket, "snapshot").await;
    let subscribe = json!({ "type": "subscribe", "topic": "fleet", "mode": "all", "since": "x" });
    socket.say(&subscribe).await;
    for kind in ["subscribed", "resync", "snapshot"] {
        witness.until(&mut socket, kind).await;
    }
    socket
        .say(&json!({ "type": "subscribe", "topic": "supervision" }))
        .await;
    witness.until(&mut socket, "snapshot").await;
    let _open = [door.scene.trip(7), door.scene.trip(8)];
    // What happens while time stands still falls into one tick.
    pause();
    let tank = everything_happens(&door.scene).await;
    resume();
    while witness.events.len() < witness.events().len() {
        witness.see(&socket.frame().await);
    }
    door.scene.report(&tank, 3, 3.0).await;
    witness.until(&mut socket, "event").await;
    pause();
    for entry in 4..A_STORM {
        door.scene.report(&tank, entry, (entry % 200) as f64).await;
    }
    resume();
    witness.until(&mut socket, "lag").await;
    heartbeat().await;
    witness.until(&mut socket, "ping").await;
    socket.say(&json!({ "type": "pong" })).await;
    socket
        .say(&json!({ "type": "unsubscribe", "topic": "fleet" }))
        .await;
    witness.until(&mut socket, "unsubscribed").await;
    witness.has_seen_all();
}

/// Has it be half a minute later.
async fn heartbeat() {
    pause();
    advance(Duration::from_secs(31)).await;
    resume();
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_what_is_described_and_all_of_it() {
    let people = Arc::<Changing>::default();
    people.make("super_admin", "super_admin");
    people.make("anna", "super_admin");
    let scene = estate_of(people.clone()).await;
    people.make("an-open-secret", "super_admin");
    let mut witness = Witness::of(&scene, "stream").await;
    let mut client = scene
        .listen("anna", "topic=fleet&mode=all", Some("x"))
        .await;
    while !witness.seen.contains("snapshot") {
        witness.see(&client.frame().await.unwrap());
    }
    let mut tree = scene.listen("anna", "topic=supervision", None).await;
    while !witness.events.contains("SUPERVISION") {
        let _open = scene.trip(7);
        witness.see(&tree.frame().await.unwrap());
    }
    let tank = everything_happens(&scene).await;
    while witness.events.len() < witness.events().len() {
        witness.see(&client.frame().await.unwrap());
    }
    scene.report(&tank, 3, 3.0).await;
    while !witness.seen.contains("event") {
        witness.see(&client.frame().await.unwrap());
    }
    for entry in 4..A_STORM {
        scene.report(&tank, entry, (entry % 200) as f64).await;
    }
    while !witness.seen.contains("lag") {
        witness.see(&client.frame().await.unwrap());
    }
    people.put_out("anna");
    while let Some(frame) = client.frame().await {
        witness.see(&frame);
    }
    witness.has_seen_all();
}

#[tokio::test]
async fn a_socket_takes_the_frames_that_are_described_and_no_other() {
    let door = Door::of(estate().await).await;
    let mut witness = Witness::of(&door.scene, "hear").await;
    let mut socket = door.enter("operator").await;
    for said in [
        json!({ "type": "auth", "token": "operator" }),
        json!({ "type": "subscribe", "topic": "fleet" }),
        json!({ "type": "subscribe", "topic": "fleet", "mode": "all", "since": "x" }),
        json!({ "type": "subscribe", "topic": "fleet", "mode": "latest", "since": null }),
        json!({ "type": "subscribe", "topic": "fleet", "fields": ["status", "reported.level_cm"] }),
        json!({ "type": "subscribe", "topic": "fleet", "fields": null }),
        json!({ "type": "subscribe", "topic": "fleet", "fields": "status" }),
        json!({ "type": "subscribe", "topic": "fleet", "fields": [7] }),
        json!({ "type": "unsubscribe", "topic": "fleet" }),
        json!({ "type": "pong" }),
        json!({ "type": "pong", "at": 1 }),
        json!({ "type": "auth" }),
        json!({ "type": "auth", "token": 7 }),
        json!({ "type": "subscribe" }),
        json!({ "type": "subscribe", "topic": "fleet", "mode": "some" }),
        json!({ "type": "subscribe", "topic": "fleet", "since": 7 }),
        json!({ "type": "unsubscribe", "topic": "fleet", "mode": "all" }),
        json!({ "type": "dance" }),
        json!({ "topic": "fleet" }),
        json!(["pong"]),
        json!(null),
    ] {
        socket.say(&said).await;
        // Whoever unsubscribes from nothing is answered, so that the answer to what came before is known.
        socket
            .say(&json!({ "type": "unsubscribe", "topic": "nothing" }))
            .await;
        let mut is_taken = true;
        loop {
            let error = socket.until("error").await;
            is_taken &= error["code"] != "invalid_request";
            if error["code"] == "not_found" {
                break;
            }
        }
        assert_eq!(is_taken, witness.describes(&said), "{said}");
        if is_taken {
            witness.see(&said);
        }
    }
    let described: BTreeSet<_> = witness.described.keys().cloned().collect();
    assert_eq!(witness.seen, described);
}

#[tokio::test]
async fn a_socket_is_closed_by_the_codes_that_are_described_and_by_all_of_them() {
    let door = Door::of(estate().await).await;
    let api = door.scene.get("/asyncapi.json").await.json();
    let closes = api["channels"]["socket"]["x-close-codes"].as_array();
    let described: BTreeSet<_> = closes
        .unwrap()
        .iter()
        .map(|close| close["code"].as_u64().unwrap())
        .collect();
    let mut seen = BTreeSet::new();
    for text in [
        json!({ "type": "auth", "token": "no-such" }).to_string(),
        json!({ "type": "auth", "token": "user" }).to_string(),
        " ".repeat(70_000),
    ] {
        let mut socket = match text.contains("no-such") {
            true => door.stranger().await,
            false => door.enter("operator").await,
        };
        let _closed_meanwhile = socket.0.send(Message::text(text)).await;
        seen.insert(socket.end().await.0);
    }
    for frame in [&b"\x81\x82\0\0\0\0\xc3\x28"[..], b"\x83\x81\0\0\0\0a"] {
        let mut socket = door.enter("operator").await;
        socket.0.get_mut().write_all(frame).await.unwrap();
        seen.insert(socket.end().await.0);
    }
    let mut flooding = door.enter("operator").await;
    for _ in 0..60 {
        let _closed_meanwhile = flooding.0.send(Message::text(r#"{"type":"pong"}"#)).await;
    }
    seen.insert(flooding.end().await.0);
    let mut silent = door.enter("operator").await;
    heartbeat().await;
    silent.until("ping").await;
    heartbeat().await;
    heartbeat().await;
    seen.insert(silent.end().await.0);
    let mut last = door.enter("operator").await;
    door.scene.state.drain();
    seen.insert(last.end().await.0);
    let seen: BTreeSet<_> = seen.into_iter().map(u64::from).collect();
    assert_eq!(seen, described);
}

#[tokio::test]
async fn every_reference_of_it_leads_somewhere() {
    let api = Scene::empty().await.get("/api/asyncapi.json").await.json();
    let mut dangling = Vec::new();
    super::super::description::follow(&api, &api, &mut dangling);
    assert!(dangling.is_empty(), "{dangling:?}");
    assert_eq!(api["asyncapi"], "3.0.0");
}
