//! What somebody is told who names the members of nodes that he wants: those, of everything that happens, and no others.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::super::estate::estate;
use super::super::scene::Scene;
use super::client::Client;
use super::socket::Door;
use crate::http::project::only;

/// What is said of any node, whoever asks.
const ALWAYS: &str = "node_id,revision";

const NAMED: &str = "status,reported.distance_cm,derived.level_pct";

/// Every member there is.
const ALL: [&str; 7] = [
    "node_id",
    "revision",
    "status",
    "status_since",
    "last_seen_at",
    "reported",
    "derived",
];

/// The next frame of a type.
async fn until(client: &mut Client, wanted: &str) -> Value {
    loop {
        let frame = client.frame().await.expect("more to come");
        if frame["type"] == wanted {
            return frame;
        }
    }
}

/// The nodes that a frame tells of, with what it says beside them left out.
fn nodes(frame: &Value) -> Vec<Value> {
    let own = std::slice::from_ref(frame);
    let updates = || frame["updates"].as_array();
    let many = frame["nodes"].as_array().or_else(updates);
    let mut nodes = many.map_or(own, Vec::as_slice).to_vec();
    for node in nodes.iter_mut().filter_map(Value::as_object_mut) {
        for beside in [
            "type",
            "event",
            "topic",
            "cursor",
            "previous_revision",
            "at",
        ] {
            node.remove(beside);
        }
    }
    nodes
}

fn named(nodes: &[Value]) -> Vec<Value> {
    let fields = format!("{ALWAYS},{NAMED}");
    let named = nodes.iter().map(|node| only(node, &fields).unwrap());
    named.collect()
}

#[tokio::test(start_paused = true)]
async fn who_names_fields_is_told_of_the_same_events_and_of_each_those_fields_alone() {
    let scene = estate().await;
    let one = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    let other = scene.tank("oht-2", Some("n1"), Some("c1")).await;
    let mut whole = scene.listen("super_admin", "topic=fleet", None).await;
    let query = format!("topic=fleet&fields={NAMED}");
    let mut trimmed = scene.listen("super_admin", &query, None).await;
    let (all, some) = (
        until(&mut whole, "snapshot").await,
        until(&mut trimmed, "snapshot").await,
    );
    assert_eq!(nodes(&some), named(&nodes(&all)));
    for node in &nodes(&all) {
        let members: Vec<_> = node.as_object().unwrap().keys().collect();
        assert_eq!(members.len(), ALL.len(), "{members:?}");
        assert!(
            ALL.iter().all(|name| node.get(name).is_some()),
            "{members:?}"
        );
    }
    scene.report(&one, 1, 53.0).await;
    let (all, some) = (
        until(&mut whole, "event").await,
        until(&mut trimmed, "event").await,
    );
    assert_eq!(nodes(&some), named(&nodes(&all)));
    assert_eq!(some["reported"]["distance_cm"], 53.0);
    for beside in ["event", "previous_revision", "at", "topic"] {
        assert_eq!(some[beside], all[beside], "{beside}");
    }
    scene.report(&one, 2, 54.0).await;
    scene.report(&other, 1, 55.0).await;
    let (all, some) = (
        until(&mut whole, "batch").await,
        until(&mut trimmed, "batch").await,
    );
    assert_eq!(nodes(&some).len(), 2);
    assert_eq!(nodes(&some), named(&nodes(&all)));
    let path = format!("/nodes/{other}");
    scene.ask("super_admin", Method::DELETE, &path, "").await;
    let (all, some) = (
        until(&mut whole, "event").await,
        until(&mut trimmed, "event").await,
    );
    assert_eq!(some["event"], "NODE_REMOVED");
    assert_eq!(nodes(&some), nodes(&all));
}

#[tokio::test(start_paused = true)]
async fn a_cursor_is_gone_on_from_by_who_names_the_same_fields_and_by_nobody_else() {
    let (scene, node) = Scene::with_tank().await;
    let topic = format!("topic=nodes/{node}");
    for (first, again, is_same) in [
        (
            "&fields=status,reported",
            "&fields=reported,status,reported.pump",
            true,
        ),
        ("&fields=status", "&fields=reported", false),
        ("&fields=status", "", false),
        ("", "&fields=status", false),
    ] {
        let query = format!("{topic}{first}");
        let mut client = scene.listen("an-open-secret", &query, None).await;
        let snapshot = until(&mut client, "snapshot").await;
        assert!(snapshot["cursor"].is_string());
        let query = format!("{topic}{again}");
        let since = client.cursor.clone();
        let mut back = scene
            .listen("an-open-secret", &query, since.as_deref())
            .await;
        let subscribed = until(&mut back, "subscribed").await;
        assert_eq!(subscribed["cursor"].is_string(), is_same, "{first} {again}");
        if !is_same {
            assert_eq!(until(&mut back, "resync").await["reason"], "cursor_unknown");
            until(&mut back, "snapshot").await;
        }
    }
}

#[tokio::test]
async fn a_socket_is_told_which_field_is_none_and_goes_on() {
    let (scene, _) = Scene::with_tank().await;
    let door = Door::of(scene).await;
    let mut socket = door.enter("an-open-secret").await;
    let subscribe =
        |fields: Value| json!({ "type": "subscribe", "topic": "fleet", "fields": fields });
    for (fields, said) in [
        (json!(["status", "colour"]), "and not \"colour\"."),
        (json!(["reported.Level"]), "and not \"reported.Level\"."),
        (json!([]), "must name a member"),
        (json!(vec!["status"; 65]), "at most 64 names"),
    ] {
        socket.say(&subscribe(fields)).await;
        let error = socket.until("error").await;
        assert_eq!(error["code"], "invalid_request");
        let detail = error["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("The fields ") && detail.contains(said),
            "{detail}"
        );
    }
    socket.say(&subscribe(json!(["reported"]))).await;
    let snapshot = socket.until("snapshot").await;
    let told = snapshot["nodes"][0].as_object().unwrap();
    assert_eq!(
        told.keys().collect::<Vec<_>>(),
        ["node_id", "reported", "revision"]
    );
    // What is asked for anew takes the place of what was asked for before.
    socket
        .say(&json!({ "type": "subscribe", "topic": "fleet" }))
        .await;
    let snapshot = socket.until("snapshot").await;
    assert_eq!(nodes(&snapshot)[0].as_object().unwrap().len(), ALL.len());
    let more = timeout(Duration::from_millis(200), socket.frame()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_refused_with_the_name_of_the_parameter_and_of_the_field_that_is_none() {
    let scene = Scene::empty().await;
    let refusal = scene
        .refusal("an-open-secret", "topic=fleet&fields=status,colour")
        .await;
    assert_eq!(refusal.code(), "invalid_request");
    let errors = refusal.json()["errors"].to_string();
    assert!(
        errors.contains("fields") && errors.contains("colour"),
        "{errors}"
    );
}
