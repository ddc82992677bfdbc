//! What those who run the service see and do.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use super::scene::Scene;

#[tokio::test]
async fn health_tells_strangers_nothing_of_who_uses_the_service_and_how_much() {
    let (scene, _) = Scene::with_tank().await;
    let asked = Request::get("/health").body(Body::empty()).unwrap();
    let health = scene.send(asked).await.json();
    let told: Vec<_> = health.as_object().unwrap().keys().collect();
    assert_eq!(told, ["dependencies", "status", "version"]);
    let of = health["dependencies"].as_object().unwrap();
    assert!(of.values().all(|word| word == "ok"), "{health}");
    let inside = scene.get("/api/v1/admin/database").await.json();
    assert!(inside["waiting"].is_u64(), "{inside}");
}

#[tokio::test]
async fn the_tree_shows_a_twin_and_its_poller_and_can_be_cut_short() {
    let (scene, id) = Scene::with_tank().await;
    let tree = scene.get("/api/v1/admin/actors").await.json();
    assert_eq!(
        (&tree["id"], &tree["kind"]),
        (&json!("root"), &json!("supervisor"))
    );
    let text = tree.to_string();
    assert!(
        text.contains(&format!("twin/{id}")) && text.contains("poller/7"),
        "{text}"
    );
    let short = scene.get("/api/v1/admin/actors?depth=1").await.json();
    assert_eq!(short["children"][0]["children"], json!([]));
    assert!(short["children"][0]["child_count"].as_u64().unwrap() > 0);
    let sick = scene
        .get("/api/v1/admin/actors?state=quarantined")
        .await
        .json();
    assert_eq!(sick["items"], json!([]));
}

#[tokio::test]
async fn one_actor_is_found_by_its_name_or_by_its_node() {
    let (scene, id) = Scene::with_tank().await;
    for name in [id.clone(), format!("twin%2F{id}")] {
        let actor = scene
            .get(&format!("/api/v1/admin/actors/{name}"))
            .await
            .json();
        assert_eq!(
            (&actor["kind"], &actor["state"]),
            (&json!("twin"), &json!("running"))
        );
    }
    assert_eq!(
        scene.get("/api/v1/admin/actors/poller%2F7").await.json()["kind"],
        "poller"
    );
    assert_eq!(
        scene.get("/api/v1/admin/actors/nobody").await.code(),
        "not_found"
    );
}

#[tokio::test]
async fn there_is_nothing_to_release_while_all_is_well() {
    let (scene, id) = Scene::with_tank().await;
    let reply = scene
        .post(&format!("/api/v1/admin/actors/{id}/release"), "")
        .await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (StatusCode::CONFLICT, "conflict")
    );
    let nobody = "/api/v1/admin/actors/0197c0de-0000-7000-8000-000000000000/release";
    assert_eq!(scene.post(nobody, "").await.code(), "not_found");
    let reply = scene
        .post("/api/v1/admin/actors/poller%2F7/release", "")
        .await;
    assert_eq!(reply.json()["errors"][0]["pointer"], "/id");
}

#[tokio::test]
async fn a_poller_is_paused_and_resumed_by_hand() {
    let (scene, id) = Scene::with_tank().await;
    let path = "/api/v1/admin/pollers/7";
    assert_eq!(scene.get(path).await.json()["channel_id"], 7);
    assert_eq!(
        scene.get("/api/v1/admin/pollers").await.json()["items"][0]["channel_id"],
        7
    );
    assert_eq!(
        scene.post(&format!("{path}/pause"), "").await.json()["state"],
        "paused"
    );
    assert_eq!(
        scene.post(&format!("{path}/poll"), "").await.code(),
        "conflict"
    );
    assert_ne!(
        scene.post(&format!("{path}/resume"), "").await.json()["state"],
        "paused"
    );
    let reset = scene.post(&format!("{path}/reset-breaker"), "").await;
    assert_eq!(reset.json()["breaker"], "closed");
    let twin = scene.get(&format!("/api/v1/nodes/{id}/twin")).await.json();
    assert_eq!(twin["feed"]["breaker"], "closed");
    assert_eq!(
        scene.get("/api/v1/admin/pollers/8").await.code(),
        "not_found"
    );
    assert_eq!(
        scene.get("/api/v1/admin/pollers/x").await.code(),
        "invalid_request"
    );
}

#[tokio::test]
async fn a_channel_can_be_looked_at_as_it_came() {
    let (scene, id) = Scene::with_tank().await;
    let page = scene
        .get(&format!("/api/v1/devices/{id}/channel/feed"))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.json()["channel_id"], 7);
    assert_eq!(
        scene.get("/api/v1/admin/dead-letters?limit=1").await.json()["items"],
        json!([])
    );
    let queries = scene.get("/api/v1/admin/queries").await;
    assert_eq!(queries.json()["items"], json!([]));
}
