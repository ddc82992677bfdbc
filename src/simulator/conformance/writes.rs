//! Writes: what is stored, what is refused, and how little the status says about it.

use axum::body::Body;
use axum::http::{Method, Request};
use proptest::prelude::*;

use super::{Lab, NEW_YEAR_S};
use crate::simulator::Knobs;
use crate::simulator::knobs::{BulkAccepted, BulkTooSoon, DuplicateStamp, UpdateTooSoon};

#[tokio::test]
async fn an_update_answers_with_its_entry_id() {
    let lab = Lab::with_rows(Knobs::default(), 17);
    let answer = lab.write("?field1=1").await;
    assert_eq!(answer.said(), (200, "18"));
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
}

#[tokio::test]
async fn an_update_within_fifteen_seconds_is_zero_under_200() {
    let lab = Lab::new(Knobs::default());
    lab.write("?field1=1").await;
    lab.pass(14);
    assert_eq!(lab.write("?field1=2").await.said(), (200, "0"));
    assert_eq!(lab.write(".json?field1=2").await.said(), (200, "0"));
    lab.pass(1);
    assert_eq!(lab.write("?field1=2").await.said(), (200, "2"));
}

#[tokio::test]
async fn a_read_key_or_a_wrong_key_is_zero_under_400() {
    let lab = Lab::new(Knobs::default());
    for key in [lab.card().read_api_key, "WRONG".to_owned(), String::new()] {
        let text = lab.get(&format!("/update?api_key={key}&field1=1")).await;
        assert_eq!(text.said(), (400, "0"));
        let json = lab
            .get(&format!("/update.json?api_key={key}&field1=1"))
            .await;
        assert_eq!(json.said(), (400, "0"));
        assert_eq!(
            json.header("content-type"),
            Some("application/json; charset=utf-8")
        );
    }
}

