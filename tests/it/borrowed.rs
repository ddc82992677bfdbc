//! A channel that is opened by the key of one community, and somebody of another who knows its number.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::binary::{eventually, start_demo};
use super::harness::Scratch;
use super::program::Caller;

/// Adds a node to a community, and has it read a channel without a key of its own.
async fn reader(caller: &Caller, community: &Value, channel: &Value) -> String {
    let key = format!("reader-{community}").replace(['"', '-'], "");
    let body = json!({ "node_key": &key[..32], "label": "R", "kind": "generic", "category": "OHT",
                       "community_id": community });
    let made = caller
        .send("POST", "/api/v1/nodes", &body.to_string())
        .await;
    let node = made["id"].as_str().unwrap().to_owned();
    let body = json!({ "channel_id": channel["channel_id"], "field_map": channel["field_map"] });
    let path = format!("/api/v1/devices/{node}/channel");
    let bound = caller.send("PUT", &path, &body.to_string()).await;
    assert_eq!(bound["has_read_api_key"], false);
    node
}

async fn is_heard_of(caller: &Caller, node: &str) -> bool {
    let node = caller.json(&format!("/api/v1/nodes/{node}")).await;
    !node["last_seen_at"].is_null()
}

async fn feed_of(caller: &Caller, node: &str) -> StatusCode {
    let path = format!("/api/v1/devices/{node}/channel/feed");
    caller.get(&path, None).await.status()
}

#[tokio::test]
async fn who_names_the_channel_of_another_community_reads_nothing_by_its_key() {
    let scratch = Scratch::new();
    let data = scratch.place(0).display().to_string();
    let (program, caller) = start_demo(&data).await;
    let nodes = caller.json("/api/v1/nodes").await;
    let owner = nodes["items"][0].clone();
    let path = format!("/api/v1/devices/{}/channel", owner["id"].as_str().unwrap());
    let channel = caller.json(&path).await;
    assert_eq!(channel["has_read_api_key"], true, "{channel}");
    let own = &owner["community_id"];
    let other = json!({ "name": "Elsewhere", "distributor_id": owner["distributor_id"] });
    let communities = "/api/v1/admin/communities";
    let other = caller.send("POST", communities, &other.to_string()).await;
    let stranger = reader(&caller, &other["id"], &channel).await;
    let neighbour = reader(&caller, own, &channel).await;
    eventually("the neighbour is given what the key opens", async || {
        is_heard_of(&caller, &neighbour).await
    })
    .await;
    assert!(!is_heard_of(&caller, &stranger).await);
    assert_eq!(feed_of(&caller, &neighbour).await, StatusCode::OK);
    assert!(feed_of(&caller, &stranger).await.is_server_error());
    program.terminate().await;
}
