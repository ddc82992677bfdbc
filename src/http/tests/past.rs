//! The past as it is told: pages, streams, buckets and curves, over a store on the disk.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use evara_actors::domain::{Kind, Metric, Revision};
use evara_actors::ports::{Archive as _, Batch, EventRow};
use evara_actors::twin::Change;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::past_scene::Past;
use super::scene::{NOW, PEER, TANK, request};
use crate::store::conformance::fixtures::{entry, row, sample, value};

/// The day of the readings: in India it begins at half past six in the evening before.
const DAY: &str = "from=2023-11-12T18:30:00Z&to=2023-11-13T18:30:00Z";

#[tokio::test]
async fn hours_are_those_of_the_community_unless_another_zone_is_named() {
    let past = Past::new().await;
    past.levels("2023-11-13T04:00:00Z", 90).await;
    let asked = "metric=level_cm&bucket=1h&agg=min,max,count,difference";
    let told = past.json(&format!("{asked}&{DAY}")).await;
    assert_eq!(
        (&told["tz"], &told["bucket"]),
        (&json!("Asia/Kolkata"), &json!("1h"))
    );
    assert_eq!(told["units"], json!({"level_cm": "cm"}));
    assert_eq!(told["next_cursor"], Value::Null);
    let rows = json!([
        {"metric": "level_cm", "at": "2023-11-13T03:30:00Z", "until": "2023-11-13T04:30:00Z",
         "min": 0.0, "max": 29.0, "count": 29, "difference": 29.0},
        {"metric": "level_cm", "at": "2023-11-13T04:30:00Z", "until": "2023-11-13T05:30:00Z",
         "min": 30.0, "max": 89.0, "count": 60, "difference": 59.0},
    ]);
    assert_eq!(told["items"], rows, "a spike does not count");
    let utc = past.json(&format!("{asked}&tz=UTC&{DAY}")).await;
    assert_eq!(utc["items"][0]["at"], "2023-11-13T04:00:00Z");
    let day = past.json(&format!("metric=level_cm&bucket=1d&{DAY}")).await;
    assert_eq!(day["items"].as_array().unwrap().len(), 1);
    assert_eq!(day["items"][0]["at"], "2023-11-12T18:30:00Z");
}

