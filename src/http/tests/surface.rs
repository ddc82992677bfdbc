//! What the contract promises, route by route.

use axum::http::StatusCode;
use serde_json::json;

use super::scene::{NOW, Scene, TANK};

#[tokio::test]
async fn a_twin_shows_what_was_measured_what_follows_and_what_is_missing() {
    let (scene, id) = Scene::with_tank().await;
    scene.report(&id, 2871, 53.25).await;
    let reply = scene.get(&format!("/api/v1/nodes/{id}/twin")).await;
    let twin = reply.json();
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(twin["node_id"], id);
    assert_eq!(twin["node_key"], "oht-7");
    assert_eq!(twin["kind"], "tank");
    assert_eq!(twin["status"]["state"], "online");
    let distance = &twin["reported"]["distance_cm"];
    assert_eq!(distance["value"], 53.25);
    assert_eq!(distance["unit"], "cm");
    assert_eq!(distance["quality"], "good");
    assert_eq!(distance["source"], "thingspeak:7#2871");
    assert_eq!(distance["source_at"], NOW.to_string());
    let battery = &twin["reported"]["battery_v"];
    assert_eq!(
        (&battery["value"], &battery["quality"]),
        (&json!(null), &json!("missing"))
    );
    assert!(twin["derived"]["level_pct"]["value"].as_f64().unwrap() > 80.0);
    assert_eq!(twin["derived"]["time_to_empty_s"], json!(null));
    assert_eq!((&twin["desired"], &twin["delta"]), (&json!({}), &json!({})));
    assert_eq!(
        twin["alerts"],
        json!({"active": 0, "unacknowledged": 0, "max_severity": null})
    );
    assert_eq!(twin["feed"]["channel_id"], 7);
    assert_eq!(twin["tags"], json!({"block": "B"}));
    assert_eq!(reply.header("etag"), format!("\"r{}\"", twin["revision"]));
}

