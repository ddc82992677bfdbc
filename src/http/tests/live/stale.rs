//! Who keeps what he read of descriptions and lists is told by name when it holds no more.

use axum::http::Method;
use serde_json::json;

use super::super::estate::{estate, id};
use super::super::scene::Scene;
use super::client::Client;

const ADMIN: &str = "super_admin";

/// Those who listen to everything, to each of two communities, and to one node.
struct Crowd {
    fleet: Client,
    here: Client,
    there: Client,
    node: Client,
}

impl Crowd {
    async fn of(scene: &Scene, node: &str) -> Self {
        let listen = async |topic: String| {
            let mut client = scene.listen(ADMIN, &format!("topic={topic}"), None).await;
            client.until_current().await;
            client
        };
        Self {
            fleet: listen("fleet".to_owned()).await,
            here: listen(format!("communities/{}", id("n1"))).await,
            there: listen(format!("communities/{}", id("n2"))).await,
            node: listen(format!("nodes/{node}")).await,
        }
    }
}

async fn change(scene: &Scene, node: &str, patch: serde_json::Value) {
    let path = format!("/nodes/{node}");
    let changed = scene
        .ask(ADMIN, Method::PATCH, &path, &patch.to_string())
        .await;
    assert!(changed.status.is_success(), "{}", changed.json());
}

async fn hears(client: &mut Client, name: &str) {
    assert_eq!(client.until("event").await["event"], name);
}

#[tokio::test(start_paused = true)]
async fn whoever_lists_a_node_is_told_when_it_is_described_anew_moved_made_or_removed() {
    let scene = estate().await;
    let node = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    let mut crowd = Crowd::of(&scene, &node).await;
    change(&scene, &node, json!({ "label": "Another name" })).await;
    for client in [&mut crowd.fleet, &mut crowd.here, &mut crowd.node] {
        hears(client, "CACHE_INVALIDATED").await;
    }
    let elsewhere = json!({ "customer_id": null, "community_id": id("n2") });
    change(&scene, &node, elsewhere).await;
    hears(&mut crowd.fleet, "CACHE_INVALIDATED").await;
    hears(&mut crowd.node, "CACHE_INVALIDATED").await;
    hears(&mut crowd.here, "NODE_REMOVED").await;
    hears(&mut crowd.there, "NODE_PROVISIONED").await;
    scene.tank("oht-2", Some("n1"), None).await;
    hears(&mut crowd.fleet, "NODE_PROVISIONED").await;
    hears(&mut crowd.here, "NODE_PROVISIONED").await;
    let path = format!("/nodes/{node}");
    scene.ask(ADMIN, Method::DELETE, &path, "").await;
    for client in [&mut crowd.fleet, &mut crowd.there, &mut crowd.node] {
        hears(client, "NODE_REMOVED").await;
    }
    for client in [&crowd.fleet, &crowd.here, &crowd.there, &crowd.node] {
        assert_eq!(client.complaints, Vec::<String>::new());
    }
}
