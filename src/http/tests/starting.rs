//! What a service that starts tells, and what it does not take.

use std::sync::Arc;

use axum::http::StatusCode;
use evara_actors::ports::{Cursors, SavedTwins};
use evara_actors::system::{Settings, System};
use evara_actors::testing::tank;
use http_body_util::BodyExt as _;

use super::scene::{Nowhere, PEER, Scene, TANK, operator, ports, request};
use crate::history::testing::Unrolled;
use crate::http::{Border, starting};

const PUSHED: &str = r#"{"readings": [{"metric": "level_cm", "value": 51.5}]}"#;

/// A service whose one twin is back from the store, and not live yet; and the twin's path.
async fn rising() -> (Scene, String) {
    let nodes = vec![tank(1)];
    let path = format!("/api/v1/nodes/{}", nodes[0].id);
    let prepared = System::prepare(ports(), Settings::default(), Cursors::default());
    let system = prepared.await.unwrap();
    let back = system.bring_back(nodes, SavedTwins::default());
    back.await.unwrap();
    let scene = Scene::around(
        system,
        Arc::new(Nowhere),
        Arc::new(Unrolled::default()),
        operator(),
    );
    (scene, path)
}

#[tokio::test(start_paused = true)]
async fn a_twin_is_served_before_it_is_live_and_readiness_comes_last() {
    let (scene, node) = rising().await;
    let read = scene.get(&format!("{node}/twin")).await;
    assert_eq!(read.status, StatusCode::OK);
    assert_eq!(scene.get("/health/live").await.status, StatusCode::OK);
    assert_eq!(scene.get("/health").await.json()["status"], "starting");
    let ready = scene.get("/health/ready").await;
    assert_eq!(ready.code(), "unavailable");
    assert_eq!(ready.header("retry-after"), "1");
    scene.state.system.launch().await.unwrap();
    assert_eq!(scene.get("/health/ready").await.status, StatusCode::OK);
    assert_eq!(scene.get("/health").await.json()["status"], "ok");
    assert_eq!(
        scene.get(&format!("{node}/twin")).await.status,
        StatusCode::OK
    );
}

/// As long as some are missing, nobody can tell one that is missing from one that is nobody's.
#[tokio::test(start_paused = true)]
async fn what_may_be_missing_is_not_said_to_be_absent_and_nothing_is_counted() {
    let (scene, node) = rising().await;
    let absent = format!("/api/v1/nodes/{}/twin", tank(2).id);
    let needs_all = [
        &*absent,
        "/api/v1/nodes/key:oht-7/twin",
        "/api/v1/nodes",
        "/api/v1/devices/map",
        "/api/v1/dashboard/stats",
        "/api/v1/admin/actors",
    ];
    for path in needs_all {
        let refused = scene.get(path).await;
        assert_eq!(refused.code(), "unavailable", "{path}");
        assert_eq!(refused.header("retry-after"), "1", "{path}");
    }
    assert_eq!(scene.get(&node).await.status, StatusCode::OK);
    scene.state.system.launch().await.unwrap();
    assert_eq!(scene.get(&absent).await.code(), "not_found");
    for path in &needs_all[2..] {
        assert_eq!(scene.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_pushed_before_a_twin_is_live_is_refused_and_taken_when_it_is_repeated() {
    let (scene, node) = rising().await;
    let readings = format!("{node}/readings");
    let refused = scene.post(&readings, PUSHED).await;
    assert_eq!(refused.code(), "unavailable");
    assert!(!refused.header("retry-after").is_empty());
    scene.state.system.launch().await.unwrap();
    let taken = scene.post(&readings, PUSHED).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.json());
    assert_eq!(taken.json()["duplicates"], 0);
    let level = scene
        .get(&format!("{node}/twin/reported/level_cm/value"))
        .await;
    assert_eq!(level.json(), 51.5);
}

#[tokio::test(start_paused = true)]
async fn no_node_is_made_before_everyone_is_live() {
    let (scene, _) = rising().await;
    assert_eq!(
        scene.post("/api/v1/nodes", TANK).await.code(),
        "unavailable"
    );
    scene.state.system.launch().await.unwrap();
    let made = scene.post("/api/v1/nodes", TANK).await;
    assert_eq!(made.status, StatusCode::CREATED);
}

#[tokio::test]
async fn before_anything_is_known_only_life_is_told() {
    let ask = async |path: &str| {
        let request = request(axum::http::Method::GET, path, "");
        let response = starting(Border::default()).answer(request, PEER).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status, String::from_utf8_lossy(&bytes).into_owned())
    };
    for path in ["/health/live", "/api/v1/health/live"] {
        assert_eq!(ask(path).await.0, StatusCode::OK);
    }
    for path in ["/health", "/health/ready", "/api/v1/nodes", "/"] {
        let (status, body) = ask(path).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(body.contains("being started"), "{body}");
    }
}
