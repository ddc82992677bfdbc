//! What devices may do with a key, and what they are told of their readings.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::scene::{Reply, Scene, TANK, request};

/// A key of the node, and its id.
pub(super) async fn key_of(scene: &Scene, id: &str) -> (String, String) {
    let path = format!("/api/v1/devices/{id}/keys");
    let made = scene.post(&path, r#"{"name": "board"}"#).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
    let json = made.json();
    let id = json["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), format!("{path}/{id}"));
    (json["key"].as_str().unwrap().to_owned(), id)
}

async fn second_tank(scene: &Scene) -> String {
    let made = scene
        .post("/api/v1/nodes", &TANK.replace("oht-7", "oht-8"))
        .await;
    made.json()["id"].as_str().unwrap().to_owned()
}

pub(super) async fn push_with(scene: &Scene, key: &str, path: &str, body: &Value) -> Reply {
    let mut request = request(Method::POST, path, &body.to_string());
    let value = format!("Device {key}").parse().unwrap();
    request.headers_mut().insert("authorization", value);
    scene.send(request).await
}

fn reading(metric: &str, value: impl Into<Value>) -> Value {
    json!({ "metric": metric, "value": value.into(), "at": "2023-11-14T22:13:20Z" })
}

fn readings(all: &[Value]) -> Value {
    json!({ "readings": all })
}

fn counts(reply: &Reply) -> [u64; 3] {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.json());
    let json = reply.json();
    ["accepted", "duplicates", "conflicting"].map(|name| json[name].as_u64().unwrap())
}

#[tokio::test]
async fn a_device_pushes_to_its_own_node_and_the_twin_shows_it() {
    let (scene, id) = Scene::with_tank().await;
    let (key, key_id) = key_of(&scene, &id).await;
    assert!(key.starts_with("evk_") && key.len() == 47, "{key}");
    let body = readings(&[reading("distance_cm", 53.2), reading("ph", "7,1\r\n")]);
    let pushed = push_with(&scene, &key, "/api/v1/device/readings", &body).await;
    assert_eq!(counts(&pushed), [2, 0, 0]);
    let twin = scene.get(&format!("/api/v1/nodes/{id}/twin")).await.json();
    assert_eq!(twin["reported"]["distance_cm"]["value"], 53.2);
    assert_eq!(
        twin["reported"]["distance_cm"]["source"],
        format!("push:{key_id}")
    );
    assert_eq!(twin["reported"]["ph"]["value"], 7.1);
    assert_eq!(pushed.json()["revision"], twin["revision"]);
    let path = format!("/api/v1/nodes/{id}/readings");
    let again = push_with(&scene, &key, &path, &body).await;
    assert_eq!(counts(&again), [2, 2, 0]);
    assert_eq!(again.json()["revision"], twin["revision"]);
}

#[tokio::test]
async fn the_rest_of_an_instant_is_taken_later_and_what_was_said_stays() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/nodes/{id}/readings");
    let push = async |all: &[Value]| {
        let body = readings(all).to_string();
        counts(&scene.post(&path, &body).await)
    };
    assert_eq!(push(&[reading("temperature_c", 20.0)]).await, [1, 0, 0]);
    assert_eq!(push(&[reading("distance_cm", 50.0)]).await, [1, 0, 0]);
    let both = [reading("distance_cm", 60.0), reading("temperature_c", 20.0)];
    assert_eq!(push(&both).await, [1, 1, 1]);
    let twin = scene.get(&format!("/api/v1/nodes/{id}/twin")).await.json();
    assert_eq!(twin["reported"]["temperature_c"]["value"], 20.0);
    assert_eq!(twin["reported"]["distance_cm"]["value"], 50.0);
}

