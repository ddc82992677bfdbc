//! The program killed from one moment to the next: what it had acknowledged is there when it is back.

use serde_json::{Value, json};

use super::binary::{Caller, NODE, start_service};
use super::harness::Scratch;

const AT: &str = "2026-01-31T08:15:30Z";

async fn key_of(caller: &Caller, node: &str) -> String {
    let path = format!("/api/v1/devices/{node}/keys");
    let made = caller.send("POST", &path, "{}").await;
    made["key"].as_str().unwrap().to_owned()
}

async fn push(caller: &Caller, key: &str, metric: &str, value: f64) -> Value {
    let reading = json!({ "metric": metric, "value": value, "at": AT });
    let body = json!({ "readings": [reading] }).to_string();
    let header = ("x-device-key", key);
    caller
        .send_as(header, "/api/v1/device/readings", &body)
        .await
}

#[tokio::test]
async fn what_a_device_was_told_is_kept_is_there_after_a_kill() {
    let scratch = Scratch::new();
    let data = scratch.place(0).display().to_string();
    let (program, caller) = start_service(&data).await;
    let made = caller.send("POST", "/api/v1/nodes", NODE).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let key = key_of(&caller, &id).await;
    let taken = push(&caller, &key, "distance_cm", 53.2).await;
    assert_eq!(taken["accepted"], 1);
    push(&caller, &key, "temperature_c", 21.0).await;
    drop(program);

    let (program, caller) = start_service(&data).await;
    let twin = caller.json(&format!("/api/v1/nodes/{id}/twin")).await;
    assert_eq!(twin["reported"]["distance_cm"]["value"], 53.2);
    assert_eq!(twin["reported"]["temperature_c"]["value"], 21.0);
    assert_eq!(caller.history(&id).await.len(), 2);
    let again = push(&caller, &key, "distance_cm", 53.2).await;
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(caller.history(&id).await.len(), 2);
    let bytes = std::fs::read(scratch.place(0).join("evara.db")).unwrap_or_default();
    let mut windows = bytes.windows(key.len());
    assert!(!windows.any(|window| window == key.as_bytes()));
    drop(program);
}

#[tokio::test]
async fn a_node_that_was_asked_for_under_a_key_is_made_once_across_a_kill() {
    let scratch = Scratch::new();
    let data = scratch.place(0).display().to_string();
    let (program, caller) = start_service(&data).await;
    let header = ("idempotency-key", "make-oht-1");
    let made = caller.send_as(header, "/api/v1/nodes", NODE).await;
    drop(program);
    let (_program, caller) = start_service(&data).await;
    let again = caller.send_as(header, "/api/v1/nodes", NODE).await;
    assert_eq!(again, made);
    let nodes = caller.json("/api/v1/nodes").await;
    assert_eq!(nodes["items"].as_array().unwrap().len(), 1);
}
