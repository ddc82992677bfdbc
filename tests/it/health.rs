//! What `/health` says of the database though nobody writes: the truth, soon, and at little cost.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::database::proxy::{Proxy, Way};
use super::harness::Scratch;
use super::postgres::{Durability, Postgres};
use super::replica::Site;

/// An answer may be a second old, and the next one takes a second and a half; on a busy machine.
const TOLD_WITHIN: Duration = Duration::from_secs(4);

/// Those who look at once, as many balancers do.
const PROBES: usize = 40;

async fn health(site: &Site) -> Value {
    site.ask(Method::GET, "/health", &Value::Null).await
}

/// Looks until the database is said to be `word`.
async fn assert_told(site: &Site, word: &str) -> Value {
    let asked = Instant::now();
    loop {
        let health = health(site).await;
        if health["dependencies"]["archive"] == word {
            return health;
        }
        assert!(asked.elapsed() < TOLD_WITHIN, "{health}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_says_that_the_database_is_away_and_that_it_is_back_though_nobody_writes() {
    let (mut postgres, data) = (Postgres::start(Durability::None, &[]), Scratch::new());
    postgres.create_database("evara");
    let proxy = Proxy::to(postgres.port()).await;
    let site = Site::start(proxy.port(), None, &data).await;
    assert_eq!(assert_told(&site, "ok").await["status"], "ok");
    for way in [Way::Lost, Way::Closed] {
        proxy.set(way);
        let failing = assert_told(&site, "failing").await;
        assert_eq!(failing["status"], "degraded");
        let how = &failing["dependencies"]["archive_failing"];
        assert_eq!(how["reason"], "the database does not answer");
        sleep(Duration::from_millis(1_100)).await;
        let still = health(&site).await;
        assert_eq!(
            still["dependencies"]["archive_failing"]["since"],
            how["since"]
        );
        proxy.set(Way::Open);
        assert_told(&site, "ok").await;
    }
    postgres.stop_immediately();
    assert_told(&site, "failing").await;
    postgres.start_again();
    assert_told(&site, "ok").await;
    site.app.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_look_at_health_they_wait_for_one_answer_of_the_database() {
    let (postgres, data) = (Postgres::start(Durability::None, &[]), Scratch::new());
    postgres.create_database("evara");
    let proxy = Proxy::to(postgres.port()).await;
    let site = Site::start(proxy.port(), None, &data).await;
    proxy.set(Way::Lost);
    let site = std::sync::Arc::new(site);
    let asked = Instant::now();
    let looks: tokio::task::JoinSet<_> = (0..PROBES)
        .map(|_| {
            let site = std::sync::Arc::clone(&site);
            async move { health(&site).await }
        })
        .collect();
    looks.join_all().await;
    assert!(asked.elapsed() < TOLD_WITHIN, "{:?}", asked.elapsed());
    proxy.set(Way::Open);
    assert_told(&site, "ok").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_tells_a_replica_that_is_away_beside_a_database_that_is_not() {
    let (primary, data) = (Postgres::start(Durability::None, &[]), Scratch::new());
    primary.create_database("evara");
    let mut replica = primary.replica();
    let site = Site::start(primary.port(), Some(replica.port()), &data).await;
    assert_eq!(health(&site).await["dependencies"]["replica"], "ok");
    replica.stop_immediately();
    let asked = Instant::now();
    while health(&site).await["dependencies"]["replica"] != "failing" {
        assert!(asked.elapsed() < TOLD_WITHIN);
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(health(&site).await["dependencies"]["archive"], "ok");
    assert_eq!(health(&site).await["status"], "degraded");
}
