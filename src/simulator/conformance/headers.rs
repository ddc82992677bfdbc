//! Headers: what browsers, caches and small devices look for.

use axum::body::{Body, HttpBody};
use axum::http::{Method, Request};

use super::{Answer, Lab};
use crate::simulator::Knobs;

#[tokio::test]
async fn a_read_carries_the_recorded_headers() {
    let lab = Lab::new(Knobs::default());
    lab.write("?field1=1").await;
    lab.pass(8);
    let answer = lab.read("feeds.json").await;
    for (name, value) in [
        ("content-type", "application/json; charset=utf-8"),
        ("status", "200 OK"),
        ("cache-control", "max-age=7, private"),
        ("access-control-allow-origin", "*"),
        ("access-control-max-age", "1800"),
        (
            "access-control-allow-headers",
            "origin, content-type, X-Requested-With",
        ),
        (
            "access-control-allow-methods",
            "GET, POST, PUT, OPTIONS, DELETE, PATCH",
        ),
        ("x-frame-options", "SAMEORIGIN"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(answer.header("x-request-id").unwrap().len(), 36);
    assert!(answer.header("etag").unwrap().starts_with("W/\""));
}

#[tokio::test]
async fn a_refused_write_carries_the_recorded_headers() {
    let lab = Lab::new(Knobs::default());
    lab.write("?field1=1").await;
    let answer = lab.write("?field1=1").await;
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(
        answer.header("cache-control"),
        Some("max-age=0, private, must-revalidate")
    );
    assert_eq!(
        answer.header("etag"),
        Some("W/\"5feceb66ffc86f38d952786c6d696c79\"")
    );
}

#[tokio::test]
async fn a_private_feed_is_not_to_be_kept() {
    let lab = Lab::new(Knobs::default());
    let answer = lab
        .get(&format!("/channels/{}/feeds.json", lab.card().id))
        .await;
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(answer.header("etag"), None);
}

/// A server knows a length beforehand or must send chunks.
async fn length(lab: &Lab, path: &str) -> Option<u64> {
    let response = lab
        .send(Request::get(path).body(Body::empty()).unwrap())
        .await;
    response.body().size_hint().exact()
}

#[tokio::test]
async fn text_has_a_length_and_json_comes_in_chunks() {
    let lab = Lab::with_rows(Knobs::default(), 1);
    let card = lab.card();
    let path = |rest: &str| format!("/channels/{}/{rest}?api_key={}", card.id, card.read_api_key);
    assert_eq!(length(&lab, &path("fields/1/last")).await, Some(1));
    assert_eq!(length(&lab, "/update?api_key=WRONG").await, Some(1));
    assert!(length(&lab, &path("feeds/last.txt")).await.is_some());
    assert_eq!(length(&lab, &path("feeds.json")).await, None);
}

#[tokio::test]
async fn a_caller_may_do_without_headers() {
    let lab = Lab::new(Knobs::default());
    let answer = lab.write("?field1=1&headers=false").await;
    let names: Vec<_> = answer.headers.keys().map(|name| name.as_str()).collect();
    assert_eq!(
        (answer.body.as_str(), names),
        ("1", vec!["content-type", "content-length"])
    );
}

#[tokio::test]
async fn a_preflight_of_up_to_five_segments_is_allowed() {
    let lab = Lab::new(Knobs::default());
    for path in ["/update", "/a/b/c/d/e", "/channels/1/feeds.json"] {
        let answer = lab.call(Method::OPTIONS, path, "").await;
        assert_eq!(answer.said(), (200, ""), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    assert_eq!(
        lab.call(Method::OPTIONS, "/a/b/c/d/e/f", "").await.status,
        404
    );
}

async fn revalidate(lab: &Lab) -> Answer {
    let etag = lab
        .read("feeds.json")
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    let card = lab.card();
    let path = format!(
        "/channels/{}/feeds.json?api_key={}",
        card.id, card.read_api_key
    );
    let request = Request::get(path)
        .header("if-none-match", etag)
        .body(Body::empty());
    lab.ask(request.unwrap()).await
}

#[tokio::test]
async fn a_known_body_is_304_only_where_that_is_on() {
    let lab = Lab::with_rows(Knobs::default(), 1);
    assert_eq!(revalidate(&lab).await.status, 200);
    let lab = Lab::with_rows(
        Knobs {
            not_modified: true,
            ..Knobs::default()
        },
        1,
    );
    assert_eq!(revalidate(&lab).await.said(), (304, ""));
}

#[tokio::test]
async fn answers_are_compressed_only_where_that_is_on() {
    for (gzip, encoding) in [(false, None), (true, Some("gzip"))] {
        let knobs = Knobs {
            gzip,
            public_channels: true,
            ..Knobs::default()
        };
        let lab = Lab::with_rows(knobs, 50);
        let path = format!("/channels/{}/feeds.json", lab.card().id);
        let request = Request::get(path)
            .header("accept-encoding", "gzip")
            .body(Body::empty());
        let response = lab.send(request.unwrap()).await;
        let sent = response
            .headers()
            .get("content-encoding")
            .map(|v| v.to_str().unwrap());
        assert_eq!(sent, encoding);
    }
}
