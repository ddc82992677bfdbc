//! What those are told who run the service: who of the tree fails and comes back, and which breakers open.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::ChannelId;
use evara_actors::ingest::ChannelGate;
use evara_actors::ports::FeedError;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::super::estate::{PEOPLE, estate};
use super::super::scene::{NOW, Scene};
use super::client::Client;
use super::socket::Door;

/// Failures in a row that open a breaker, so far apart that the channel may be asked.
const FAILURES: u32 = 5;

impl Scene {
    /// Opens a channel's breaker, which lasts as long as the gate.
    pub(super) fn trip(&self, channel: u64) -> Arc<ChannelGate> {
        let host = &self.state.system.ingest().host;
        let gate = host.channel(ChannelId(channel), NOW);
        for failure in 0..FAILURES {
            let now = NOW.plus(Duration::from_secs(60) * failure);
            let pass = gate.admit(now).unwrap();
            pass.settle(Err(&FeedError::NoAccess), now);
        }
        gate
    }
}

/// The next frame of a type.
async fn until(client: &mut Client, wanted: &str) -> Value {
    loop {
        let frame = client.frame().await.expect("more to come");
        if frame["type"] == wanted {
            return frame;
        }
    }
}

fn breaker(channel: u64, state: &str) -> Value {
    json!({ "id": format!("channel/{channel}"), "kind": "breaker", "state": state, "restarts": 0, "node_id": null })
}

/// What an event says of whom it is about.
fn supervised(event: &Value) -> Value {
    assert_eq!(event["event"], "SUPERVISION");
    let members = ["id", "kind", "state", "restarts", "node_id"];
    members
        .iter()
        .map(|name| ((*name).to_owned(), event[name].clone()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_opens_and_closes_is_told_to_who_listens_and_to_who_comes_back() {
    let scene = estate().await;
    let topic = "topic=supervision";
    let mut admin = scene.listen("super_admin", topic, None).await;
    let snapshot = until(&mut admin, "snapshot").await;
    assert_eq!(
        (&snapshot["nodes"], &snapshot["supervised"]),
        (&json!([]), &json!([]))
    );
    let gate = scene.trip(7);
    let event = until(&mut admin, "event").await;
    assert_eq!(supervised(&event), breaker(7, "open"));
    let mut later = scene.listen("super_admin", topic, None).await;
    let snapshot = until(&mut later, "snapshot").await;
    assert_eq!(snapshot["supervised"], json!([breaker(7, "open")]));
    let cursor = admin.cursor.clone();
    drop(admin);
    gate.reset_breaker();
    let event = until(&mut later, "event").await;
    assert_eq!(supervised(&event), breaker(7, "closed"));
    let mut back = scene.listen("super_admin", topic, cursor.as_deref()).await;
    assert_eq!(
        until(&mut back, "subscribed").await["cursor"],
        json!(cursor)
    );
    assert_eq!(
        supervised(&until(&mut back, "event").await),
        breaker(7, "closed")
    );
    let more = timeout(Duration::from_secs(5), until(&mut back, "event")).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_seen_in_one_look_is_one_batch_and_a_long_snapshot_comes_in_parts() {
    const MANY: u64 = 600;
    let scene = estate().await;
    let mut admin = scene
        .listen("super_admin", "topic=supervision&mode=all", None)
        .await;
    until(&mut admin, "snapshot").await;
    let mut gates = vec![scene.trip(1), scene.trip(2)];
    let batch = until(&mut admin, "batch").await;
    let updates: Vec<_> = batch["updates"]
        .as_array()
        .unwrap()
        .iter()
        .map(supervised)
        .collect();
    assert_eq!(updates, [breaker(1, "open"), breaker(2, "open")]);
    gates.extend((3..=MANY).map(|channel| scene.trip(channel)));
    let mut told = 2;
    while told < MANY as usize {
        told += until(&mut admin, "batch").await["updates"]
            .as_array()
            .unwrap()
            .len();
    }
    let mut later = scene.listen("super_admin", "topic=supervision", None).await;
    let first = until(&mut later, "snapshot").await;
    let second = until(&mut later, "snapshot").await;
    assert_eq!(
        (&first["more"], &first["cursor"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        (&second["part"], &second["more"]),
        (&json!(1), &json!(false))
    );
    let mut all = first["supervised"].as_array().unwrap().clone();
    all.extend(second["supervised"].as_array().unwrap().clone());
    let expected: Vec<_> = (1..=MANY).map(|channel| breaker(channel, "open")).collect();
    assert_eq!(all, expected);
}

#[tokio::test]
async fn it_is_told_to_those_who_run_the_service_and_to_nobody_else() {
    let door = Door::of(estate().await).await;
    for who in PEOPLE {
        let mut socket = door.enter(who).await;
        let subscribe = json!({ "type": "subscribe", "topic": "supervision" });
        socket.say(&subscribe).await;
        if who == "super_admin" {
            socket.until("snapshot").await;
        } else {
            assert_eq!(socket.until("error").await["code"], "forbidden", "{who}");
        }
        if who == "operator" {
            let refusal = door.scene.refusal(who, "topic=supervision").await;
            assert_eq!(refusal.code(), "forbidden");
        }
    }
}
