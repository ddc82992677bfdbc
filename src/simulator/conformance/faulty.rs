//! Every fault that can be ordered, seen from the caller's side.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response};
use tokio::time::{Instant, timeout};

use super::Lab;
use crate::simulator::Knobs;

async fn faulty(rows: usize, order: &str) -> Lab {
    let lab = Lab::with_rows(Knobs::default(), rows);
    let answer = lab.order(order).await;
    assert_eq!(answer.said(), (204, ""), "{order}");
    lab
}

async fn response(lab: &Lab) -> Response<Body> {
    let card = lab.card();
    let path = format!(
        "/channels/{}/feeds.json?api_key={}",
        card.id, card.read_api_key
    );
    lab.send(Request::get(path).body(Body::empty()).unwrap())
        .await
}

#[tokio::test]
async fn a_status_is_answered_and_cleared() {
    let lab = faulty(1, r#"{"status":429,"retry_after_s":30}"#).await;
    let answer = lab.read("feeds.json").await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("30"))
    );
    assert_eq!(
        answer.json()["error"]["error_code"],
        "error_too_many_requests"
    );
    assert_eq!(lab.write("?field1=1").await.status, 429);
    assert_eq!(lab.card().last_entry_id, Some(1));
    lab.order("{}").await;
    assert_eq!(lab.read("feeds.json").await.status, 200);
}

