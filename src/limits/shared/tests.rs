//! Accounts that several processes share, and what becomes of them when Redis is slow, gone or back.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::server::Redis;
use super::{PATIENCE, RedisAddress, Shared};
use crate::limits::{Limits, Quota, Quotas};
use crate::proxy::{Proxy, Way};

/// For what comes about by itself, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

const SOMEBODY: Uuid = Uuid::from_u128(7);

/// Of which none comes back while a test runs.
const FEW: u32 = 3;

/// The limits of one process, as soon as they are shared; Redis is waited for longer than on a machine that
/// does nothing else.
async fn limits(port: u16) -> Limits {
    let limits = limits_within(port, SOON);
    until(&limits, true).await;
    limits
}

fn limits_within(port: u16, patience: Duration) -> Limits {
    let few = Quota::per_minute(FEW).unwrap();
    let address = RedisAddress::parse(&format!("redis://127.0.0.1:{port}/0")).unwrap();
    let quotas = Quotas {
        person: few,
        ..Quotas::MOST
    };
    Limits::new(quotas).sharing(Some(Shared::within(&address, patience)))
}

async fn until(limits: &Limits, is_shared: bool) {
    let begun = Instant::now();
    while limits.is_shared() != Some(is_shared) {
        assert!(begun.elapsed() < SOON, "not {is_shared} after {SOON:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

async fn is_taken(limits: &Limits) -> bool {
    limits.person(SOMEBODY, None).await.refused.is_none()
}

#[tokio::test]
async fn two_processes_share_one_allowance() {
    let server = Redis::start();
    let (one, other) = (limits(server.port()).await, limits(server.port()).await);
    assert_eq!(one.person(SOMEBODY, None).await.remaining, 2);
    assert_eq!(other.person(SOMEBODY, None).await.remaining, 1);
    assert_eq!(one.person(SOMEBODY, None).await.remaining, 0);
    assert!(!is_taken(&one).await && !is_taken(&other).await);
    let another = Uuid::from_u128(8);
    assert_eq!(other.person(another, None).await.remaining, 2);
    assert_eq!(
        (one.is_shared(), other.is_shared()),
        (Some(true), Some(true))
    );
}

#[tokio::test]
async fn what_was_taken_is_known_when_redis_is_gone_and_shared_again_when_it_is_back() {
    let mut server = Redis::start();
    let limits = limits(server.port()).await;
    assert!(is_taken(&limits).await && is_taken(&limits).await);
    server.stop_immediately();
    assert!(is_taken(&limits).await && !is_taken(&limits).await);
    until(&limits, false).await;
    server.start_again();
    until(&limits, true).await;
    // It is empty, and has the truth.
    assert!(is_taken(&limits).await);
    assert!(
        server
            .say("GET evara:limit:keeper")
            .unwrap()
            .starts_with('$')
    );
}

#[tokio::test]
async fn a_redis_that_loses_every_word_costs_those_who_ask_at_that_moment_their_patience_and_nobody_else()
 {
    let server = Redis::start();
    let proxy = Proxy::to(server.port()).await;
    let limits = std::sync::Arc::new(limits_within(proxy.port(), PATIENCE));
    until(&limits, true).await;
    proxy.set(Way::Lost);
    let begun = Instant::now();
    let mut crowd = JoinSet::new();
    for number in 0..50 {
        let limits = std::sync::Arc::clone(&limits);
        crowd.spawn(async move { limits.person(Uuid::from_u128(number), None).await });
    }
    let told = crowd.join_all().await;
    assert!(told.iter().all(|standing| standing.remaining == FEW - 1));
    assert!(begun.elapsed() < 10 * PATIENCE, "{:?}", begun.elapsed());
    assert_eq!(limits.is_shared(), Some(false));
    let begun = Instant::now();
    for number in 100..1_100 {
        limits.person(Uuid::from_u128(number), None).await;
    }
    assert!(begun.elapsed() < 20 * PATIENCE, "{:?}", begun.elapsed());
    proxy.set(Way::Open);
    until(&limits, true).await;
}

#[tokio::test]
async fn a_redis_that_takes_no_writes_is_not_relied_on() {
    let server = Redis::start();
    let limits = limits(server.port()).await;
    server.say("REPLICAOF 127.0.0.1 1").unwrap();
    for left in (0..FEW).rev() {
        assert_eq!(limits.person(SOMEBODY, None).await.remaining, left);
    }
    assert!(!is_taken(&limits).await);
    until(&limits, false).await;
    server.say("REPLICAOF NO ONE").unwrap();
    until(&limits, true).await;
}

#[tokio::test]
async fn a_redis_that_forgot_the_script_is_told_it_again() {
    let server = Redis::start();
    let limits = limits(server.port()).await;
    assert!(is_taken(&limits).await);
    assert_eq!(server.say("SCRIPT FLUSH").unwrap(), "+OK\r\n");
    assert_eq!(limits.person(SOMEBODY, None).await.remaining, 1);
    assert_eq!(limits.is_shared(), Some(true));
}

#[tokio::test]
async fn every_account_is_forgotten_a_minute_after_it_was_used() {
    let server = Redis::start();
    let limits = limits(server.port()).await;
    limits.person(SOMEBODY, None).await;
    let left = server
        .say(&format!("PTTL evara:limit:person:{SOMEBODY}"))
        .unwrap();
    let left: u64 = left.trim().trim_start_matches(':').parse().unwrap();
    assert!((1..=60_000).contains(&left), "{left}");
}

#[test]
fn an_address_is_never_shown_and_only_a_server_has_one() {
    let address = RedisAddress::parse("rediss://me:opensesame@cache:6380/2").unwrap();
    assert!(!format!("{address:?}").contains("opensesame"));
    for other in [
        "",
        "redis",
        "redis://",
        "http://cache",
        "redis:///run/redis.sock",
        "unix:///run/redis.sock",
        "rediss://cache#insecure",
        "redis://cache/first",
        "redis://cache:99999",
    ] {
        assert!(RedisAddress::parse(other).is_err(), "{other}");
    }
}
