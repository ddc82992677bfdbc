//! What objects are: fields are known by name, each is said once, and never by an order that nobody promised.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::scene::{CHANNEL, Scene, TANK, request};

/// The pointers to all objects in `value`.
fn objects(value: &Value, at: &str) -> Vec<String> {
    let of_children = |children: Vec<(String, &Value)>| {
        let below = children
            .into_iter()
            .map(|(name, child)| objects(child, &format!("{at}/{name}")));
        below.flatten().collect::<Vec<_>>()
    };
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, child)| (name.clone(), child));
            let mut found = of_children(fields.collect());
            found.push(at.to_owned());
            found
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            of_children(
                items
                    .map(|(place, item)| (place.to_string(), item))
                    .collect(),
            )
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// `body` with one of its objects as the array of its values.
fn by_order(body: &Value, pointer: &str) -> String {
    let mut body = body.clone();
    let place = body.pointer_mut(pointer).unwrap();
    let fields: &Map<String, Value> = place.as_object().unwrap();
    *place = fields.values().cloned().collect();
    body.to_string()
}

fn node() -> Value {
    let mut node: Value = serde_json::from_str(TANK).unwrap();
    node["config"]["tank"]["geometry"] = json!({ "shape": "table", "points": [
        { "height_m": 0.0, "volume_l": 0.0 }, { "height_m": 2.5, "volume_l": 900.0 }] });
    node["config"]["meter"] = json!({ "max_flow_lpm": 50.0 });
    node["config"]["well"] = json!({ "probe_depth_m": 60.0 });
    node["config"]["limits"] = json!({ "ph": { "fail": [0.0, 14.0], "spike": 1.0 } });
    node
}

/// Bodies that are right, and where each may be sent.
fn bodies(id: &str) -> Vec<(Method, String, Value)> {
    let reading = json!({ "metric": "ph", "value": 7.0, "at": "2023-11-14T22:13:20Z" });
    let of_node = |rest: &str| format!("/api/v1/nodes/{id}{rest}");
    let of_device = |rest: &str| format!("/api/v1/devices/{id}/{rest}");
    vec![
        (Method::POST, "/api/v1/nodes".to_owned(), node()),
        (
            Method::PATCH,
            of_node(""),
            json!({ "tags": {}, "config": { "well": {}, "meter": { "max_flow_lpm": 50.0 } } }),
        ),
        (Method::PUT, of_device("config"), node()["config"].clone()),
        (
            Method::PUT,
            of_device("channel"),
            serde_json::from_str(CHANNEL).unwrap(),
        ),
        (Method::POST, of_device("keys"), json!({ "name": "board" })),
        (
            Method::POST,
            of_node("/maintenance"),
            json!({ "until": "2023-11-15T22:13:20Z" }),
        ),
        (Method::PATCH, of_node("/twin"), json!({ "desired": {} })),
        (
            Method::POST,
            of_node("/readings"),
            json!({ "readings": [reading] }),
        ),
        (
            Method::POST,
            "/api/v1/telemetry".to_owned(),
            json!({ "batches": [{ "node_id": id, "readings": [reading] }] }),
        ),
    ]
}

#[tokio::test]
async fn an_array_in_place_of_an_object_is_400_and_pointed_at_wherever_it_stands() {
    let (scene, id) = Scene::with_tank().await;
    for (method, path, body) in bodies(&id) {
        for pointer in objects(&body, "") {
            let sent = by_order(&body, &pointer);
            let reply = scene.send(request(method.clone(), &path, &sent)).await;
            let problem = reply.problem();
            assert_eq!(problem["status"], 400, "{method} {path} {sent}");
            let error = problem["errors"][0].clone();
            let named = error["pointer"].as_str().unwrap();
            // What is in a geometry is known to be wrong, and not where: its shape is found out first.
            let is_named = match pointer.split_once("/geometry/") {
                Some((before, _)) => named.starts_with(before) && named.ends_with("/geometry"),
                None => named == pointer,
            };
            assert!(is_named, "{error} for {sent}");
        }
    }
}

/// `body` with one of its fields said twice.
fn twice(body: &Value, object: &str, field: &str) -> String {
    const AGAIN: &str = "said again";
    let mut body = body.clone();
    let place = body.pointer_mut(object).unwrap().as_object_mut().unwrap();
    place.insert(AGAIN.to_owned(), place[field].clone());
    let quoted = |name: &str| format!("\"{name}\":");
    body.to_string().replace(&quoted(AGAIN), &quoted(field))
}

#[tokio::test]
async fn a_field_that_is_said_twice_is_400_and_named_wherever_it_stands() {
    let (scene, id) = Scene::with_tank().await;
    for (method, path, body) in bodies(&id) {
        for object in objects(&body, "") {
            let fields = body.pointer(&object).unwrap().as_object().unwrap();
            for field in fields.keys() {
                let sent = twice(&body, &object, field);
                let reply = scene.send(request(method.clone(), &path, &sent)).await;
                let problem = reply.problem();
                assert_eq!(problem["status"], 400, "{method} {path} {sent}");
                let error = &problem["errors"][0];
                assert_eq!(error["detail"], "is there twice", "{sent}");
                let named = error["pointer"].as_str().unwrap();
                assert!(named.ends_with(&format!("/{field}")), "{error} for {sent}");
            }
        }
    }
}