#[tokio::test]
async fn a_twin_that_the_caller_has_already_is_304() {
    let (scene, id) = Scene::with_tank().await;
    let path = "/api/v1/nodes/key:oht-7/twin";
    let tag = scene.get(path).await.header("etag").to_owned();
    for held in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"x\", {tag}"),
        "*".to_owned(),
    ] {
        let reply = scene.get_with(path, "if-none-match", &held).await;
        assert_eq!(reply.status, StatusCode::NOT_MODIFIED, "{held}");
        assert_eq!((reply.header("etag"), reply.bytes.len()), (tag.as_str(), 0));
    }
    scene.report(&id, 1, 10.0).await;
    assert_eq!(
        scene.get_with(path, "if-none-match", &tag).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn parts_of_a_twin_can_be_asked_for() {
    let (scene, id) = Scene::with_tank().await;
    scene.report(&id, 1, 50.0).await;
    let base = format!("/api/v1/nodes/{id}/twin");
    assert_eq!(
        scene
            .get(&format!("{base}/reported/distance_cm/value"))
            .await
            .json(),
        50.0
    );
    assert_eq!(
        scene.get(&format!("{base}/reported/ph")).await.code(),
        "not_found"
    );
    let some = scene
        .get(&format!("{base}?fields=reported.distance_cm.value,tags"))
        .await
        .json();
    assert_eq!(
        some,
        json!({"reported": {"distance_cm": {"value": 50.0}}, "tags": {"block": "B"}})
    );
    assert_eq!(
        scene.get(&format!("{base}?fields=secrets")).await.code(),
        "invalid_request"
    );
    let values = scene.get(&format!("{base}?view=values")).await.json();
    assert_eq!(
        values["reported"],
        json!({"distance_cm": 50.0, "battery_v": null})
    );
}

#[tokio::test]
async fn tags_are_merged_and_orders_are_refused() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/nodes/{id}/twin");
    let reply = scene
        .patch(&path, r#"{"tags": {"block": null, "floor": "2"}}"#)
        .await;
    assert_eq!(reply.json()["tags"], json!({"floor": "2"}));
    let reply = scene.patch(&path, r#"{"desired": {"motor": "ON"}}"#).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reply.code(), "validation_failed");
    assert_eq!(reply.json()["errors"][0]["pointer"], "/desired");
    assert_eq!(
        scene.patch(&path, r#"{"reported": {}}"#).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_node_is_made_shown_changed_and_removed() {
    let scene = Scene::empty().await;
    let made = scene.post("/api/v1/nodes", TANK).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let path = made.header("location").to_owned();
    assert_eq!(
        path,
        format!("/api/v1/nodes/{}", made.json()["id"].as_str().unwrap())
    );
    assert_eq!(scene.post("/api/v1/nodes", TANK).await.code(), "conflict");
    assert_eq!(scene.get(&path).await.json()["status"], "provisioning");
    let changed = scene
        .patch(&path, r#"{"label": "New", "lat": null, "lng": null}"#)
        .await;
    let (label, lat, config) = (
        &changed.json()["label"],
        &changed.json()["lat"],
        &changed.json()["config"],
    );
    assert_eq!((label, lat), (&json!("New"), &json!(null)));
    assert_eq!(config["tank"]["full_height_m"], 2.0);
    assert_eq!(scene.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(scene.get(&path).await.code(), "not_found");
    assert_eq!(scene.delete(&path).await.code(), "not_found");
}

#[tokio::test]
async fn a_change_against_an_old_tag_is_412_and_against_the_version_survives_readings() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/nodes/{id}");
    let before = scene.get(&path).await;
    let (old, version) = (
        before.header("etag").to_owned(),
        before.json()["version"].clone(),
    );
    scene.report(&id, 1, 50.0).await;
    let late = scene.patch_if(&path, &old, r#"{"label": "A"}"#).await;
    assert_eq!(
        (late.status, late.code().as_str()),
        (StatusCode::PRECONDITION_FAILED, "precondition_failed")
    );
    let by_version = format!("\"v{version}\"");
    assert_eq!(
        scene
            .patch_if(&path, &by_version, r#"{"label": "A"}"#)
            .await
            .status,
        StatusCode::OK
    );
    let again = scene
        .patch_if(&path, &by_version, r#"{"label": "B"}"#)
        .await;
    assert_eq!(again.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(
        scene.patch_if(&path, "*", r#"{"label": "B"}"#).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn values_out_of_range_are_422_and_name_the_field() {
    let (scene, id) = Scene::with_tank().await;
    let config =
        r#"{"tank": {"geometry": {"shape": "sphere", "radius_m": -1}, "full_height_m": 1}}"#;
    let reply = scene
        .put(&format!("/api/v1/devices/{id}/config"), config)
        .await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed")
    );
    assert_eq!(
        reply.json()["errors"][0]["pointer"],
        "/tank/geometry/radius_m"
    );
    let reply = scene
        .patch(&format!("/api/v1/nodes/{id}"), r#"{"lat": 91}"#)
        .await;
    assert_eq!(reply.json()["errors"][0]["pointer"], "/lat");
}

#[tokio::test]
async fn a_read_key_goes_in_and_never_comes_out() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/devices/{id}/channel");
    let shown = scene.get(&path).await;
    assert_eq!(shown.json()["has_read_api_key"], true);
    for route in [
        path.clone(),
        format!("/api/v1/nodes/{id}"),
        format!("/api/v1/nodes/{id}/twin"),
    ] {
        let bytes = scene.get(&route).await.bytes;
        assert!(
            !String::from_utf8(bytes).unwrap().contains("SESAME"),
            "{route}"
        );
    }
    let same = r#"{"channel_id": 7, "field_map": {"field1": {"metric": "level_cm"}}}"#;
    assert_eq!(
        scene.put(&path, same).await.json()["has_read_api_key"],
        true
    );
    let other = r#"{"channel_id": 8, "field_map": {"field1": {"metric": "level_cm"}}}"#;
    assert_eq!(
        scene.put(&path, other).await.json()["has_read_api_key"],
        false
    );
    assert_eq!(scene.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(scene.get(&path).await.code(), "not_found");
}

#[tokio::test]
async fn lists_are_cut_into_pages_without_loss_or_repetition() {
    let scene = Scene::empty().await;
    for number in 0..7 {
        let body = TANK.replace("oht-7", &format!("oht-{number}"));
        assert_eq!(
            scene.post("/api/v1/nodes", &body).await.status,
            StatusCode::CREATED
        );
    }
    let (mut seen, mut path) = (Vec::new(), "/api/v1/nodes?limit=3".to_owned());
    loop {
        let page = scene.get(&path).await.json();
        let keys = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["node_key"].to_string());
        seen.extend(keys);
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/nodes?limit=3&cursor={cursor}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7);
}

#[tokio::test]
async fn filters_narrow_a_list() {
    let (scene, _) = Scene::with_tank().await;
    let count = async |query: &str| {
        let reply = scene.get(&format!("/api/v1/nodes?{query}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{query}: {}", reply.json());
        reply.json()["items"].as_array().unwrap().len()
    };
    for query in [
        "kind=tank,flow",
        "category=OHT",
        "q=OVERHEAD",
        "tag=block",
        "tag=block:B",
        "status=provisioning",
    ] {
        assert_eq!(count(query).await, 1, "{query}");
    }
    for query in [
        "kind=flow",
        "category=Sump",
        "q=nothing",
        "tag=block:A",
        "status=online,late",
    ] {
        assert_eq!(count(query).await, 0, "{query}");
    }
}

#[tokio::test]
async fn the_states_of_the_fleet_add_up() {
    let (scene, id) = Scene::with_tank().await;
    scene
        .post("/api/v1/nodes", &TANK.replace("oht-7", "oht-8"))
        .await;
    scene.report(&id, 1, 100.0).await;
    let stats = scene.get("/api/v1/dashboard/stats").await.json();
    let of = |name: &str| stats[name].as_u64().unwrap();
    let states = [
        "online",
        "late",
        "offline",
        "maintenance",
        "provisioning",
        "quarantined",
    ];
    let sum: u64 = states
        .iter()
        .map(|state| of(&format!("{state}_nodes")))
        .sum();
    assert_eq!((of("total_nodes"), sum, of("online_nodes")), (2, 2, 1));
    assert!(stats["stored_litres"].as_f64().unwrap() > 0.0);
    assert!(stats["capacity_litres"].as_f64() > stats["stored_litres"].as_f64());
}

#[tokio::test]
async fn maintenance_lasts_until_it_ends_and_a_past_instant_ends_it() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/nodes/{id}/maintenance");
    let reply = scene
        .post(
            &path,
            r#"{"until": "2100-01-01T00:00:00+05:30", "reason": "cleaning"}"#,
        )
        .await;
    assert_eq!(reply.json()["status"], "maintenance");
    assert_eq!(reply.json()["maintenance"]["until"], "2099-12-31T18:30:00Z");
    let reply = scene
        .post(
            &path,
            r#"{"until": "2000-01-01T00:00:00Z", "reason": "done"}"#,
        )
        .await;
    assert_eq!(reply.json()["maintenance"], json!(null));
    let reply = scene
        .post(&path, r#"{"until": "2000-01-01T00:00:00Z", "reason": " "}"#)
        .await;
    assert_eq!(reply.json()["errors"][0]["pointer"], "/reason");
}

#[tokio::test]
async fn a_node_that_never_reported_has_a_past_without_anything_in_it() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/nodes/{id}/telemetry");
    assert_eq!(
        scene.get(&path).await.json(),
        json!({"items": [], "next_cursor": null})
    );
    let buckets = scene.get(&format!("{path}?bucket=1h")).await;
    assert_eq!(buckets.status, StatusCode::OK);
    assert_eq!(buckets.json()["items"], json!([]));
}
