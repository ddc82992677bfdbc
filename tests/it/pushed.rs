//! Readings that devices push: acknowledged when they are on the disk, and not before.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use evara_actors::domain::{NodeId, Timestamp};
use evara_actors::ports::{Archive, Point, TelemetryQuery};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::harness::{Face, Gauge, Mood, Reply, World};

const MINUTE: Duration = Duration::from_secs(60);

/// A world with one node that reads no channel.
async fn world() -> (World, Face, NodeId) {
    let mut world = World::with_nodes(&[Gauge::every(15)], Vec::new()).await;
    let face = world.face();
    let node = json!({ "node_key": "oht-1", "label": "A tank", "kind": "tank", "category": "OHT" });
    let made = face.send(Method::POST, "/api/v1/nodes", node).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    world.look_at_registry().await;
    let id = made.json["id"].as_str().unwrap().parse().unwrap();
    (world, face, id)
}

fn path(id: NodeId) -> String {
    format!("/api/v1/nodes/{id}/readings")
}

fn reading(metric: &str, value: f64, at: Timestamp) -> Value {
    json!({ "readings": [{ "metric": metric, "value": value, "at": at.to_string() }] })
}

async fn stored(world: &World, id: NodeId) -> Vec<Point> {
    let query = TelemetryQuery {
        metric: None,
        from: Timestamp::MIN,
        to: Timestamp::MAX,
        limit: u32::MAX,
        after: None,
    };
    world.shelf().telemetry(id, query).await.unwrap()
}

fn assert_away(reply: &Reply) {
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{reply:?}");
    assert_eq!(reply.json["code"], "unavailable");
    assert!(reply.headers.contains_key("retry-after"), "{reply:?}");
    assert!(reply.json["retry_after_ms"].is_u64());
    assert_eq!(reply.json["accepted"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_is_not_acknowledged_and_may_be_sent_again() {
    let (world, face, id) = world().await;
    let body = reading("distance_cm", 53.2, world.now());
    world.shelf().set(Mood::Away);
    let begun = Instant::now();
    let refused = face.send(Method::POST, &path(id), body.clone()).await;
    assert!(begun.elapsed() < Duration::from_secs(6));
    assert_away(&refused);
    assert!(stored(&world, id).await.is_empty());
    world.shelf().set(Mood::There);
    world.run(MINUTE).await;
    let taken = face.send(Method::POST, &path(id), body.clone()).await;
    assert_eq!(
        (taken.status, &taken.json["accepted"]),
        (StatusCode::OK, &json!(1))
    );
    assert_eq!(stored(&world, id).await.len(), 1);
    let again = face.send(Method::POST, &path(id), body).await;
    assert_eq!(again.json, taken.json);
    assert_eq!(stored(&world, id).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reading_without_a_time_is_stored_once_under_a_key_whatever_happens_between() {
    let (mut world, face, id) = world().await;
    let body = json!({ "readings": [{ "metric": "distance_cm", "value": 53.2 }] });
    // The commit happens, and nobody hears of it.
    world.shelf().set(Mood::Speechless);
    let refused = face.send_once("k", &path(id), body.clone()).await;
    assert_away(&refused);
    world.crash().await;
    world.start().await;
    world.run(MINUTE).await;
    let face = world.face();
    let taken = face.send_once("k", &path(id), body.clone()).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    assert_eq!(stored(&world, id).await.len(), 1);
    world.run(MINUTE).await;
    let again = face.send_once("k", &path(id), body).await;
    assert_eq!((again.status, again.json), (taken.status, taken.json));
    assert_eq!(stored(&world, id).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_instant_that_was_told_in_pieces_is_whole_after_a_crash() {
    let (mut world, face, id) = world().await;
    let at = world.now();
    let pieces = [("temperature_c", 20.0), ("distance_cm", 50.0), ("ph", 7.1)];
    for (metric, value) in pieces {
        let taken = face
            .send(Method::POST, &path(id), reading(metric, value, at))
            .await;
        assert_eq!(taken.json["accepted"], 1, "{taken:?}");
    }
    let before = world.views();
    world.crash().await;
    world.start().await;
    let points = stored(&world, id).await;
    assert_eq!(points.len(), 3, "{points:?}");
    let (before, after) = (&before[&id], world.views()[&id].clone());
    assert_eq!(after.reported(), before.reported());
    assert_eq!(
        (after.reported().len(), after.revision()),
        (3, before.revision())
    );
    let face = world.face();
    for (metric, value) in pieces {
        let again = face
            .send(Method::POST, &path(id), reading(metric, value, at))
            .await;
        assert_eq!(again.json["duplicates"], 1, "{again:?}");
    }
    assert_eq!(stored(&world, id).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_the_twin_has_long_forgotten_is_still_stored_once() {
    let (world, face, id) = world().await;
    let start = world.now();
    let body = |second: u64| reading("ph", 7.0, start.minus(Duration::from_secs(second)));
    for second in 0..60 {
        face.send(Method::POST, &path(id), body(60 - second)).await;
    }
    assert_eq!(stored(&world, id).await.len(), 60);
    let revision = world.views()[&id].revision();
    for second in [60, 59] {
        let again = face.send(Method::POST, &path(id), body(second)).await;
        assert_eq!(
            (again.status, &again.json["accepted"]),
            (StatusCode::OK, &json!(1))
        );
    }
    assert_eq!(stored(&world, id).await.len(), 60);
    assert_eq!(world.views()[&id].revision(), revision);
    let other = reading("chlorine_mg_l", 0.2, start.minus(Duration::from_secs(60)));
    face.send(Method::POST, &path(id), other).await;
    assert_eq!(stored(&world, id).await.len(), 61);
}

#[tokio::test(start_paused = true)]
async fn of_a_bulk_nothing_is_claimed_that_is_not_written() {
    let (world, face, id) = world().await;
    let at = world.now().to_string();
    let batch = json!({ "node_id": id, "readings": [{ "metric": "ph", "value": 7.0, "at": at }] });
    let bulk = json!({ "batches": [batch, { "node_key": "none", "readings": [] }] });
    world.shelf().set(Mood::Away);
    let refused = face
        .send(Method::POST, "/api/v1/telemetry", bulk.clone())
        .await;
    assert_eq!(refused.status, StatusCode::OK, "{refused:?}");
    let results = &refused.json["results"];
    assert_eq!(
        (&results[0]["status"], &results[1]["status"]),
        (&json!(503), &json!(404))
    );
    assert_eq!(results[0]["error"]["code"], "unavailable");
    assert!(results[0]["error"]["retry_after_ms"].is_u64());
    world.shelf().set(Mood::There);
    world.run(MINUTE).await;
    let taken = face.send(Method::POST, "/api/v1/telemetry", bulk).await;
    assert_eq!(taken.json["results"][0]["accepted"], 1, "{taken:?}");
    assert_eq!(stored(&world, id).await.len(), 1);
}
