//! A request that is repeated under its key: done once, answered alike.

use axum::http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use super::estate::{estate, estate_of, id};
use super::live::Changing;
use super::people::Inhabited;
use super::scene::{Reply, Scene, TANK, request};

async fn keyed(scene: &Scene, key: &str, path: &str, body: &str) -> Reply {
    let mut request = request(Method::POST, path, body);
    let headers = request.headers_mut();
    headers.insert("idempotency-key", key.parse().unwrap());
    scene.send(request).await
}

fn assert_alike(one: &Reply, two: &Reply) {
    assert_eq!(one.status, two.status);
    assert_eq!(one.bytes, two.bytes);
    let kept = |headers: &HeaderMap| {
        ["location", "etag", "content-type"].map(|name| headers.get(name).cloned())
    };
    assert_eq!(kept(&one.headers), kept(&two.headers));
}

#[tokio::test]
async fn a_node_is_made_once_and_its_maker_is_answered_alike() {
    let scene = Scene::empty().await;
    let made = keyed(&scene, "k-1", "/api/v1/nodes", TANK).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let again = keyed(&scene, "k-1", "/api/v1/nodes", TANK).await;
    assert_alike(&made, &again);
    let shown = scene.get(made.header("location")).await;
    assert_eq!(shown.json(), made.json());
    assert_eq!(shown.header("etag"), made.header("etag"));
    let other = keyed(
        &scene,
        "k-1",
        "/api/v1/nodes",
        &TANK.replace("oht-7", "oht-8"),
    )
    .await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (StatusCode::CONFLICT, "idempotency_mismatch")
    );
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let elsewhere = format!("/api/v1/nodes/{id}/maintenance");
    assert_eq!(
        keyed(&scene, "k-1", &elsewhere, TANK).await.code(),
        "idempotency_mismatch"
    );
}

