//! One channel that does not answer in time: it waits alone.

use std::time::Duration;

use evara::simulator::FaultOrder;

use super::harness::{Gauge, World, channel, fault};

const MINUTE: Duration = Duration::from_secs(60);

/// A channel's breaker waits no longer than a quarter of an hour, and a gap is closed soon after.
const RECOVERY: Duration = Duration::from_secs(18 * 60);

/// Breaks channel 0 for ten minutes. Its siblings must not notice, and it must lose nothing.
async fn ten_minutes_with(order: FaultOrder) {
    let mut world = World::of(&[Gauge::every(15); 4]).await;
    world.run(3 * MINUTE).await;
    let (broken_at, failures) = (world.now(), world.poller(0).view().counts.failures);
    world.fault(0, order);
    world.run(10 * MINUTE).await;
    let view = world.poller(0).view();
    assert!(view.counts.failures > failures, "{view:?}");
    for index in 1..4 {
        let of_it = world.wire.asked_since(broken_at);
        let of_it = of_it.iter().filter(|it| it.channel == channel(index));
        let count = of_it.count();
        assert!(count >= 25, "channel {index} was asked {count} times");
        let view = world.poller(index).view();
        assert_eq!((view.counts.failures, &view.last_error), (0, &None));
    }
    assert_eq!(world.system().ingest().host.outages(), 0);
    world.heal();
    world.run(RECOVERY).await;
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_hangs_delays_no_other() {
    ten_minutes_with(fault::hang()).await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_whose_body_drips_delays_no_other() {
    ten_minutes_with(fault::drip()).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_answered_is_given_up_within_its_deadline() {
    let mut world = World::of(&[Gauge::every(15); 2]).await;
    world.run(MINUTE).await;
    world.fault(0, fault::hang());
    world.run(5 * MINUTE).await;
    let asked = world.wire.asked();
    let mut of_it = asked.iter().filter(|it| it.channel == channel(0));
    let hung = of_it.rfind(|it| it.answered_at.is_some()).unwrap();
    let waited = hung.answered_at.unwrap().since(hung.at);
    assert!(waited <= Duration::from_secs(11), "waited {waited:?}");
}
