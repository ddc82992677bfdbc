//! Where a day begins: said of a community, and so of its nodes.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::estate::{estate, id};
use super::scene::{Reply, Scene, TANK};
use crate::app::zones::Zones;

const ROOT: &str = "super_admin";

async fn patch(scene: &Scene, path: &str, body: Value) -> Reply {
    scene
        .ask(ROOT, Method::PATCH, path, &body.to_string())
        .await
}

/// The estate, in which one community is in India and everything else in UTC.
async fn half_in_india() -> Scene {
    let scene = estate().await;
    let path = format!("/admin/communities/{}", id("n1"));
    let moved = patch(&scene, &path, json!({"time_zone": "Asia/Kolkata"})).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.json());
    scene
}

async fn adds(scene: &Scene, community: Option<&str>, zone: Option<&str>) -> Reply {
    let mut body: Value = serde_json::from_str(TANK).unwrap();
    body["community_id"] = json!(community.map(id));
    if let Some(zone) = zone {
        body["config"]["time_zone"] = json!(zone);
    }
    let body = body.to_string();
    scene.ask(ROOT, Method::POST, "/nodes", &body).await
}

async fn zone_of(scene: &Scene, node: &str) -> String {
    let path = format!("/devices/{node}/config");
    let config = scene.ask(ROOT, Method::GET, &path, "").await.json();
    config["time_zone"].as_str().unwrap().to_owned()
}

async fn shown(scene: &Scene, node: &str) -> Value {
    let path = format!("/nodes/{node}");
    scene.ask(ROOT, Method::GET, &path, "").await.json()
}

fn refused_at(reply: &Reply, pointer: &str) {
    assert_eq!(reply.code(), "validation_failed");
    let errors = &reply.json()["errors"];
    assert_eq!(errors.as_array().unwrap().len(), 1, "{errors}");
    assert_eq!(errors[0]["pointer"], pointer);
    let detail = errors[0]["detail"].as_str().unwrap();
    assert!(detail.contains("Asia/Kolkata"), "{detail}");
}

fn zones(scene: &Scene) -> Zones {
    let state = &scene.state;
    Zones {
        system: Arc::clone(&state.system),
        nodes: state.nodes.clone(),
        tenancy: state.tenancy.clone(),
        witness: state.audit.console(),
    }
}

#[tokio::test]
async fn a_new_node_has_the_zone_of_its_community_and_may_say_no_other() {
    let scene = half_in_india().await;
    for (community, said, zone) in [
        (Some("n1"), None, "Asia/Kolkata"),
        (Some("n2"), None, "UTC"),
        (Some("n2"), Some("UTC"), "UTC"),
        (None, None, "UTC"),
    ] {
        let made = adds(&scene, community, said).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
        assert_eq!(made.json()["config"]["time_zone"], zone);
        let path = made
            .header("location")
            .strip_prefix("/api/v1")
            .unwrap()
            .to_owned();
        let gone = scene.ask(ROOT, Method::DELETE, &path, "").await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
    }
    for other in ["UTC", "Europe/Berlin"] {
        let refused = adds(&scene, Some("n1"), Some(other)).await;
        refused_at(&refused, "/config/time_zone");
    }
    let same = adds(&scene, Some("n1"), Some("Asia/Kolkata")).await;
    assert_eq!(same.status, StatusCode::CREATED);
    let alone = adds(&scene, None, Some("Europe/Berlin")).await;
    assert_eq!(alone.json()["config"]["time_zone"], "Europe/Berlin");
}

#[tokio::test]
async fn a_configuration_that_says_no_zone_keeps_that_of_the_community() {
    let scene = half_in_india().await;
    let node = scene.tank("t", Some("n1"), None).await;
    let path = format!("/devices/{node}/config");
    let set = scene
        .ask(ROOT, Method::PUT, &path, r#"{"late_after": 4}"#)
        .await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.json());
    assert_eq!(set.json()["time_zone"], "Asia/Kolkata");
    let other = scene
        .ask(ROOT, Method::PUT, &path, r#"{"time_zone": "UTC"}"#)
        .await;
    refused_at(&other, "/time_zone");
    let node = format!("/nodes/{node}");
    let other = patch(&scene, &node, json!({"config": {"time_zone": "UTC"}})).await;
    refused_at(&other, "/config/time_zone");
    let null = patch(&scene, &node, json!({"config": {"time_zone": null}})).await;
    assert_eq!(null.json()["config"]["time_zone"], "Asia/Kolkata");
}

#[tokio::test]
async fn a_node_that_moves_to_another_community_takes_its_zone() {
    let scene = half_in_india().await;
    let node = scene.tank("t", Some("n2"), None).await;
    assert_eq!(zone_of(&scene, &node).await, "UTC");
    let path = format!("/nodes/{node}");
    let moved = patch(&scene, &path, json!({"community_id": id("n1")})).await;
    assert_eq!(moved.json()["config"]["time_zone"], "Asia/Kolkata");
    let alone = json!({"community_id": null, "distributor_id": null});
    let alone = patch(&scene, &path, alone).await;
    assert_eq!(alone.json()["config"]["time_zone"], "Asia/Kolkata");
}

#[tokio::test]
async fn nodes_follow_a_community_that_moves_to_another_zone() {
    let scene = estate().await;
    let node = scene.tank("t", Some("n1"), Some("c1")).await;
    let other = scene.tank("t", Some("n2"), None).await;
    let before = shown(&scene, &other).await;
    assert!(zones(&scene).round().await, "there is nothing to do");
    let path = format!("/admin/communities/{}", id("n1"));
    patch(&scene, &path, json!({"time_zone": "Asia/Kolkata"})).await;
    assert_eq!(zone_of(&scene, &node).await, "UTC");
    assert!(zones(&scene).round().await, "every node is brought along");
    assert_eq!(zone_of(&scene, &node).await, "Asia/Kolkata");
    let after = shown(&scene, &other).await;
    assert_eq!(after, before, "no other node is touched");
    assert!(zones(&scene).round().await);
    let version = &shown(&scene, &node).await["version"];
    assert_eq!(*version, 3, "bound, and brought along once");
}
