//! A channel that asks for patience gets it, and is not taken for broken.

use std::time::Duration;

use evara_actors::ingest::BreakerState;

use super::harness::{Gauge, World, channel, fault};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_channel_that_asks_for_two_minutes_is_left_alone_for_two_minutes() {
    let mut world = World::of(&[Gauge::every(15); 3]).await;
    world.run(3 * MINUTE).await;
    let from = world.now();
    world.fault(0, fault::throttle(120));
    world.run(9 * MINUTE).await;
    let asked = world.wire.asked_since(from);
    let of_it: Vec<_> = asked.iter().filter(|it| it.channel == channel(0)).collect();
    assert!((2..=5).contains(&of_it.len()), "{of_it:?}");
    for pair in of_it.windows(2) {
        assert!(pair[1].at.since(pair[0].at) >= 2 * MINUTE, "{pair:?}");
    }
    for index in 1..3 {
        let count = asked.iter().filter(|it| it.channel == channel(index));
        assert!(count.count() >= 20, "channel {index} was kept waiting");
    }
    let view = world.poller(0).view();
    assert_eq!(
        (view.breaker, view.consecutive_failures),
        (BreakerState::Closed, 0)
    );
    world.heal();
    world.run(8 * MINUTE).await;
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_asks_for_patience_is_no_outage() {
    let world = World::of(&[Gauge::every(15); 4]).await;
    world.run(3 * MINUTE).await;
    let from = world.now();
    world.host_fault(fault::throttle(60));
    world.run(10 * MINUTE).await;
    assert_eq!(world.system().ingest().host.outages(), 0);
    for index in 0..4 {
        let view = world.poller(index).view();
        assert_eq!(
            (view.breaker, view.consecutive_failures),
            (BreakerState::Closed, 0)
        );
        let asked = world.wire.asked_since(from);
        let count = asked.iter().filter(|it| it.channel == channel(index));
        assert!(count.count() <= 11, "channel {index} was pressed");
    }
    world.heal();
    world.run(10 * MINUTE).await;
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn a_person_who_asks_over_and_over_gets_no_more_than_a_channel_may_be_asked() {
    let world = World::of(&[Gauge::every(15); 2]).await;
    world.run(MINUTE).await;
    let mut held = 0;
    for _ in 0..600 {
        held += u32::from(world.poller(0).poll_now().await.is_err());
        world.run(Duration::from_millis(500)).await;
    }
    assert!(held > 500, "held {held} times");
    let most = world.wire.most_a_minute();
    assert!((13..=15).contains(&most), "asked {most} times in a minute");
    world.verify().await;
}
