//! The end of the service and its next beginning, in order and out of order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::{NodeId, StatusState};
use evara_actors::ports::Archive;
use evara_actors::twin::Twin;

use super::harness::{Gauge, Mood, World, channel};

const MINUTE: Duration = Duration::from_secs(60);

const GAUGES: [Gauge; 4] = [
    Gauge::every(15),
    Gauge::every(20),
    Gauge::every(30),
    Gauge::every(60),
];

/// Asserts that everything but the judgement on its age is as it was.
fn assert_same(before: &BTreeMap<NodeId, Arc<Twin>>, after: &BTreeMap<NodeId, Arc<Twin>>) {
    assert_eq!(before.len(), after.len());
    for (id, twin) in before {
        let again = &after[id];
        assert_eq!(again.spec(), twin.spec());
        assert_eq!(again.revision(), twin.revision());
        assert_eq!(again.reported(), twin.reported());
        assert_eq!(again.derived(), twin.derived());
        assert_eq!(again.last_seen_at(), twin.last_seen_at());
        assert_eq!(again.status(), twin.status());
    }
}

/// How many values the store holds, of all nodes together.
async fn stored(world: &World) -> usize {
    let mut count = 0;
    for spec in world.specs() {
        let channel = spec.channel.as_ref().unwrap().channel_id;
        count += world.stored(spec.id, channel).await.len();
    }
    count
}

#[tokio::test(start_paused = true)]
async fn a_service_that_was_drained_goes_on_where_it_stood() {
    let mut world = World::of_fleet(12).await;
    for _ in 0..3 {
        world.run(3 * MINUTE).await;
        let before = world.views();
        let newest: Vec<_> = world.system().pollers();
        let newest: Vec<_> = newest.iter().map(|it| it.view().last_entry_id).collect();
        let drained = world.drain().await;
        assert!(drained.is_complete(), "{drained:?}");
        world.start().await;
        assert_same(&before, &world.views());
        for (poller, newest) in world.system().pollers().iter().zip(newest) {
            assert!(poller.view().last_entry_id >= newest);
        }
        world.verify_status();
    }
    world.run(3 * MINUTE).await;
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_stores_nothing_twice_and_asks_no_more_than_before() {
    let mut world = World::of(&GAUGES).await;
    world.run(5 * MINUTE).await;
    world.drain().await;
    world.start().await;
    let before = stored(&world).await;
    let asked = world.wire.asked().len();
    // Every channel is asked again, but has nothing new within so short a time.
    world.run(Duration::from_secs(3)).await;
    assert!(world.wire.asked().len() >= asked + 4);
    let new = world.shelf().committed();
    let rows: usize = new.iter().map(|batch| batch.telemetry.len()).sum();
    assert_eq!(stored(&world).await, before + rows);
    assert!(rows <= 4, "{rows} rows within three seconds");
    world.run(5 * MINUTE).await;
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn what_came_while_the_service_was_down_is_read_afterwards() {
    let mut world = World::of(&GAUGES).await;
    world.run(5 * MINUTE).await;
    world.drain().await;
    world.run(45 * MINUTE).await;
    world.start().await;
    for twin in world.views().values() {
        let now = twin.status_at(world.now());
        assert_eq!(now.state, StatusState::Offline);
    }
    world.run(5 * MINUTE).await;
    world.verify().await;
    for twin in world.views().values() {
        assert_eq!(twin.status().state, StatusState::Online);
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_loses_nothing_that_the_channels_still_have() {
    let mut world = World::of_fleet(12).await;
    for millis in [61_300, 90_050, 75_420, 60_000] {
        world.run(Duration::from_millis(millis)).await;
        world.crash().await;
        world.start().await;
        world.verify_saved().await;
    }
    world.run(3 * MINUTE).await;
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_a_commit_and_its_answer_stores_nothing_twice() {
    let mut world = World::of(&GAUGES).await;
    world.run(2 * MINUTE).await;
    for _ in 0..3 {
        world.shelf().set(Mood::Speechless);
        world.run(MINUTE).await;
        world.crash().await;
        world.start().await;
        world.verify_saved().await;
        world.run(2 * MINUTE).await;
        world.verify().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_while_the_store_is_away_loses_nothing_either() {
    let mut world = World::of(&GAUGES).await;
    world.run(3 * MINUTE).await;
    world.shelf().set(Mood::Away);
    world.run(10 * MINUTE).await;
    world.crash().await;
    world.start().await;
    world.run(5 * MINUTE).await;
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_a_twin_is_never_ahead_of_its_log() {
    let mut world = World::of(&GAUGES).await;
    for millis in [20_010, 33_333, 47_001, 62_500] {
        world.run(Duration::from_millis(millis)).await;
        world.crash().await;
        world.start().await;
        let saved = world.shelf().load().await.unwrap();
        for (id, twin) in saved.twins {
            let tail = twin.tail.last().map(|entry| entry.revision);
            let snapshot = twin.snapshot.map(|row| row.revision);
            assert_eq!(Some(world.views()[&id].revision()), tail.max(snapshot));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_the_middle_of_writing_a_long_backlog_leaves_nothing_out() {
    let gauge = Gauge::every(1);
    let nodes = (1..=4).map(|number| gauge.node(number, channel(0)));
    let mut world = World::with_nodes(&[gauge], nodes.collect()).await;
    world.run(MINUTE).await;
    world.drain().await;
    world.run(90 * MINUTE).await;
    world.start().await;
    world.shelf().set(Mood::Away);
    // More than may wait: the poller has handed out a part of what it read.
    world.run(3 * MINUTE).await;
    assert!(world.system().persistence().waiting > 16_000);
    // What the time away made of the statuses may have been written at the start.
    let before = world.shelf().committed().len();
    world.shelf().set(Mood::Last(3));
    world.run(Duration::from_secs(9)).await;
    assert_eq!(world.shelf().committed().len() - before, 3);
    world.crash().await;
    world.start().await;
    world.verify_saved().await;
    world.run(5 * MINUTE).await;
    world.verify().await;
}
