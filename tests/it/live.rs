//! Listening to the real program, over its end and its next beginning.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::binary::{Caller, NODE, start_service};
use super::harness::Scratch;
use super::program::{PATIENCE, Program};
use super::swarm::Stream;

/// One who listens to server-sent events.
struct Listening(Stream);

impl Listening {
    async fn of(caller: &Caller, topic: &str, cursor: Option<&str>) -> Self {
        let path = format!("/api/v1/stream?mode=all&topic={topic}");
        let request = caller.request("GET", &path, "").bearer_auth(&caller.token);
        Self(Stream::open(request, cursor).await.unwrap())
    }

    fn cursor(&self) -> Option<String> {
        self.0.cursor.clone()
    }

    async fn frame(&mut self) -> Value {
        let frame = timeout(PATIENCE, self.0.next()).await.expect("a frame");
        serde_json::from_str(&frame.expect("more to come")).unwrap()
    }

    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// All events up to a revision, one after another: each follows the one before without a gap.
    async fn events_until(&mut self, known: u64, revision: u64) -> Vec<Value> {
        let (mut events, mut known) = (Vec::new(), known);
        while known < revision {
            let frame = self.frame().await;
            let told = match frame["type"].as_str().unwrap() {
                "event" => vec![frame],
                "batch" => frame["updates"].as_array().unwrap().clone(),
                other => panic!("{other}: {frame}"),
            };
            for event in told {
                assert_eq!(event["previous_revision"], known, "{event}");
                known = event["revision"].as_u64().unwrap();
                events.push(event);
            }
        }
        assert_eq!(known, revision);
        events
    }
}

struct Site {
    caller: Caller,
    program: Program,
    node: String,
}

impl Site {
    async fn report(&self, number: u32) {
        let reading = json!({ "metric": "distance_cm", "value": 40 + number });
        let body = json!({ "readings": [reading] }).to_string();
        let path = format!("/api/v1/nodes/{}/readings", self.node);
        let taken = self.caller.send("POST", &path, &body).await;
        assert_eq!(taken["accepted"], 1);
    }

    async fn twin(&self) -> Value {
        let path = format!("/api/v1/nodes/{}/twin?view=values", self.node);
        self.caller.json(&path).await
    }

    async fn revision(&self) -> u64 {
        self.twin().await["revision"].as_u64().unwrap()
    }

    async fn again(self, data: &str, killed: bool) -> Self {
        let Self { program, node, .. } = self;
        if killed {
            drop(program);
        } else {
            assert_eq!(program.terminate().await.0, Some(0));
        }
        let (program, caller) = start_service(data).await;
        Self {
            caller,
            program,
            node,
        }
    }
}

async fn what_was_missed_over_a_restart_is_told(killed: bool) {
    let scratch = Scratch::new();
    let data = scratch.place(0).display().to_string();
    let (program, caller) = start_service(&data).await;
    let made = caller.send("POST", "/api/v1/nodes", NODE).await;
    let node = made["id"].as_str().unwrap().to_owned();
    let mut site = Site {
        caller,
        program,
        node,
    };
    site.report(1).await;
    let topic = format!("nodes/{}", site.node);
    let mut of_node = Listening::of(&site.caller, &topic, None).await;
    let mut of_fleet = Listening::of(&site.caller, "fleet", None).await;
    of_node.until("snapshot").await;
    of_fleet.until("snapshot").await;
    site.report(2).await;
    let event = of_node.until("event").await;
    of_fleet.until("event").await;
    let (known, cursor) = (event["revision"].as_u64().unwrap(), of_node.cursor());
    let of_all = of_fleet.cursor();
    drop((of_node, of_fleet));

    // Nothing was missed but the end.
    site = site.again(&data, killed).await;
    let mut back = Listening::of(&site.caller, &topic, cursor.as_deref()).await;
    let subscribed = back.until("subscribed").await;
    assert_eq!(subscribed["cursor"].as_str(), cursor.as_deref());
    let revision = site.revision().await;
    back.events_until(known, revision).await;
    drop(back);

    for number in 3..=9 {
        site.report(number).await;
    }
    site = site.again(&data, killed).await;
    site.report(10).await;
    let mut back = Listening::of(&site.caller, &topic, cursor.as_deref()).await;
    let subscribed = back.until("subscribed").await;
    assert_eq!(subscribed["cursor"].as_str(), cursor.as_deref());
    let revision = site.revision().await;
    let events = back.events_until(known, revision).await;
    let told: Vec<_> = events.iter().map(|it| it["revision"].as_u64()).collect();
    let all: Vec<_> = (known + 1..=revision).map(Some).collect();
    assert_eq!(told, all, "each of them, once and in order");
    let (last, twin) = (events.last().unwrap(), site.twin().await);
    assert_eq!(last["reported"], twin["reported"]);
    assert_eq!(last["derived"], twin["derived"]);
    let heights: Vec<_> = events
        .iter()
        .map(|it| it["reported"]["distance_cm"].as_f64().unwrap())
        .collect();
    assert!(
        heights.contains(&43.0) && heights.contains(&49.0),
        "{heights:?}"
    );

    // He goes on as ever, and from the place that he was given last.
    site.report(11).await;
    back.events_until(revision, site.revision().await).await;
    let cursor = back.cursor();
    drop(back);
    let mut back = Listening::of(&site.caller, &topic, cursor.as_deref()).await;
    assert!(back.until("subscribed").await["cursor"].is_string());

    // What cannot be honoured is said so.
    let mut fleet = Listening::of(&site.caller, "fleet", of_all.as_deref()).await;
    fleet.until("resync").await;
    fleet.until("snapshot").await;
    let nothing = timeout(Duration::from_millis(200), back.frame()).await;
    assert!(nothing.is_err(), "{nothing:?}");
}

#[tokio::test]
async fn whoever_listens_to_a_node_is_told_what_he_missed_while_the_service_was_started_again() {
    what_was_missed_over_a_restart_is_told(false).await;
}

#[tokio::test]
async fn whoever_listens_to_a_node_is_told_what_he_missed_when_the_service_was_killed() {
    what_was_missed_over_a_restart_is_told(true).await;
}