#[tokio::test]
async fn forms_json_and_headers_are_all_ways_to_write() {
    let lab = Lab::new(Knobs::default());
    let key = lab.card().write_api_key;
    let form = format!("api_key={key}&1=a&lat=1.5&headers=false");
    assert_eq!(lab.call(Method::POST, "/update", &form).await.body, "1");
    lab.pass(15);
    let json = format!(r#"{{"api_key":"{key}","field1":2.5}}"#);
    assert_eq!(
        lab.call_json(Method::POST, "/update", &json).await.body,
        "2"
    );
    lab.pass(15);
    let request = Request::post("/update")
        .header("X-THINGSPEAKAPIKEY", &key)
        .body(Body::from("field1=3"));
    assert_eq!(lab.ask(request.unwrap()).await.body, "3");
    let feeds = lab.read("feeds.json?location=true").await.json();
    assert_eq!(feeds["feeds"][0]["field1"], "a");
    assert_eq!(feeds["feeds"][0]["latitude"], "1.5");
    assert_eq!(feeds["feeds"][1]["field1"], "2.5");
}

#[tokio::test]
async fn an_empty_field_makes_an_entry() {
    let lab = Lab::new(Knobs::default());
    assert_eq!(lab.write("?field1=").await.said(), (200, "1"));
}

#[tokio::test]
async fn a_time_that_cannot_be_read_is_the_servers_time() {
    let lab = Lab::new(Knobs::default());
    let json = lab
        .write(".json?field1=1&created_at=yesterday")
        .await
        .json();
    assert_eq!(json["created_at"], "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn a_time_that_is_taken_is_refused_or_stored_by_its_knob() {
    for (knob, rows) in [(DuplicateStamp::Refuse, 1), (DuplicateStamp::Store, 2)] {
        let lab = Lab::new(Knobs {
            duplicate_stamp: knob,
            ..Knobs::default()
        });
        for _ in 0..2 {
            lab.write("?field1=1&created_at=2025-12-31T00:00:00Z").await;
            lab.pass(15);
        }
        assert_eq!(lab.read("feeds.json").await.entry_ids().len(), rows);
    }
}

#[tokio::test]
async fn a_value_of_256_bytes_is_refused() {
    let lab = Lab::new(Knobs::default());
    let long = "x".repeat(256);
    assert_eq!(lab.write(&format!("?field1={long}")).await.status, 400);
    assert_eq!(
        lab.write(&format!("?field1={}", &long[1..])).await.body,
        "1"
    );
}

#[tokio::test]
async fn a_write_moves_last_entry_id_and_not_updated_at() {
    let lab = Lab::new(Knobs::default());
    lab.pass(100);
    lab.write("?field1=1").await;
    let channel = &lab.read("feeds.json").await.json()["channel"];
    assert_eq!(channel["last_entry_id"], 1);
    assert_eq!(channel["updated_at"], "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn an_update_too_soon_can_be_told_429_by_its_knob() {
    let lab = Lab::new(Knobs {
        update_too_soon: UpdateTooSoon::TooManyRequests,
        ..Knobs::default()
    });
    lab.write("?field1=1").await;
    assert_eq!(lab.write(".json?field1=1").await.status, 429);
}

async fn bulk(lab: &Lab, updates: &str) -> super::Answer {
    let card = lab.card();
    let json = format!(
        r#"{{"write_api_key":"{}","updates":[{updates}]}}"#,
        card.write_api_key
    );
    let path = format!("/channels/{}/bulk_update.json", card.id);
    lab.call_json(Method::POST, &path, &json).await
}

#[tokio::test]
async fn a_bulk_update_is_202_and_429_within_fifteen_seconds() {
    let lab = Lab::new(Knobs::default());
    let rows = r#"{"created_at":"2025-12-31T10:00:00Z","field1":1.5,"status":"ok"},{"created_at":1767175201,"field2":"x"}"#;
    assert_eq!(bulk(&lab, rows).await.said(), (202, r#"{"success":true}"#));
    lab.pass(14);
    let soon = bulk(&lab, r#"{"delta_t":0,"field1":1}"#).await;
    assert_eq!(
        (soon.status, &soon.json()["error"]["error_code"]),
        (429, &"error_too_many_requests".into())
    );
    lab.pass(1);
    assert_eq!(
        bulk(&lab, r#"{"delta_t":0,"field1":1},{"delta_t":5}"#)
            .await
            .status,
        202
    );
    let feeds = lab.read("feeds.json").await.json();
    let times: Vec<_> = (0..4)
        .map(|i| feeds["feeds"][i]["created_at"].as_str().unwrap())
        .collect();
    let relative = ["2026-01-01T00:00:10Z", "2026-01-01T00:00:15Z"];
    assert_eq!(times[2..], relative);
    assert_eq!(times[..2], ["2025-12-31T10:00:00Z", "2025-12-31T10:00:01Z"]);
    assert_eq!(feeds["feeds"][0]["field1"], "1.5");
}

#[tokio::test]
async fn a_bulk_update_takes_960_rows_and_not_one_more() {
    let lab = Lab::new(Knobs::default());
    let rows = |count: usize| vec![r#"{"delta_t":1,"field1":1}"#; count].join(",");
    assert_eq!(bulk(&lab, &rows(961)).await.status, 413);
    assert_eq!(bulk(&lab, &rows(960)).await.status, 202);
    assert_eq!(
        lab.read("feeds.json?results=0").await.json()["channel"]["last_entry_id"],
        960
    );
}

#[tokio::test]
async fn a_bulk_update_that_makes_no_sense_stores_nothing() {
    let lab = Lab::new(Knobs::default());
    let never = r#"{"created_at":9223372036854775807}"#;
    let overflow =
        r#"{"delta_t":0},{"delta_t":9223372036854775807},{"delta_t":9223372036854775807}"#;
    let untimed = r#"{"field1":1}"#;
    for rows in [
        "",
        "7",
        untimed,
        r#"{"created_at":"soon"}"#,
        "{",
        never,
        overflow,
    ] {
        assert_eq!(bulk(&lab, rows).await.status, 400, "{rows}");
    }
    assert_eq!(lab.card().last_entry_id, None);
}

#[tokio::test]
async fn a_bulk_update_may_be_csv() {
    let lab = Lab::new(Knobs::default());
    let card = lab.card();
    let updates =
        "2025-12-31 10:26:23 -0500,1.2,3.4,,,,,,,51.5,-0.1,20,ok|2025-12-31 15:26:24 UTC,2";
    let form = format!(
        "write_api_key={}&time_format=absolute&updates={}",
        card.write_api_key,
        updates.replace(' ', "%20")
    );
    let path = format!("/channels/{}/bulk_update.csv", card.id);
    assert_eq!(lab.call(Method::POST, &path, &form).await.status, 202);
    let feeds = lab
        .read("feeds.json?status=true&location=true")
        .await
        .json();
    assert_eq!(
        feeds["feeds"][0],
        serde_json::json!({"created_at":"2025-12-31T15:26:23Z","entry_id":1,"field1":"1.2","field2":"3.4",
            "latitude":"51.5","longitude":"-0.1","elevation":"20","status":"ok"})
    );
    assert_eq!(feeds["feeds"][1]["field1"], "2");
}

#[tokio::test]
async fn bodies_of_bulk_answers_follow_their_knobs() {
    let lab = Lab::new(Knobs {
        bulk_accepted: BulkAccepted::Empty,
        bulk_too_soon: BulkTooSoon::Empty,
        ..Knobs::default()
    });
    let row = r#"{"delta_t":0,"field1":1}"#;
    assert_eq!(bulk(&lab, row).await.said(), (202, ""));
    assert_eq!(bulk(&lab, row).await.said(), (429, ""));
}

#[tokio::test]
async fn only_the_account_clears_a_channel_and_ids_begin_again() {
    let lab = Lab::with_rows(Knobs::default(), 3);
    let (card, user) = (lab.card(), lab.simulator.user_api_key());
    let path = |key: &str| format!("/channels/{}/feeds.json?api_key={key}", card.id);
    assert_eq!(
        lab.call(Method::DELETE, &path(&card.write_api_key), "")
            .await
            .status,
        401
    );
    assert_eq!(
        lab.call(Method::DELETE, &path(&user), "").await.said(),
        (200, "[]")
    );
    let cleared = lab.read("feeds.json").await.json();
    assert_eq!(
        cleared["channel"].get("last_entry_id"),
        Some(&serde_json::Value::Null)
    );
    assert_eq!(lab.write("?field1=1").await.body, "1");
}

#[tokio::test]
async fn rows_of_the_fleet_and_of_callers_share_one_count() {
    let lab = Lab::with_script(
        Knobs::default(),
        vec![super::node("n")],
        vec![
            super::report(NEW_YEAR_S, "1"),
            super::report(NEW_YEAR_S + 20, "2"),
        ],
        NEW_YEAR_S,
    );
    assert_eq!(lab.write("?field1=mine").await.body, "2");
    lab.pass(20);
    assert_eq!(lab.read("feeds.json").await.entry_ids(), [1, 2, 3]);
}

#[tokio::test]
async fn a_wrong_method_is_told_405() {
    let lab = Lab::new(Knobs::default());
    let answer = lab.call(Method::DELETE, "/update.json", "").await;
    assert_eq!(
        (answer.status, &answer.json()["status"]),
        (405, &"405".into())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_row_breaks_the_simulator(
        at in "-?[0-9]{1,19}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
        name in "created_at|delta_t|field1|status|latitude",
        average in "average=10|sum=daily|median=720|round=3",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let statuses = runtime.block_on(async {
            let lab = Lab::with_rows(Knobs::default(), 2);
            let row = format!(r#"{{"delta_t":0,"field1":"1","{name}":"{at}"}}"#);
            let stored = bulk(&lab, &row).await.status;
            let seen = lab.read(&format!("feeds.json?results=9&{average}")).await.status;
            (stored, seen, lab.write(&format!("?field1=1&{name}={at}")).await.status)
        });
        prop_assert!(statuses.0 < 500 && statuses.1 == 200 && statuses.2 < 500, "{statuses:?}");
    }
}
