//! A community that moves to another time zone, and what its nodes' days are then.

use std::time::Duration;

use evara::app::clock::SystemClock;
use evara_actors::ports::Clock as _;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::harness::Scratch;
use super::postgres::{Durability, Postgres};
use super::replica::Site;

/// Nodes follow within seconds; on a busy machine, too.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The first instants of the days in which readings were pushed, and how many of each day's there are.
fn days(told: &Value) -> Vec<(String, u64)> {
    let items = told["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            (
                item["at"].as_str().unwrap().to_owned(),
                item["count"].as_u64().unwrap(),
            )
        })
        .collect()
}

/// A day in UTC, so many before this one.
fn days_ago(days: u32) -> String {
    let then = SystemClock::new().now().minus(DAY * days);
    then.to_string().split('T').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_days_of_a_node_are_those_of_its_community_before_and_after_it_moves() {
    let (postgres, data) = (Postgres::start(Durability::None, &[]), Scratch::new());
    postgres.create_database("evara");
    let site = Site::start(postgres.port(), None, &data).await;
    let region = json!({ "name": "North" });
    let distributor = site.ask(Method::POST, "/admin/distributors", &region).await;
    let community = json!({ "name": "Village", "distributor_id": distributor["id"] });
    let community = site
        .ask(Method::POST, "/admin/communities", &community)
        .await;
    let node = json!({ "node_key": "t", "label": "T", "kind": "tank", "category": "OHT",
                       "community_id": community["id"] });
    let node = site.ask(Method::POST, "/nodes", &node).await["id"].clone();
    let node = node.as_str().unwrap();
    // Nine in the evening of one day in UTC is past two in the morning of the next in India.
    let (before, day, after) = (days_ago(4), days_ago(3), days_ago(2));
    let at = |hour: u32| format!("{day}T{hour:02}:00:00Z");
    let readings: Vec<Value> = [9, 10, 21]
        .map(|hour| json!({ "metric": "level_cm", "value": hour, "at": at(hour) }))
        .into();
    let path = format!("/nodes/{node}/readings");
    let body = json!({ "readings": readings });
    site.ask(Method::POST, &path, &body).await;
    let asked = format!(
        "/nodes/{node}/telemetry?metric=level_cm&bucket=1d&agg=count&from={before}T00:00:00Z&to={after}T23:00:00Z"
    );
    let told = site.ask(Method::GET, &asked, &Value::Null).await;
    assert_eq!(days(&told), [(format!("{day}T00:00:00Z"), 3)]);
    let path = format!("/admin/communities/{}", community["id"].as_str().unwrap());
    let india = json!({ "time_zone": "Asia/Kolkata" });
    site.ask(Method::PATCH, &path, &india).await;
    let begun = Instant::now();
    let told = loop {
        let told = site.ask(Method::GET, &asked, &Value::Null).await;
        if told["tz"] == "Asia/Kolkata" {
            break told;
        }
        assert!(begun.elapsed() < PATIENCE, "{told}");
        sleep(LOOK).await;
    };
    let expected = [
        (format!("{before}T18:30:00Z"), 2),
        (format!("{day}T18:30:00Z"), 1),
    ];
    assert_eq!(days(&told), expected);
    site.app.drain().await;
}