#[tokio::test]
async fn a_cursor_is_good_for_the_question_that_it_was_given_for() {
    let past = Past::new().await;
    past.levels("2023-11-13T04:00:00Z", 10).await;
    let asked = format!("metric=level_cm,ph&{DAY}");
    let page = past.json(&format!("{asked}&limit=3")).await;
    let cursor = page["next_cursor"].as_str().unwrap();
    for same in [
        asked.clone(),
        format!("{asked}&limit=7"),
        format!("metric=ph,level_cm,ph&{DAY}"),
        "metric=level_cm,ph&from=2023-11-13T00:00:00%2B05:30&to=2023-11-14T00:00:00%2B05:30"
            .to_owned(),
    ] {
        let next = past.json(&format!("{same}&cursor={cursor}")).await;
        assert_eq!(
            next["items"][0]["source_at"], "2023-11-13T04:03:00Z",
            "{same}"
        );
    }
    for other in [
        format!("metric=level_cm&{DAY}"),
        DAY.to_owned(),
        "metric=level_cm,ph".to_owned(),
        "metric=level_cm,ph&from=2023-11-12T18:30:00Z".to_owned(),
        "metric=level_cm,ph&from=2023-11-12T18:30:00Z&to=2023-11-13T18:30:01Z".to_owned(),
    ] {
        let reply = past
            .scene
            .get(&past.path(&format!("{other}&cursor={cursor}")))
            .await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{other}");
        let error = reply.json()["errors"][0].clone();
        assert_eq!(error["pointer"], "/cursor");
        assert!(
            error["detail"]
                .as_str()
                .unwrap()
                .contains("another question")
        );
    }
    let other = past
        .scene
        .post("/api/v1/nodes", &TANK.replace("oht-7", "oht-8"))
        .await;
    let id = other.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/nodes/{id}/telemetry?{asked}&cursor={cursor}");
    assert_eq!(past.scene.get(&path).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn several_metrics_are_told_one_after_the_other_and_derived_ones_too() {
    let past = Past::new().await;
    past.levels("2023-11-13T04:00:00Z", 10).await;
    let raw = past
        .json(&format!("metric=ph,level_pct&limit=2&{DAY}"))
        .await;
    let names: Vec<_> = raw["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["metric"])
        .collect();
    assert_eq!(names, ["ph", "level_pct", "ph", "level_pct"]);
    let told = past
        .json(&format!("metric=ph,level_pct,ph&bucket=1d&agg=last&{DAY}"))
        .await;
    let found: Vec<_> = told["items"].as_array().unwrap().iter().collect();
    assert_eq!(found.len(), 2);
    assert_eq!(
        (&found[0]["metric"], &found[0]["last"]),
        (&json!("ph"), &json!(7.0))
    );
    assert_eq!(
        (&found[1]["metric"], &found[1]["last"]),
        (&json!("level_pct"), &json!(4.5))
    );
    assert_eq!(told["units"], json!({"level_pct": "%", "ph": ""}));
}

#[tokio::test]
async fn a_stream_tells_the_same_as_all_pages_do() {
    let past = Past::new().await;
    past.levels("2023-11-12T18:30:00Z", 5_000).await;
    let span = "from=2023-11-12T00:00:00Z&to=2023-11-20T00:00:00Z";
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = past
            .json(&format!("metric=level_cm&limit=200&{span}{cursor}"))
            .await;
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    let lines = past
        .text(&format!("metric=level_cm&{span}"), "application/x-ndjson")
        .await;
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 5_000);
    assert_eq!(lines, paged);
    let cells = past
        .text(&format!("metric=level_cm&{span}"), "text/csv")
        .await;
    let mut rows = cells.lines();
    let head = "metric,value,unit,quality,quality_reason,raw,source,source_at,received_at,revision";
    assert_eq!(rows.next(), Some(head));
    assert_eq!(rows.clone().count(), 5_000);
    let fourth = rows.nth(3).unwrap();
    assert!(
        fourth
            .starts_with("level_cm,3,cm,suspect,spike,,thingspeak:2005329#3,2023-11-12T18:33:00Z,"),
        "{fourth}"
    );
}

#[tokio::test]
async fn a_stream_that_cannot_go_on_does_not_look_complete() {
    let past = Past::of_calls(1).await;
    past.levels("2023-11-12T18:30:00Z", 5_000).await;
    let mut asked = request(Method::GET, &past.path("from=2023-11-12T00:00:00Z"), "");
    asked
        .headers_mut()
        .insert("accept", "text/csv".parse().unwrap());
    let response = Arc::clone(&past.scene.edge).answer(asked, PEER).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    assert!(body.frame().await.unwrap().is_err());
}

#[tokio::test]
async fn buckets_are_told_as_lines_and_cells_too() {
    let past = Past::new().await;
    past.levels("2023-11-13T04:00:00Z", 90).await;
    let asked = format!("metric=level_cm,volume_l&bucket=1h&agg=first,count&fill=previous&{DAY}");
    let cells = past.text(&asked, "text/csv").await;
    assert_eq!(cells.lines().count(), 1 + 2 * 24);
    assert!(cells.starts_with("metric,at,until,unit,first,count,filled,refused\n"));
    let row = "level_cm,2023-11-13T03:30:00Z,2023-11-13T04:30:00Z,cm,0,29,false,0";
    assert!(cells.lines().any(|line| line == row), "{cells}");
    let carried = "level_cm,2023-11-13T05:30:00Z,2023-11-13T06:30:00Z,cm,30,0,true,0";
    assert!(cells.lines().any(|line| line == carried), "{cells}");
    let lines = past.text(&asked, "application/x-ndjson").await;
    assert_eq!(lines.lines().count(), 2 * 24);
}

#[tokio::test]
async fn a_curve_keeps_its_ends_and_no_more_points_than_asked_for() {
    let past = Past::new().await;
    past.levels("2023-11-12T18:30:00Z", 1_000).await;
    let raw = past
        .json(&format!("metric=level_cm&max_points=10&{DAY}"))
        .await;
    let items = raw["items"].as_array().unwrap();
    assert_eq!(items.len(), 10);
    assert_eq!(
        (&items[0]["value"], &items[9]["value"]),
        (&json!(0.0), &json!(999.0))
    );
    let told = past
        .json(&format!("metric=level_cm&bucket=1m&max_points=7&{DAY}"))
        .await;
    let items = told["items"].as_array().unwrap();
    assert_eq!(items.len(), 7);
    assert_eq!(
        (&items[0]["avg"], &items[6]["avg"]),
        (&json!(0.0), &json!(999.0))
    );
}

#[tokio::test]
async fn what_does_not_go_together_is_refused_by_every_name() {
    let past = Past::new().await;
    let cases: [(&str, &[&str]); 4] = [
        (
            "bucket=raw&agg=avg&fill=null&tz=UTC",
            &["/agg", "/fill", "/tz"],
        ),
        ("agg=avg", &["/agg"]),
        (
            "metric=ph&bucket=1h&limit=5&cursor=31",
            &["/limit", "/cursor"],
        ),
        ("metric=ph&max_points=9&limit=5", &["/limit"]),
    ];
    for (query, expected) in cases {
        let reply = past.scene.get(&past.path(query)).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(reply.code(), "invalid_request");
        let errors = reply.json()["errors"].as_array().unwrap().clone();
        let named: Vec<_> = errors
            .iter()
            .map(|error| error["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(named, expected, "{query}");
    }
    let reply = past
        .scene
        .get_with(&past.path(""), "accept", "text/html")
        .await;
    assert_eq!(reply.status, StatusCode::NOT_ACCEPTABLE);
    assert_eq!(reply.json()["errors"][0]["pointer"], "/accept");
}

#[tokio::test]
async fn an_answer_that_would_be_too_long_is_refused_and_says_what_to_do() {
    let past = Past::new().await;
    let query = "metric=ph&bucket=1m&from=2023-01-01T00:00:00Z&to=2023-12-31T00:00:00Z";
    let reply = past.scene.get(&past.path(query)).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed")
    );
    let error = &reply.json()["errors"][0];
    assert_eq!(error["pointer"], "/bucket");
    assert!(error["detail"].as_str().unwrap().contains("widen it"));
    let now = NOW.to_string();
    let month = format!("metric=ph&bucket=1m&from=2023-10-15T00:00:00Z&to={now}");
    assert_eq!(
        past.scene.get(&past.path(&month)).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_twin_of_a_time_knows_what_had_come_in_by_then() {
    let past = Past::new().await;
    let created = EventRow {
        node: past.node,
        revision: Revision(1),
        at: NOW,
        change: Change::Created,
    };
    let rows = (1..=3_u64).map(|minute| {
        let mut sample = sample(
            entry(minute),
            0,
            vec![value(Metric::LevelCm, 10.0 * minute as f64)],
        );
        sample.source_at = NOW.plus(std::time::Duration::from_secs(60 * minute));
        sample.received_at = sample.source_at;
        row(past.node, Kind::Tank, minute + 1, sample)
    });
    let batch = Batch {
        telemetry: rows.collect(),
        events: vec![created],
        ..Batch::default()
    };
    past.store.commit(Arc::new(batch)).await.unwrap();
    let path = format!("/api/v1/nodes/{}/twin?view=values&at=", past.node);
    let at = |seconds: u64| {
        format!(
            "{path}{}",
            NOW.plus(std::time::Duration::from_secs(seconds))
        )
    };
    for (seconds, revision, level) in [
        (0, 1, Value::Null),
        (61, 2, json!(10.0)),
        (179, 3, json!(20.0)),
        (999, 4, json!(30.0)),
    ] {
        let told = past.scene.get(&at(seconds)).await;
        assert_eq!(told.status, StatusCode::OK);
        assert_eq!(told.header("etag"), "");
        let told = told.json();
        assert_eq!(
            (&told["revision"], &told["reported"]["level_cm"]),
            (&json!(revision), &level)
        );
    }
    let unborn = past.scene.get(&format!("{path}2020-01-01T00:00:00Z")).await;
    assert_eq!(unborn.code(), "not_found");
}
