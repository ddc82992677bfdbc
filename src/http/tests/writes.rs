//! Changes that meet each other, and changes whose caller has left.

use axum::http::StatusCode;
use evara_actors::domain::NodeSpec;
use serde_json::json;

use super::scene::{NOW, Scene, TANK};
use crate::app::kept::Act;
use crate::app::nodes::{Error, Precondition};

#[tokio::test]
async fn of_two_changes_to_one_version_the_second_is_a_conflict() {
    let (scene, id) = Scene::with_tank().await;
    let handle = scene.state.system.twin(id.parse().unwrap()).unwrap();
    let before = handle.view().spec().as_ref().clone();
    let labelled = |label: &str| NodeSpec {
        label: label.to_owned(),
        version: before.version + 1,
        ..before.clone()
    };
    let nodes = &scene.state.nodes;
    let (first, second) = tokio::join!(
        nodes.update(labelled("first"), Precondition::None, Act::default()),
        nodes.update(labelled("second"), Precondition::None, Act::default()),
    );
    let conflicts = [&first, &second]
        .into_iter()
        .filter(|one| matches!(one, Err(Error::Conflict)));
    assert_eq!(
        (conflicts.count(), first.is_ok() != second.is_ok()),
        (1, true)
    );
}

#[tokio::test]
async fn a_change_is_ended_though_its_caller_has_left() {
    let (scene, id) = Scene::with_tank().await;
    let handle = scene.state.system.twin(id.parse().unwrap()).unwrap();
    let before = handle.view().spec().as_ref().clone();
    let after = NodeSpec {
        label: "ended".to_owned(),
        version: before.version + 1,
        ..before
    };
    let change = scene
        .state
        .nodes
        .update(after, Precondition::None, Act::default());
    tokio::select! {
        biased;
        _ = change => panic!("the change took no time"),
        // The change was begun, and nobody waits for it any more.
        () = std::future::ready(()) => {}
    }
    scene.state.nodes.drained().await;
    assert_eq!(handle.view().spec().label, "ended");
    let refused = scene
        .patch(&format!("/api/v1/nodes/{id}"), r#"{"label": "late"}"#)
        .await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "busy")
    );
}

#[tokio::test]
async fn a_patch_that_changes_nothing_and_one_that_is_repeated_end_alike() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/nodes/{id}");
    let patch = r#"{"config": {"tank": {"dead_height_m": 0.1}}, "tags": {"x": "1"}}"#;
    let once = scene.patch(&path, patch).await.json();
    let twice = scene.patch(&path, patch).await.json();
    assert_eq!(
        (&once["config"], &once["tags"]),
        (&twice["config"], &twice["tags"])
    );
    assert_eq!(once["config"]["tank"]["full_height_m"], 2.0);
    let gone = scene
        .patch(&path, r#"{"config": null, "tags": {"x": null, "y": null}}"#)
        .await
        .json();
    assert_eq!(
        (&gone["config"]["tank"], &gone["tags"]),
        (&json!(null), &json!({"block": "B"}))
    );
}

#[tokio::test]
async fn another_geometry_takes_the_place_of_the_first_when_its_fields_are_removed() {
    let (scene, id) = Scene::with_tank().await;
    let patch = r#"{"config": {"tank": {"geometry":
        {"shape": "rectangular", "length_m": 2, "width_m": 3, "radius_m": null}}}}"#;
    let reply = scene.patch(&format!("/api/v1/nodes/{id}"), patch).await;
    assert_eq!(
        reply.json()["config"]["tank"]["geometry"]["shape"],
        "rectangular"
    );
}

#[tokio::test]
async fn a_renamed_node_is_found_by_its_new_key_alone() {
    let (scene, id) = Scene::with_tank().await;
    let renamed = scene
        .patch(&format!("/api/v1/nodes/{id}"), r#"{"node_key": "oht-9"}"#)
        .await;
    assert_eq!(renamed.status, StatusCode::OK);
    assert_eq!(
        scene.get("/api/v1/nodes/key:oht-9").await.json()["id"],
        id.as_str()
    );
    assert_eq!(
        scene.get("/api/v1/nodes/key:oht-7").await.code(),
        "not_found"
    );
    assert_eq!(
        scene.post("/api/v1/nodes", TANK).await.status,
        StatusCode::CREATED
    );
    let taken = scene
        .patch(&format!("/api/v1/nodes/{id}"), r#"{"node_key": "oht-7"}"#)
        .await;
    assert_eq!(
        (taken.status, taken.code().as_str()),
        (StatusCode::CONFLICT, "conflict")
    );
}

#[tokio::test]
async fn the_newest_values_are_answered_from_memory() {
    let (scene, id) = Scene::with_tank().await;
    scene.report(&id, 5, 80.0).await;
    let latest = scene
        .get(&format!("/api/v1/nodes/{id}/telemetry/latest"))
        .await
        .json();
    assert_eq!(latest["items"][0]["metric"], "distance_cm");
    assert_eq!(latest["items"][0]["value"], 80.0);
    assert_eq!(latest["items"][0]["source_at"], NOW.to_string());
}
