//! The life of a reading as people see it: through the HTTP surface, over a living world.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use evara_actors::domain::NodeId;
use serde_json::{Value, json};

use super::harness::{Face, Gauge, Mood, World, channel};

const MINUTE: Duration = Duration::from_secs(60);

const GAUGE: Gauge = Gauge::every(15);

fn tank(key: &str) -> Value {
    json!({
        "node_key": key,
        "label": "A tank",
        "kind": "tank",
        "category": "OHT",
        "config": {
            "expected_interval_s": 15,
            "tank": {
                "geometry": { "shape": "vertical_cylinder", "radius_m": 0.4 },
                "full_height_m": 2.0,
            },
        },
    })
}

fn binding(world: &World, index: u64) -> Value {
    let cards = world.simulator.channels();
    let card = &cards[usize::try_from(index).unwrap()];
    json!({
        "channel_id": card.id,
        "read_api_key": card.read_api_key,
        "field_map": {
            "field1": { "metric": "level_cm" },
            "field2": { "metric": "temperature_c" },
        },
    })
}

/// Creates a node that reads channel number `index`, and answers with its id.
async fn create(world: &mut World, face: &Face, key: &str, index: u64) -> NodeId {
    let made = face.send(Method::POST, "/api/v1/nodes", tank(key)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let id = made.json["id"].as_str().unwrap().to_owned();
    bind(world, face, &id, index).await;
    id.parse().unwrap()
}

async fn bind(world: &mut World, face: &Face, id: &str, index: u64) {
    let path = format!("/api/v1/devices/{id}/channel");
    let bound = face.send(Method::PUT, &path, binding(world, index)).await;
    assert_eq!(bound.status, StatusCode::OK, "{bound:?}");
    world.look_at_registry().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_lives_from_its_creation_to_its_removal() {
    let mut world = World::with_nodes(&[GAUGE; 2], Vec::new()).await;
    let face = world.face();
    let id = create(&mut world, &face, "oht-1", 0).await;
    world.run(2 * MINUTE).await;
    let path = format!("/api/v1/nodes/{id}/twin");
    let twin = face.get(&path).await;
    assert_eq!(twin.status, StatusCode::OK);
    assert_eq!(twin.json["status"]["state"], "online");
    let level = &twin.json["reported"]["level_cm"];
    let source = level["source"].as_str().unwrap();
    let entry = source.strip_prefix(&format!("thingspeak:{}#", channel(0)));
    let entry: u64 = entry.unwrap().parse().unwrap();
    let rows = world.rows(channel(0)).await;
    let row = rows.iter().find(|row| row.id == entry).unwrap();
    let written: f64 = row.fields[0].as_deref().unwrap().parse().unwrap();
    assert_eq!(level["value"], written);
    assert_eq!(level["source_at"], row.at.to_string());
    world.verify().await;

    bind(&mut world, &face, &id.to_string(), 1).await;
    world.run(2 * MINUTE).await;
    let twin = face.get(&path).await;
    assert_eq!(twin.json["feed"]["channel_id"], channel(1).0);
    world.verify().await;

    let node = format!("/api/v1/nodes/{id}");
    let removed = face.send(Method::DELETE, &node, Value::Null).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    world.look_at_registry().await;
    assert_eq!(face.get(&path).await.status, StatusCode::NOT_FOUND);
    let reads = (world.reads(0), world.reads(1));
    world.run(5 * MINUTE).await;
    assert_eq!((world.reads(0), world.reads(1)), reads);
}

#[tokio::test(start_paused = true)]
async fn what_did_not_change_is_not_sent_again_and_what_did_is() {
    let mut world = World::with_nodes(&[GAUGE], Vec::new()).await;
    let face = world.face();
    let id = create(&mut world, &face, "oht-1", 0).await;
    world.run(MINUTE).await;
    let path = format!("/api/v1/nodes/{id}/twin");
    let first = face.get(&path).await;
    let etag = first.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(etag, format!("\"r{}\"", first.json["revision"]));
    let again = face.get_unless(&path, &etag).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    world.run(MINUTE).await;
    let moved = face.get_unless(&path, &etag).await;
    assert_eq!(moved.status, StatusCode::OK);
    assert!(moved.json["revision"].as_u64() > first.json["revision"].as_u64());
}

#[tokio::test(start_paused = true)]
async fn the_numbers_of_the_dashboard_add_up() {
    let world = World::of_fleet(24).await;
    let face = world.face();
    for _ in 0..4 {
        world.run(MINUTE).await;
        let stats = face.get("/api/v1/dashboard/stats").await.json;
        let states = [
            "online",
            "late",
            "offline",
            "maintenance",
            "provisioning",
            "quarantined",
        ];
        let count = |state: &str| stats[format!("{state}_nodes")].as_u64().unwrap();
        let sum: u64 = states.into_iter().map(count).sum();
        assert_eq!(
            (sum, stats["total_nodes"].as_u64()),
            (24, Some(24)),
            "{stats}"
        );
        for state in states {
            let views = world.views();
            let now = world.now();
            let of_it = views
                .values()
                .filter(|twin| twin.status_at(now).state.name() == state);
            assert_eq!(count(state), of_it.count() as u64, "{state}");
        }
        assert!(stats["stored_litres"].as_f64() > Some(0.0));
        assert!(stats["stored_litres"].as_f64() < stats["capacity_litres"].as_f64());
    }
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn history_is_shown_page_by_page_as_it_is_stored() {
    let mut world = World::with_nodes(&[GAUGE], Vec::new()).await;
    let face = world.face();
    let id = create(&mut world, &face, "oht-1", 0).await;
    world.run(10 * MINUTE).await;
    let stored = world.stored(id, channel(0)).await;
    let base = format!(
        "/api/v1/nodes/{id}/telemetry?metric=level_cm&limit=7&from=2023-12-31T00:00:00Z&to=2024-01-02T00:00:00Z"
    );
    let (mut shown, mut path) = (Vec::new(), base.clone());
    loop {
        let page = face.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        let items = page.json["items"].as_array().unwrap();
        let sources = items
            .iter()
            .map(|item| item["source"].as_str().unwrap().to_owned());
        shown.extend(sources);
        match page.json["next_cursor"].as_str() {
            Some(cursor) => path = format!("{base}&cursor={cursor}"),
            None => break,
        }
    }
    let expected = stored
        .keys()
        .map(|(id, _)| format!("thingspeak:{}#{id}", channel(0)));
    assert_eq!(shown, expected.collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn without_the_store_reads_go_on_and_changes_are_refused_for_now() {
    let mut world = World::with_nodes(&[GAUGE], Vec::new()).await;
    let face = world.face();
    let id = create(&mut world, &face, "oht-1", 0).await;
    world.run(MINUTE).await;
    world.shelf().set(Mood::Away);
    world.run(2 * MINUTE).await;
    let twin = face.get(&format!("/api/v1/nodes/{id}/twin")).await;
    assert_eq!(twin.json["status"]["state"], "online");
    let refused = face
        .send(Method::POST, "/api/v1/nodes", tank("oht-2"))
        .await;
    assert_eq!(
        refused.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{refused:?}"
    );
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    assert_eq!(refused.json["code"], "unavailable");
    world.shelf().set(Mood::There);
    world.run(MINUTE).await;
    let made = face
        .send(Method::POST, "/api/v1/nodes", tank("oht-2"))
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    world.look_at_registry().await;
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn no_answer_tells_a_read_key() {
    let mut world = World::with_nodes(&[GAUGE], Vec::new()).await;
    let face = world.face();
    let id = create(&mut world, &face, "oht-1", 0).await;
    world.run(MINUTE).await;
    let key = &world.simulator.channels()[0].read_api_key;
    for path in [
        "/api/v1/nodes".to_owned(),
        format!("/api/v1/nodes/{id}"),
        format!("/api/v1/nodes/{id}/twin"),
        format!("/api/v1/nodes/{id}/events"),
        format!("/api/v1/devices/{id}/channel"),
        format!("/api/v1/devices/{id}/config"),
        "/api/v1/admin/pollers".to_owned(),
        "/api/v1/admin/actors".to_owned(),
        "/health".to_owned(),
    ] {
        let reply = face.get(&path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {reply:?}");
        assert!(!format!("{reply:?}").contains(key), "{path}");
    }
}
