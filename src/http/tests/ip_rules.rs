//! From where the service may be reached, and that nobody shuts themselves out.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::scene::{PEER, Reply, Scene, request};

const RULES: &str = "/api/v1/admin/ip-rules";
const NODES: &str = "/api/v1/nodes";

async fn rule(scene: &Scene, action: &str, network: &str) -> Reply {
    let body = json!({"network": network, "action": action});
    scene.post(RULES, &body.to_string()).await
}

/// The status and the code of what is told to somebody at `peer`.
async fn told(scene: &Scene, peer: &str, path: &str) -> (StatusCode, Value) {
    let peer: SocketAddr = peer.parse().unwrap();
    let asked = request(Method::GET, path, "");
    let answer = Arc::clone(&scene.edge).answer(asked, peer).await;
    let status = answer.status();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    (status, json["code"].clone())
}

async fn is_let_in(scene: &Scene, peer: &str) -> bool {
    match told(scene, peer, NODES).await {
        (StatusCode::OK, Value::Null) => true,
        (StatusCode::FORBIDDEN, code) if code == "forbidden" => false,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_rule_holds_from_the_answer_on_until_it_is_removed() {
    let scene = Scene::empty().await;
    assert!(is_let_in(&scene, "203.0.113.9:1").await);
    let made = rule(&scene, "deny", "203.0.113.0/24").await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
    assert!(!is_let_in(&scene, "203.0.113.9:1").await);
    assert!(!is_let_in(&scene, "[::ffff:203.0.113.9]:1").await);
    assert!(is_let_in(&scene, "203.0.114.9:1").await);
    let listed = scene.get(RULES).await.json();
    assert_eq!(listed["items"], json!([made.json()]));
    assert_eq!(made.json()["network"], "203.0.113.0/24");
    let removed = scene.delete(made.header("location")).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert!(is_let_in(&scene, "203.0.113.9:1").await);
    let again = scene.delete(made.header("location")).await;
    assert_eq!(again.code(), "not_found");
}

#[tokio::test]
async fn where_networks_are_allowed_nobody_else_is_let_in_and_who_is_denied_never() {
    let scene = Scene::empty().await;
    for (action, network) in [
        ("allow", "192.0.2.0/24"),
        ("allow", "198.51.100.0/24"),
        ("deny", "198.51.100.7"),
    ] {
        let made = rule(&scene, action, network).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
    }
    assert!(is_let_in(&scene, "198.51.100.8:1").await);
    assert!(!is_let_in(&scene, "198.51.100.7:1").await);
    assert!(!is_let_in(&scene, "203.0.113.9:1").await);
    assert!(!is_let_in(&scene, "[2001:db8::1]:1").await);
    for here in ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1"] {
        assert!(is_let_in(&scene, here).await, "{here}");
    }
}

#[tokio::test]
async fn nobody_makes_or_removes_a_rule_that_would_keep_them_out() {
    let scene = Scene::empty().await;
    for (action, network) in [
        ("deny", "192.0.2.0/24"),
        ("deny", "0.0.0.0/0"),
        ("allow", "10.0.0.0/8"),
    ] {
        let refused = rule(&scene, action, network).await;
        assert_eq!(refused.code(), "conflict", "{action} {network}");
        assert!(
            refused.json()["detail"]
                .as_str()
                .unwrap()
                .contains("keep you out")
        );
    }
    assert_eq!(scene.get(RULES).await.json()["items"], json!([]));
    let own = rule(&scene, "allow", &PEER.ip().to_string()).await;
    assert_eq!(own.status, StatusCode::CREATED);
    let other = rule(&scene, "allow", "10.0.0.0/8").await;
    let refused = scene.delete(own.header("location")).await;
    assert_eq!(refused.code(), "conflict");
    assert!(is_let_in(&scene, "192.0.2.7:1").await);
    // Without the other one, nothing is allowed by name, and so everyone is let in.
    for rule in [other, own] {
        let removed = scene.delete(rule.header("location")).await;
        assert_eq!(removed.status, StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn who_is_kept_out_is_told_nothing_else_and_probes_are_answered() {
    let scene = Scene::empty().await;
    rule(&scene, "deny", "203.0.113.0/24").await;
    for path in [
        NODES,
        "/nowhere",
        "/api/docs",
        "/api/openapi.json",
        "/healthy",
    ] {
        let (status, _) = told(&scene, "203.0.113.9:1", path).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
    for path in ["/health", "/health/live", "/api/v1/health/ready"] {
        let (status, _) = told(&scene, "203.0.113.9:1", path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_rule_is_a_network_an_action_and_perhaps_a_note() {
    let scene = Scene::empty().await;
    let faults = async |body: Value| {
        let reply = scene.post(RULES, &body.to_string()).await;
        assert_eq!(reply.code(), "validation_failed", "{body}");
        let errors = reply.json()["errors"].as_array().unwrap().clone();
        errors
            .iter()
            .map(|it| it["pointer"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let long = "x".repeat(201);
    assert_eq!(
        faults(json!({"network": "10.0.0.1/8", "action": "deny"})).await,
        ["/network"]
    );
    assert_eq!(
        faults(json!({"network": "here", "action": "Deny"})).await,
        ["/network", "/action"]
    );
    assert_eq!(
        faults(json!({"network": "10.0.0.0/8", "action": "deny", "note": long})).await,
        ["/note"]
    );
    rule(&scene, "deny", "10.0.0.0/8").await;
    assert_eq!(rule(&scene, "deny", "10.0.0.0/8").await.code(), "conflict");
    let asked = Request::get(RULES).body(Body::empty()).unwrap();
    assert_eq!(scene.send(asked).await.code(), "unauthenticated");
}
