//! What holds for every answer: correlation, time, caching, compression, who may ask.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};

use super::scene::{Scene, request};

#[tokio::test]
async fn a_fault_of_the_inside_says_nothing_of_the_inside() {
    let (scene, id) = Scene::with_tank().await;
    let reply = scene.get(&format!("/api/v1/nodes/{id}/events")).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    );
    assert!(
        !String::from_utf8(reply.bytes.clone())
            .unwrap()
            .contains("disk")
    );
    assert!(!reply.header("retry-after").is_empty());
    assert!(reply.json()["retry_after_ms"].is_u64());
}

#[tokio::test]
async fn every_answer_carries_its_correlation_and_its_time() {
    let scene = Scene::empty().await;
    let reply = scene
        .get_with("/health", "x-correlation-id", "a.b_c-1")
        .await;
    assert_eq!(reply.header("x-correlation-id"), "a.b_c-1");
    assert!(reply.header("server-timing").starts_with("total;dur="));
    assert!(reply.header("x-process-time").parse::<f64>().is_ok());
    assert_eq!(reply.header("cache-control"), "no-store");
    for bad in ["", "white space", &"x".repeat(65), "semi;colon"] {
        let reply = scene.get_with("/health", "x-correlation-id", bad).await;
        assert!(
            !reply.header("x-correlation-id").is_empty() && reply.header("x-correlation-id") != bad
        );
    }
}

#[tokio::test]
async fn without_the_token_only_open_routes_answer() {
    let scene = Scene::empty().await;
    for path in [
        "/health",
        "/health/live",
        "/api/v1/health/ready",
        "/api/openapi.json",
        "/api/asyncapi.json",
        "/asyncapi.json",
        "/api/docs",
    ] {
        let reply = scene
            .send(Request::get(path).body(Body::empty()).unwrap())
            .await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
    }
    for borne in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic an-open-secret",
    ] {
        let mut request = request(Method::GET, "/api/v1/nodes", "");
        request
            .headers_mut()
            .insert("authorization", borne.parse().unwrap());
        let reply = scene.send(request).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (StatusCode::UNAUTHORIZED, "unauthenticated")
        );
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
    }
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_ask() {
    let scene = Scene::empty().await;
    let plain = scene.get("/api/openapi.json").await;
    for encoding in ["gzip", "br"] {
        let packed = scene
            .get_with("/api/openapi.json", "accept-encoding", encoding)
            .await;
        assert_eq!(packed.header("content-encoding"), encoding);
        assert!(packed.bytes.len() < plain.bytes.len() / 2);
    }
    let small = scene.get_with("/health", "accept-encoding", "gzip").await;
    assert_eq!(small.header("content-encoding"), "");
}

#[tokio::test]
async fn a_service_that_is_being_stopped_is_not_ready_and_still_answers() {
    let scene = Scene::empty().await;
    scene.state.drain();
    assert_eq!(scene.get("/health/ready").await.code(), "unavailable");
    assert_eq!(scene.get("/health/live").await.status, StatusCode::OK);
    assert_eq!(scene.get("/health").await.json()["status"], "draining");
}
