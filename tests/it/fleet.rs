//! A fleet that is well: what its devices write becomes twins, states and history.

use std::collections::BTreeMap;
use std::time::Duration;

use evara_actors::domain::StatusState;

use super::harness::World;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_fleet_lives_after_two_minutes_and_every_reading_is_stored_once() {
    let world = World::of_fleet(24).await;
    world.run(2 * MINUTE).await;
    world.verify().await;
    let mut states: BTreeMap<StatusState, usize> = BTreeMap::new();
    for twin in world.views().values() {
        *states.entry(twin.status().state).or_default() += 1;
        assert!(twin.revision().0 > 2, "{} never moved", twin.spec().key);
        assert!(
            !twin.derived().is_empty(),
            "{} derives nothing",
            twin.spec().key
        );
    }
    assert_eq!(states.values().sum::<usize>(), 24, "{states:?}");
    assert!(states[&StatusState::Online] >= 22, "{states:?}");
}

#[tokio::test(start_paused = true)]
async fn twins_move_on_with_their_channels() {
    let world = World::of_fleet(12).await;
    world.run(MINUTE).await;
    let before = world.views();
    world.run(4 * MINUTE).await;
    for (id, twin) in world.views() {
        assert!(twin.revision() > before[&id].revision());
        assert!(twin.last_seen_at() > before[&id].last_seen_at());
    }
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn the_wire_and_the_simulator_count_the_same_requests() {
    let world = World::of_fleet(3).await;
    world.run(10 * MINUTE).await;
    let asked = world.wire.asked();
    for (index, poller) in world.system().pollers().iter().enumerate() {
        let of_it = asked.iter().filter(|it| it.channel == poller.channel());
        let count = of_it.count() as u64;
        assert_eq!(count, world.reads(index as u64));
        assert_eq!(count, poller.view().counts.polls);
    }
    world.verify().await;
}
