//! What every answer tells browsers, which pages may ask, and what is read at all.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};

use super::scene::{Scene, empty_inside, operator, request};
use crate::address::Proxies;
use crate::http::{Border, Inside, Transport};

const PAGE: &str = "https://example.com";

async fn scene(transport: Transport) -> Scene {
    let origins = vec![PAGE.parse().unwrap()];
    let border = Border::new(Proxies::default(), origins, transport);
    Scene::of(Inside {
        border,
        ..empty_inside(operator()).await
    })
}

/// A browser's question whether a page may ask.
fn preflight(origin: &str) -> Request<Body> {
    Request::options("/api/v1/nodes")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn every_answer_forbids_browsers_all_it_can() {
    let scene = scene(Transport::Tls).await;
    for path in [
        "/health",
        "/api/v1/nodes",
        "/api/v1/nodes/not-an-id",
        "/nowhere",
        "/api/openapi.json",
    ] {
        let reply = scene.get(path).await;
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            (
                "strict-transport-security",
                "max-age=31536000; includeSubDomains",
            ),
        ] {
            assert_eq!(reply.header(name), value, "{path} {name}");
        }
        assert!(reply.header("permissions-policy").contains("camera=()"));
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn tls_is_insisted_on_only_where_there_is_some() {
    let plain = Scene::empty().await.get("/health").await;
    assert_eq!(plain.header("strict-transport-security"), "");
}

#[tokio::test]
async fn the_page_runs_its_own_script_and_nothing_that_was_slipped_in() {
    let reply = Scene::empty().await.get("/api/docs").await;
    let policy = reply.header("content-security-policy");
    assert!(!policy.contains("unsafe"), "{policy}");
    let page = String::from_utf8(reply.bytes.clone()).unwrap();
    for element in ["script", "style"] {
        // The fingerprint of the first one is told: another one would not be run.
        assert_eq!(page.matches(&format!("<{element}")).count(), 1, "{element}");
        assert!(
            policy.contains(&format!("{element}-src 'sha256-")),
            "{policy}"
        );
    }
    assert!(!page.contains(" style=") && !page.contains(" onclick="));
}

#[tokio::test]
async fn a_page_may_ask_when_its_origin_is_named_letter_by_letter() {
    let scene = scene(Transport::Plain).await;
    let asked = scene.send(preflight(PAGE)).await;
    assert_eq!(asked.status, StatusCode::NO_CONTENT);
    assert_eq!(asked.header("access-control-allow-origin"), PAGE);
    let methods = asked.header("access-control-allow-methods");
    assert!(methods.contains("PATCH"), "{methods}");
    let with = asked.header("access-control-allow-headers");
    assert!(
        with.contains("authorization") && with.contains("idempotency-key"),
        "{with}"
    );
    let reply = scene.get_with("/api/v1/nodes", "origin", PAGE).await;
    assert_eq!(reply.header("access-control-allow-origin"), PAGE);
    assert_eq!(reply.header("access-control-allow-credentials"), "");
    assert!(
        reply
            .header("access-control-expose-headers")
            .contains("retry-after")
    );
    assert!(reply.header("vary").contains("origin"));
}

#[tokio::test]
async fn no_other_page_may_ask() {
    for origin in [
        "https://example.com.evil.example",
        "https://evil.example",
        "http://example.com",
        "https://EXAMPLE.com",
        "https://example.com:8443",
        "https://example.com/",
        "null",
        "*",
        "",
    ] {
        let scene = scene(Transport::Plain).await;
        let asked = scene.send(preflight(origin)).await;
        assert_eq!(
            asked.header("access-control-allow-origin"),
            "",
            "{origin:?}"
        );
        assert_eq!(
            asked.header("access-control-allow-methods"),
            "",
            "{origin:?}"
        );
        let reply = scene.get_with("/api/v1/nodes", "origin", origin).await;
        assert_eq!(
            reply.header("access-control-allow-origin"),
            "",
            "{origin:?}"
        );
        // A cache must not hand the answer to another page either.
        assert!(reply.header("vary").contains("origin"), "{origin:?}");
    }
}

#[tokio::test]
async fn by_default_no_page_of_another_origin_may_ask() {
    let scene = Scene::empty().await;
    let asked = scene.send(preflight(PAGE)).await;
    assert_eq!(asked.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(asked.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn nothing_but_json_is_read() {
    let (scene, id) = Scene::with_tank().await;
    let path = format!("/api/v1/nodes/{id}");
    for kind in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "text/json",
    ] {
        for (method, path) in [
            (Method::POST, "/api/v1/nodes"),
            (Method::PATCH, path.as_str()),
        ] {
            let mut asked = request(method, path, "{}");
            asked
                .headers_mut()
                .insert("content-type", kind.parse().unwrap());
            let reply = scene.send(asked).await;
            assert_eq!(reply.code(), "unsupported_media_type", "{kind:?}");
        }
    }
    let mut asked = request(Method::PATCH, &path, r#"{"label": "Tank"}"#);
    let kind = "application/merge-patch+json".parse().unwrap();
    asked.headers_mut().insert("content-type", kind);
    assert_eq!(scene.send(asked).await.status, StatusCode::OK);
}