#[tokio::test]
async fn for_a_device_nothing_exists_but_the_readings_of_its_node() {
    let (scene, id) = Scene::with_tank().await;
    let other = second_tank(&scene).await;
    let (key, key_id) = key_of(&scene, &id).await;
    let body = readings(&[reading("distance_cm", 53.2)]);
    let missing = "/api/v1/nodes/0197c0de-0000-7000-8000-000000000000/readings";
    let absent = push_with(&scene, &key, missing, &body).await;
    let foreign = format!("/api/v1/nodes/{other}/readings");
    let foreign = push_with(&scene, &key, &foreign, &body).await;
    assert_eq!(
        (foreign.status, foreign.code()),
        (StatusCode::NOT_FOUND, absent.code())
    );
    assert_eq!(foreign.json()["detail"], absent.json()["detail"]);
    for path in ["/api/v1/nodes", &format!("/api/v1/devices/{id}/keys")] {
        let reply = push_with(&scene, &key, path, &body).await;
        assert_eq!(reply.code(), "not_found", "{path}");
    }
    for wrong in [
        "",
        "evk_",
        &key[..46],
        &format!("{key}A"),
        &"x".repeat(5000),
    ] {
        let reply = push_with(&scene, wrong, "/api/v1/device/readings", &body).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    let keys = format!("/api/v1/devices/{id}/keys");
    let elsewhere = format!("/api/v1/devices/{other}/keys/{key_id}");
    assert_eq!(scene.delete(&elsewhere).await.code(), "not_found");
    let revoked = scene.delete(&format!("{keys}/{key_id}")).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    let reply = push_with(&scene, &key, "/api/v1/device/readings", &body).await;
    assert_eq!(reply.code(), "unauthenticated");
}

#[tokio::test]
async fn a_key_is_shown_once_and_a_node_has_ten() {
    let (scene, id) = Scene::with_tank().await;
    let (key, key_id) = key_of(&scene, &id).await;
    let path = format!("/api/v1/devices/{id}/keys");
    let list = scene.get(&path).await;
    assert!(
        !String::from_utf8(list.bytes.clone())
            .unwrap()
            .contains(&key)
    );
    let first = &list.json()["items"][0];
    assert_eq!(
        (&first["id"], &first["name"]),
        (&json!(key_id), &json!("board"))
    );
    assert_eq!(first["last_used_at"], Value::Null);
    push_with(&scene, &key, "/api/v1/device/readings", &json!({})).await;
    let used = scene.get(&path).await.json()["items"][0]["last_used_at"].clone();
    assert_eq!(used, "2023-11-14T22:13:20Z");
    for _ in 2..=10 {
        key_of(&scene, &id).await;
    }
    assert_eq!(scene.post(&path, "{}").await.code(), "conflict");
}

#[tokio::test]
async fn a_bad_reading_is_told_by_pointer_and_nothing_is_taken() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/nodes/{id}/readings");
    let long = "1".repeat(256);
    let body = readings(&[
        reading("distance_cm", 53.2),
        reading("Distance!", 1),
        json!({ "metric": "ph", "value": long, "at": "yesterday" }),
        reading("pump", 1),
    ]);
    let reply = scene.post(&path, &body.to_string()).await;
    assert_eq!(reply.code(), "validation_failed");
    let errors = reply.json()["errors"].as_array().unwrap().clone();
    let pointers: Vec<_> = errors
        .iter()
        .map(|it| it["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        pointers,
        ["/readings/1/metric", "/readings/2/value", "/readings/2/at"]
    );
    let twice = readings(&[reading("ph", 7), reading("pump", 1), reading("ph", 7)]);
    let reply = scene.post(&path, &twice.to_string()).await;
    assert_eq!(reply.code(), "validation_failed");
    assert_eq!(reply.json()["errors"][0]["pointer"], "/readings/2/metric");
    let many = readings(&vec![reading("ph", 7); 1001]);
    for body in [readings(&[]), many] {
        let reply = scene.post(&path, &body.to_string()).await;
        assert_eq!(reply.json()["errors"][0]["pointer"], "/readings");
    }
    let twin = scene
        .get(&format!("/api/v1/nodes/{id}/twin?view=values"))
        .await;
    assert!(!twin.json().to_string().contains("53.2"), "{}", twin.json());
}

#[tokio::test]
async fn one_bad_batch_of_a_bulk_harms_no_other() {
    let (scene, id) = Scene::with_tank().await;
    let other = second_tank(&scene).await;
    let good = || [reading("distance_cm", 53.2)];
    let bulk = json!({ "batches": [
        { "node_id": id, "readings": good() },
        { "node_key": "oht-8", "readings": good() },
        { "node_key": "oht-9", "readings": good() },
        { "node_id": "7", "readings": good() },
        { "readings": good() },
        { "node_id": id, "node_key": "oht-7", "readings": good() },
        { "node_id": id, "readings": [reading("distance_cm", 1), reading("distance_cm", 2)] },
        { "node_id": id, "readings": [] },
    ]});
    let reply = scene.post("/api/v1/telemetry", &bulk.to_string()).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.json());
    let results = reply.json()["results"].as_array().unwrap().clone();
    let status: Vec<_> = results
        .iter()
        .map(|it| it["status"].as_u64().unwrap())
        .collect();
    assert_eq!(status, [200, 200, 404, 422, 422, 422, 422, 422]);
    assert_eq!(
        (&results[0]["node_id"], &results[0]["accepted"]),
        (&json!(id), &json!(1))
    );
    assert_eq!(results[1]["node_id"], json!(other));
    assert_eq!(results[2]["error"]["code"], "not_found");
    let pointers = results[3..]
        .iter()
        .map(|it| it["error"]["errors"][0]["pointer"].clone());
    assert_eq!(
        pointers.collect::<Vec<_>>(),
        [
            "/batches/3/node_id",
            "/batches/4",
            "/batches/5",
            "/batches/6/readings/1/metric",
            "/batches/7/readings"
        ]
    );
    let (key, _) = key_of(&scene, &id).await;
    let by_device = push_with(&scene, &key, "/api/v1/telemetry", &bulk)
        .await
        .json();
    let status = [0, 1].map(|place: usize| by_device["results"][place]["status"].clone());
    assert_eq!(status, [200, 404]);
}