#[tokio::test]
async fn gateway_errors_and_portals_speak_html() {
    for status in [500, 502, 503] {
        let lab = faulty(1, &format!(r#"{{"status":{status}}}"#)).await;
        assert_eq!(lab.read("feeds.json").await.status, status);
    }
    let lab = faulty(1, r#"{"html":true}"#).await;
    let page = lab.read("feeds.json").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert!(page.body.starts_with("<!DOCTYPE html>"));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_channel_does_not_answer_before_its_time() {
    let lab = faulty(1, r#"{"hang":30}"#).await;
    assert!(
        timeout(Duration::from_secs(29), response(&lab))
            .await
            .is_err()
    );
    let late = timeout(Duration::from_secs(31), response(&lab))
        .await
        .unwrap();
    assert_eq!(late.status().as_u16(), 504);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_takes_its_time_and_arrives_whole() {
    let lab = faulty(100, r#"{"slow_body":1000}"#).await;
    let started = Instant::now();
    let answer = lab.read("feeds.json").await;
    assert_eq!(answer.entry_ids().len(), 100);
    assert!(
        started.elapsed() > Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_truncated_body_ends_properly_and_is_no_json() {
    let lab = faulty(10, r#"{"truncate":true}"#).await;
    let answer = lab.read("feeds.json").await;
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.body).is_err());
    let lab = faulty(10, r#"{"truncate":5}"#).await;
    assert_eq!(lab.read("feeds.json").await.body.len(), 5);
}

#[tokio::test]
async fn a_cut_body_breaks_off_after_the_request_was_obeyed() {
    let lab = faulty(1, r#"{"cut":true}"#).await;
    let path = format!("/update?api_key={}&field1=1", lab.card().write_api_key);
    let response = lab
        .send(Request::get(path).body(Body::empty()).unwrap())
        .await;
    assert!(to_bytes(response.into_body(), 1_000).await.is_err());
    assert_eq!(lab.card().last_entry_id, Some(2));
}

#[tokio::test]
async fn a_huge_body_passes_any_sane_limit() {
    let lab = faulty(1, r#"{"huge_body":3000000}"#).await;
    assert!(
        to_bytes(response(&lab).await.into_body(), 2_900_000)
            .await
            .is_err()
    );
    let lab = faulty(1, r#"{"huge_body":3000000}"#).await;
    assert!(
        to_bytes(response(&lab).await.into_body(), 3_000_000)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_denied_channel_refuses_its_own_keys() {
    let lab = faulty(1, r#"{"deny":true}"#).await;
    assert_eq!(lab.read("feeds.json").await.said(), (400, "-1"));
    assert_eq!(lab.write("?field1=1").await.said(), (400, "0"));
}

#[tokio::test]
async fn a_skewed_clock_moves_every_row_and_its_windows() {
    let lab = faulty(3, r#"{"clock_skew_s":3600}"#).await;
    let last = lab.read("feeds/last.json").await.json();
    assert_eq!(last["created_at"], "2026-01-01T01:00:00Z");
    let ids = lab
        .read("feeds.json?start=2026-01-01%2000:59:00")
        .await
        .entry_ids();
    assert_eq!(ids, [2, 3]);
}

#[tokio::test]
async fn backfilled_rows_have_new_ids_and_old_times() {
    let lab = faulty(5, r#"{"backfill":3}"#).await;
    assert_eq!(
        lab.read("feeds.json").await.entry_ids(),
        [8, 7, 6, 1, 2, 3, 4, 5]
    );
    lab.order("{}").await;
    assert_eq!(lab.card().last_entry_id, Some(8));
}

#[tokio::test]
async fn a_reset_channel_begins_again_at_one() {
    let lab = faulty(5, r#"{"entry_reset":true}"#).await;
    lab.write("?field1=1").await;
    assert_eq!(lab.read("feeds.json").await.entry_ids(), [1]);
}

#[tokio::test]
async fn a_stale_channel_answers_200_and_shows_nothing_new() {
    let lab = faulty(5, r#"{"stale":true}"#).await;
    assert_eq!(lab.write("?field1=1").await.body, "6");
    let seen = lab.read("feeds.json").await;
    assert_eq!((seen.status, seen.entry_ids()), (200, vec![1, 2, 3, 4, 5]));
    assert_eq!(seen.json()["channel"]["last_entry_id"], 5);
    lab.order("{}").await;
    assert_eq!(lab.read("feeds/last.json").await.json()["entry_id"], 6);
}

#[tokio::test]
async fn duplicated_rows_come_twice() {
    let lab = faulty(2, r#"{"duplicates":true}"#).await;
    assert_eq!(lab.read("feeds.json").await.entry_ids(), [1, 1, 2, 2]);
}

#[tokio::test]
async fn odd_values_and_nulls_are_shown_and_not_stored() {
    let lab = faulty(20, r#"{"odd_values":true}"#).await;
    let odd = lab.read("feeds.json").await.body;
    for text in [r#""nan""#, r#""0\r\n\r\n""#, r#""12 cm""#, r#""18:1:39""#] {
        assert!(odd.contains(text), "{text}");
    }
    lab.order(r#"{"null_fields":true}"#).await;
    let half = lab.read("feeds.json").await.json();
    let nulls = |json: &serde_json::Value| {
        let feeds = json["feeds"].as_array().unwrap();
        feeds.iter().filter(|feed| feed["field1"].is_null()).count()
    };
    assert_eq!(nulls(&half), 10);
    lab.order("{}").await;
    assert_eq!(nulls(&lab.read("feeds.json").await.json()), 0);
}

#[tokio::test]
async fn a_fault_of_the_host_reaches_every_channel_and_every_verb() {
    let lab = Lab::with_rows(Knobs::default(), 1);
    let put = |body: &'static str| lab.call_json(Method::PUT, "/_control/faults", body);
    assert_eq!(put(r#"{"status":503}"#).await.status, 204);
    assert_eq!(lab.read("feeds.json").await.status, 503);
    assert_eq!(lab.write("?field1=1").await.status, 503);
    assert_eq!(lab.get("/nowhere").await.status, 503);
    assert_eq!(
        lab.call_json(Method::POST, "/update", "{").await.status,
        503
    );
    assert_eq!(lab.get("/_control/faults").await.body, r#"{"status":503}"#);
    assert_eq!(put("{}").await.status, 204);
    assert_eq!(lab.read("feeds.json").await.status, 200);
    assert_eq!(put(r#"{"stale":true}"#).await.status, 400);
}
