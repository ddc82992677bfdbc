//! ThingSpeak away as a whole, and back.

use std::time::Duration;

use evara::simulator::FaultOrder;
use evara_actors::domain::{StatusState, Timestamp};

use super::harness::{Gauge, Log, World, fault};

const MINUTE: Duration = Duration::from_secs(60);

/// From 15 to 60 s; the first one writes more in half an hour than one live answer holds.
const GAUGES: [Gauge; 5] = [
    Gauge::every(15),
    Gauge::every(20),
    Gauge::every(30),
    Gauge::every(60),
    Gauge::every(15),
];

/// More than a host's breaker lets through in half an hour: after 1, 2, 4, 8 and 15 minutes.
const MOST_PROBES: usize = 5;

/// A breaker waits no longer than a quarter of an hour, and a gap is closed soon after.
const RECOVERY: Duration = Duration::from_secs(18 * 60);

/// Asserts that since `from` at most one request was out at any time.
fn assert_one_at_a_time(world: &World, from: Timestamp) {
    let asked = world.wire.asked_since(from);
    for pair in asked.windows(2) {
        let free = pair[0].answered_at.is_some_and(|at| at <= pair[1].at);
        assert!(free, "two probes at once: {pair:?}");
    }
}

/// Breaks the host, waits until its breaker is open, and answers when that was.
async fn take_away(world: &World, order: Option<FaultOrder>) -> Timestamp {
    match order {
        Some(order) => world.host_fault(order),
        None => world.wire.set_dead(true),
    }
    while world.system().ingest().host.outages() == 0 {
        world.run(Duration::from_secs(1)).await;
    }
    // What was on its way when the breaker opened has ended by then.
    world.run(Duration::from_secs(15)).await;
    world.now()
}

async fn half_an_hour_without(order: Option<FaultOrder>) {
    let log = Log::listen();
    let world = World::of(&GAUGES).await;
    world.run(3 * MINUTE).await;
    world.verify().await;
    let before = world.views();
    let left_at = world.now();
    let opened_at = take_away(&world, order).await;

    world.run(4 * MINUTE).await;
    world.verify_status();
    let quick = world.twin(0).view();
    assert_eq!(quick.status().state, StatusState::Offline);
    let slow = world.twin(3).view();
    assert_eq!(slow.status().state, StatusState::Late);
    world.run(7 * MINUTE).await;
    let slow = world.twin(3).view();
    assert_eq!(slow.status().state, StatusState::Offline);
    for (id, twin) in world.views() {
        let known = before[&id].last_seen_at().unwrap();
        assert!(twin.last_seen_at().unwrap() >= known);
        assert_eq!(twin.reported().len(), before[&id].reported().len());
    }

    let gone = world.now().since(left_at);
    world.run(30 * MINUTE - gone).await;
    assert_eq!(world.system().ingest().host.outages(), 1);
    assert!(world.wire.asked_since(opened_at).len() <= MOST_PROBES);
    assert_one_at_a_time(&world, opened_at);

    world.heal();
    world.run(RECOVERY).await;
    world.verify().await;
    for twin in world.views().values() {
        assert_eq!(twin.status().state, StatusState::Online);
    }
    assert_eq!(log.count("the host of the channels is away"), 1);
    assert_eq!(log.count("the host of the channels is back"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_fails_for_half_an_hour_costs_nothing_but_the_wait() {
    half_an_hour_without(Some(fault::status(503))).await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_for_half_an_hour_costs_nothing_but_the_wait() {
    half_an_hour_without(Some(fault::hang())).await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_cannot_be_reached_for_half_an_hour_costs_nothing_but_the_wait() {
    half_an_hour_without(None).await;
}

#[tokio::test(start_paused = true)]
async fn a_person_who_knows_that_the_host_is_back_need_not_wait_for_the_breaker() {
    let world = World::of(&GAUGES).await;
    world.run(3 * MINUTE).await;
    take_away(&world, Some(fault::status(502))).await;
    world.run(20 * MINUTE).await;
    world.heal();
    world.poller(0).reset_breaker().await.unwrap();
    world.run(Duration::from_secs(5)).await;
    let view = world.poller(0).view();
    assert!(view.last_success_at.unwrap() >= world.now().minus(Duration::from_secs(5)));
    world.run(RECOVERY).await;
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn no_read_key_is_told_while_everything_goes_wrong() {
    let log = Log::listen();
    let world = World::of(&GAUGES).await;
    world.make_private();
    world.run(5 * MINUTE).await;
    let read_at = world.poller(0).view().last_success_at.unwrap();
    assert!(read_at > world.now().minus(MINUTE), "no key opens it");
    for order in [
        fault::status(500),
        fault::html(),
        fault::cut(),
        fault::hang(),
    ] {
        world.host_fault(order);
        world.run(5 * MINUTE).await;
    }
    let text = log.text();
    assert!(text.contains("evara"), "nothing was told at all");
    for card in world.simulator.channels() {
        assert!(!text.contains(&card.read_api_key));
        for poller in world.system().pollers() {
            assert!(!format!("{poller:?}").contains(&card.read_api_key));
        }
    }
}