#[tokio::test]
async fn a_refusal_is_not_kept_and_frees_the_key() {
    let scene = Scene::empty().await;
    let refused = keyed(&scene, "k", "/api/v1/nodes", r#"{"label": 1}"#).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let made = keyed(&scene, "k", "/api/v1/nodes", TANK).await;
    assert_eq!(made.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_device_key_is_made_once_and_shown_again_to_whoever_asked_for_it() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/devices/{id}/keys");
    let made = keyed(&scene, "k", &path, "{}").await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_alike(&made, &keyed(&scene, "k", &path, "{}").await);
    assert_eq!(
        scene.get(&path).await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_node_is_taken_out_of_service_once_and_the_condition_is_not_asked_for_again() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/nodes/{id}");
    let before = scene.get(&path).await;
    let maintain = async |key: &str, until: &str| {
        let body = json!({ "until": until, "reason": "a new float" }).to_string();
        let mut request = request(Method::POST, &format!("{path}/maintenance"), &body);
        let headers = request.headers_mut();
        headers.insert("idempotency-key", key.parse().unwrap());
        headers.insert("if-match", before.header("etag").parse().unwrap());
        scene.send(request).await
    };
    let done = maintain("k", "2040-01-01T00:00:00Z").await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    let shown = scene.get(&path).await;
    assert_eq!(shown.json(), done.json());
    assert_eq!(shown.header("etag"), done.header("etag"));
    assert_eq!(shown.json()["maintenance"]["reason"], "a new float");
    assert_alike(&done, &maintain("k", "2040-01-01T00:00:00Z").await);
    let late = maintain("l", "2041-01-01T00:00:00Z").await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(scene.get(&path).await.json(), done.json());
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_answered_alike_too() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/nodes/{id}/maintenance");
    let over = json!({ "until": "2001-01-01T00:00:00Z", "reason": "done" }).to_string();
    let done = keyed(&scene, "k", &path, &over).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    scene.report(&id, 1, 50.0).await;
    assert_alike(&done, &keyed(&scene, "k", &path, &over).await);
}

#[tokio::test]
async fn readings_without_a_time_are_taken_once_under_a_key() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/nodes/{id}/readings");
    let body = r#"{"readings": [{"metric": "distance_cm", "value": 53.2}]}"#;
    let taken = keyed(&scene, "k", &path, body).await;
    assert_eq!(
        (taken.status, &taken.json()["accepted"]),
        (StatusCode::OK, &json!(1))
    );
    assert_alike(&taken, &keyed(&scene, "k", &path, body).await);
    let other = body.replace("53.2", "53.3");
    assert_eq!(
        keyed(&scene, "k", &path, &other).await.code(),
        "idempotency_mismatch"
    );
}

#[tokio::test]
async fn a_bulk_is_answered_alike_under_a_key() {
    let (scene, id) = Scene::with_tank().await;
    let reading = json!({ "metric": "distance_cm", "value": 53.2 });
    let batch = json!({ "node_id": id, "readings": [reading] });
    let bulk = json!({ "batches": [batch, { "node_key": "none", "readings": [reading] }] });
    let taken = keyed(&scene, "k", "/api/v1/telemetry", &bulk.to_string()).await;
    assert_eq!(taken.json()["results"][1]["status"], 404);
    let again = keyed(&scene, "k", "/api/v1/telemetry", &bulk.to_string()).await;
    assert_alike(&taken, &again);
}

#[tokio::test]
async fn callers_do_not_meet_in_each_others_keys() {
    let (scene, id) = Scene::with_tank().await;
    let keys = format!("/api/v1/devices/{id}/keys");
    let key = scene.post(&keys, "{}").await.json()["key"].clone();
    let path = format!("/api/v1/nodes/{id}/readings");
    let body = |value: f64| json!({ "readings": [{ "metric": "ph", "value": value }] }).to_string();
    assert_eq!(
        keyed(&scene, "k", &path, &body(7.0)).await.status,
        StatusCode::OK
    );
    let mut by_device = request(Method::POST, &path, &body(8.0));
    let headers = by_device.headers_mut();
    headers.insert("idempotency-key", "k".parse().unwrap());
    let key = format!("Device {}", key.as_str().unwrap());
    headers.insert("authorization", key.parse().unwrap());
    assert_eq!(scene.send(by_device).await.status, StatusCode::OK);
}

#[tokio::test]
async fn of_two_requests_at_once_one_is_done() {
    let scene = Scene::empty().await;
    let (one, two) = tokio::join!(
        keyed(&scene, "k", "/api/v1/nodes", TANK),
        keyed(&scene, "k", "/api/v1/nodes", TANK),
    );
    for reply in [&one, &two] {
        let done = reply.status == StatusCode::CREATED;
        assert!(done || reply.code() == "conflict", "{}", reply.json());
    }
    assert!([one.status, two.status].contains(&StatusCode::CREATED));
    let nodes: Value = scene.get("/api/v1/nodes").await.json();
    assert_eq!(nodes["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_that_is_no_key_is_400_on_every_post() {
    let (scene, id) = Scene::with_tank().await;
    for path in [
        "/api/v1/nodes".to_owned(),
        format!("/api/v1/nodes/{id}/readings"),
        "/api/v1/telemetry".to_owned(),
        "/api/v1/admin/pollers/7/poll".to_owned(),
    ] {
        for key in ["", " ", "a b", "k\u{e9}", &"x".repeat(129)] {
            let reply = keyed(&scene, key, &path, "{}").await;
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path} {key}");
            assert_eq!(reply.json()["errors"][0]["pointer"], "/idempotency-key");
        }
        let reply = keyed(&scene, &"x".repeat(128), &path, "{").await;
        assert!(!reply.status.is_server_error(), "{path}");
    }
    let mut twice = request(Method::POST, "/api/v1/nodes", TANK);
    for key in ["a", "b"] {
        twice
            .headers_mut()
            .append("idempotency-key", key.parse().unwrap());
    }
    assert_eq!(scene.send(twice).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_shown_once_is_not_shown_again_to_whoever_may_not_ask_for_it_any_more() {
    let people = std::sync::Arc::new(Changing::default());
    for who in ["super_admin", "mallory"] {
        people.make(who, "super_admin");
    }
    let scene = estate_of(people.clone()).await;
    let node = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    let path = format!("/api/v1/devices/{node}/keys");
    let ask = async || {
        let mut request = request(Method::POST, &path, "{}");
        let headers = request.headers_mut();
        headers.insert("authorization", "Bearer mallory".parse().unwrap());
        headers.insert("idempotency-key", "k".parse().unwrap());
        scene.send(request).await
    };
    let made = ask().await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_alike(&made, &ask().await);
    for (like, code) in [("operator", "forbidden"), ("nobody", "not_found")] {
        people.make("mallory", like);
        assert_eq!(ask().await.code(), code, "{like}");
    }
    people.make("mallory", "community_admin");
    assert_alike(&made, &ask().await);
}

#[tokio::test]
async fn an_account_is_made_once_and_its_password_shown_again_to_whoever_made_it() {
    let scene = super::acts::kept().await;
    let token = scene.token(&scene.root().await).await;
    let ask = async |name: &str| {
        let body = json!({"email": "bo@example.org", "name": name, "role": "super_admin", "with_password": true});
        let mut request = request(Method::POST, "/api/v1/admin/users", &body.to_string());
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        headers.insert("idempotency-key", "k".parse().unwrap());
        scene.send(request).await
    };
    let made = ask("Bo").await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
    assert_alike(&made, &ask("Bo").await);
    assert_eq!(ask("Bob").await.code(), "idempotency_mismatch");
    let listed = scene
        .ask_as(&token, Method::GET, "/admin/users", None)
        .await;
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 2);
    let password = made.json()["one_time_password"]
        .as_str()
        .unwrap()
        .to_owned();
    let login = scene.log_in("bo@example.org", &password, None).await;
    assert_eq!(login.status, StatusCode::OK);
}

#[tokio::test]
async fn a_login_is_kept_under_no_key_and_each_is_a_session_of_its_own() {
    let scene = Inhabited::new().await;
    let root = scene.root().await;
    let body = json!({"email": root.account.email.as_str(), "password": root.password});
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let mut request = request(Method::POST, "/api/v1/auth/login", &body.to_string());
        let headers = request.headers_mut();
        headers.remove("authorization");
        headers.insert("idempotency-key", "k".parse().unwrap());
        let reply = scene.send(request).await;
        assert_eq!(reply.status, StatusCode::OK);
        tokens.push(reply.json()["refresh_token"].clone());
    }
    assert_ne!(tokens[0], tokens[1]);
    let api = scene.get("/api/openapi.json").await.json();
    let names_key = |path: &str| {
        let parameters = api["paths"][format!("/api/v1{path}")]["post"]["parameters"].to_string();
        parameters.contains("Idempotency-Key")
    };
    assert!(names_key("/nodes") && names_key("/auth/password"));
    for path in ["/auth/login", "/auth/refresh", "/auth/logout", "/auth/sync"] {
        assert!(!names_key(path), "{path}");
    }
}

/// Asks as somebody, under a key.
async fn keyed_as(who: &str, scene: &Scene, (path, body): (&str, &Value)) -> Reply {
    let mut request = request(Method::POST, &format!("/api/v1{path}"), &body.to_string());
    let headers = request.headers_mut();
    headers.insert("authorization", format!("Bearer {who}").parse().unwrap());
    headers.insert("idempotency-key", path.replace('/', ".").parse().unwrap());
    scene.send(request).await
}

fn tank_in(community: &str) -> Value {
    let mut body: Value = serde_json::from_str(TANK).unwrap();
    body["community_id"] = json!(id(community));
    body
}

#[tokio::test]
async fn what_was_made_is_not_shown_again_to_whoever_does_not_see_its_place_any_more() {
    let people = std::sync::Arc::new(Changing::default());
    people.make("super_admin", "super_admin");
    let scene = estate_of(people.clone()).await;
    let community = json!({ "name": "New", "distributor_id": id("d2"), "region": "north" });
    let customer = json!({ "name": "New", "community_id": id("o1") });
    for (path, body, unknown) in [
        ("/nodes", tank_in("o1"), "/community_id"),
        ("/admin/communities", community, "/distributor_id"),
        ("/admin/customers", customer, "/community_id"),
    ] {
        let ask = async || keyed_as("mallory", &scene, (path, &body)).await;
        people.make("mallory", "super_admin");
        let made = ask().await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
        assert_alike(&made, &ask().await);
        // Of the other distributor, where he may make the same.
        people.make("mallory", "distributor");
        let refused = ask().await;
        assert_eq!(refused.code(), "validation_failed", "{path}");
        assert_eq!(refused.json()["errors"][0]["pointer"], unknown, "{path}");
        people.make("mallory", "super_admin");
        assert_alike(&made, &ask().await);
    }
}

#[tokio::test]
async fn a_node_that_took_the_last_room_is_answered_alike() {
    let scene = estate().await;
    let path = format!("/admin/communities/{}", id("n1"));
    let plan = json!({ "plan_id": id("base") }).to_string();
    let planned = scene.ask("super_admin", Method::PATCH, &path, &plan).await;
    assert_eq!(planned.status, StatusCode::OK, "{}", planned.json());
    scene.tank("oht-1", Some("n1"), None).await;
    let last = tank_in("n1");
    let made = keyed_as("community_admin", &scene, ("/nodes", &last)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
    let again = keyed_as("community_admin", &scene, ("/nodes", &last)).await;
    assert_alike(&made, &again);
    let last = last.to_string();
    let more = scene.ask("community_admin", Method::POST, "/nodes", &last);
    assert_eq!(more.await.code(), "forbidden");
}
