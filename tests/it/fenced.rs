//! Two services on one database: the later one owns it, and the earlier one ends at its next write.

use std::time::Duration;

use reqwest::StatusCode;
use tokio::time::Instant;

use super::binary::{Caller, NODE, Program, password};
use super::postgres::{Durability, Postgres};

/// To answer whoever asked, and to end: nothing is waited for that cannot be written any more.
const TO_END: Duration = Duration::from_secs(15);

fn settings(database: &str) -> [(&str, &str); 3] {
    [
        ("DATABASE_URL", database),
        ("EVARA_MIGRATE", "on-start"),
        ("EVARA_BIND", "127.0.0.1:0"),
    ]
}

async fn serve(database: &str, password: &str) -> (Program, Caller) {
    let mut program = Program::start_with(&["serve"], &settings(database));
    let caller = Caller::of(&program.line_with("http://"), password).await;
    (program, caller)
}

#[tokio::test]
async fn the_older_of_two_services_acknowledges_no_reading() {
    const READING: &str = r#"{"readings": [{"metric": "level_cm", "value": 51.5}]}"#;
    let server = Postgres::start(Durability::None, &[]);
    let database = server.create_database("evara");
    let password = password(&[], &settings(&database));
    let (older, of_older) = serve(&database, &password).await;
    let made = of_older.send("POST", "/api/v1/nodes", NODE).await;
    let node = format!("/api/v1/nodes/{}", made["id"].as_str().unwrap());
    let readings = format!("{node}/readings");
    let taken = of_older.ask("POST", &readings, READING).await;
    assert_eq!(taken.status(), StatusCode::OK);
    let (_newer, of_newer) = serve(&database, &password).await;
    let refused = of_older.ask("POST", &readings, READING).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(older.ended().await.0, Some(79));
    let ever = format!("{node}/telemetry?metric=level_cm&from=2020-01-01T00:00:00Z");
    let kept = of_newer.json(&ever).await;
    assert_eq!(kept["items"].as_array().unwrap().len(), 1, "{kept}");
}

#[tokio::test]
async fn of_two_services_on_one_database_the_older_ends_at_its_next_write_and_says_why() {
    let server = Postgres::start(Durability::None, &[]);
    let database = server.create_database("evara");
    let password = password(&[], &settings(&database));
    let (older, of_older) = serve(&database, &password).await;
    let (_newer, of_newer) = serve(&database, &password).await;
    let asked = Instant::now();
    let refused = of_older.ask("POST", "/api/v1/nodes", NODE).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let (code, told) = older.ended().await;
    assert!(asked.elapsed() < TO_END, "{:?}", asked.elapsed());
    assert_eq!(code, Some(79), "{told}");
    assert!(told.contains("another process has taken over"), "{told}");
    let made = of_newer.ask("POST", "/api/v1/nodes", NODE).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let nodes = server.psql("evara", "SELECT count(*) FROM nodes");
    assert_eq!(nodes.trim(), "1");
}