#[tokio::test]
async fn a_batch_with_a_value_of_another_type_is_refused_by_itself_and_broken_json_as_a_whole() {
    let (scene, id) = Scene::with_tank().await;
    let good = json!({ "node_id": id, "readings": [reading("ph", 7.0)] });
    let batches = [
        (
            json!({ "node_id": id, "readings": [reading("ph", 6.5), reading("ph", true)] }),
            "/batches/0/readings/1/value",
        ),
        (
            json!({ "node_id": id, "readings": 7 }),
            "/batches/1/readings",
        ),
        (
            json!({ "node_id": 7, "readings": [] }),
            "/batches/2/node_id",
        ),
        (
            json!({ "node_id": id, "readings": [], "x": 1 }),
            "/batches/3/x",
        ),
        (json!(null), "/batches/4"),
        (json!({ "node_id": id }), "/batches/5/readings"),
    ];
    let mut all: Vec<_> = batches.iter().map(|(batch, _)| batch.clone()).collect();
    all.push(good);
    let body = json!({ "batches": all });
    let reply = scene.post("/api/v1/telemetry", &body.to_string()).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.json());
    let results = reply.json()["results"].clone();
    for (place, (_, pointer)) in batches.iter().enumerate() {
        let result = &results[place];
        assert_eq!(result["status"], 400, "{result}");
        assert_eq!(result["error"]["errors"][0]["pointer"], *pointer);
    }
    let taken = &results[batches.len()];
    assert_eq!(
        (&taken["status"], &taken["accepted"]),
        (&json!(200), &json!(1))
    );
    for broken in [
        body.to_string().trim_end_matches('}'),
        "{\"batches\": [{}, nonsense]}",
    ] {
        let reply = scene.post("/api/v1/telemetry", broken).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{broken}");
    }
}

#[tokio::test]
async fn a_bulk_may_have_ten_mebibytes_and_any_other_push_one() {
    let (scene, id) = Scene::with_tank().await;
    let body = |mebibytes: usize| {
        let padding = " ".repeat(mebibytes * 1024 * 1024);
        format!(r#"{{"batches": []{padding}}}"#)
    };
    let taken = scene.post("/api/v1/telemetry", &body(9)).await;
    assert_eq!(taken.status, StatusCode::OK);
    let refused = scene.post("/api/v1/telemetry", &body(10)).await;
    assert_eq!(refused.code(), "payload_too_large");
    for path in [&format!("/api/v1/nodes/{id}/readings"), "/api/v1/nodes"] {
        assert_eq!(scene.post(path, &body(1)).await.code(), "payload_too_large");
    }
}
