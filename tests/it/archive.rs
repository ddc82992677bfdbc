//! The store away, and back: reading goes on within bounds, and then everything is written, once.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use evara_actors::domain::{NodeId, Revision, Source, StatusState};
use evara_actors::ingest::PollerState;

use super::harness::{Gauge, Log, Mood, World, channel, fault};

const MINUTE: Duration = Duration::from_secs(60);

/// Asserts that the store was told of every change in order, and of each reading once.
fn assert_written_in_order(world: &World) {
    let mut newest: BTreeMap<NodeId, Revision> = BTreeMap::new();
    let mut readings: HashSet<(NodeId, Source)> = HashSet::new();
    for batch in world.shelf().committed() {
        for row in &batch.telemetry {
            assert!(
                readings.insert((row.node, row.sample.source)),
                "twice: {row:?}"
            );
            let before = newest.entry(row.node).or_insert(Revision::ZERO);
            assert!(row.late || row.revision > *before, "out of order: {row:?}");
            *before = row.revision.max(*before);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_five_minutes_gets_everything_afterwards_once_and_in_order() {
    let log = Log::listen();
    let world = World::of_fleet(12).await;
    world.run(2 * MINUTE).await;
    let committed = world.shelf().committed().len();
    world.shelf().set(Mood::Away);
    world.run(5 * MINUTE).await;
    assert_eq!(world.shelf().committed().len(), committed);
    let persistence = world.system().persistence();
    assert!(persistence.waiting > 100, "{persistence:?}");
    assert!(persistence.failing_since.is_some(), "{persistence:?}");
    // Live values go on without it.
    let online = world.views();
    let online = online
        .values()
        .filter(|twin| twin.status().state == StatusState::Online);
    assert!(online.count() >= 10);
    world.shelf().set(Mood::There);
    world.run(MINUTE).await;
    let persistence = world.system().persistence();
    assert_eq!(persistence.failing_since, None, "{persistence:?}");
    assert_written_in_order(&world);
    world.verify().await;
    assert_eq!(log.count("a batch is not committed"), 1);
    assert_eq!(log.count("the archive takes batches again"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_drain_without_the_store_says_what_it_leaves() {
    let mut world = World::of(&[Gauge::every(15); 2]).await;
    world.run(2 * MINUTE).await;
    world.shelf().set(Mood::Away);
    world.run(2 * MINUTE).await;
    let drained = world.drain().await;
    assert!(!drained.is_complete());
    assert!(drained.records > 0, "{drained:?}");
    world.start().await;
    world.run(3 * MINUTE).await;
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_batches_and_never_answers_gets_them_again_and_keeps_them_once() {
    let world = World::of(&[Gauge::every(15); 3]).await;
    world.run(2 * MINUTE).await;
    world.shelf().set(Mood::Speechless);
    world.run(2 * MINUTE).await;
    world.shelf().set(Mood::There);
    world.run(2 * MINUTE).await;
    assert_written_in_order(&world);
    world.verify().await;
}

/// Records that may wait in one shard, and what was on its way when it was full.
const MOST_WAITING: u64 = 16_384 + 1_000;

#[tokio::test(start_paused = true)]
async fn a_poller_waits_when_the_buffers_are_full_and_loses_nothing() {
    let gauge = Gauge::every(15);
    let nodes = (1..=3).map(|number| gauge.node(number, channel(0)));
    let mut world = World::with_nodes(&[gauge], nodes.collect()).await;
    world.run(2 * MINUTE).await;
    world.shelf().set(Mood::Away);
    world.fault(0, fault::backfill(6_000));
    world.run(10 * MINUTE).await;
    let waiting = world.system().persistence().waiting;
    assert!((16_384..MOST_WAITING).contains(&waiting), "{waiting}");
    assert_eq!(world.poller(0).view().state, PollerState::Blocked);
    let reads = world.reads(0);
    world.run(10 * MINUTE).await;
    assert_eq!(world.reads(0), reads);
    assert_eq!(world.system().persistence().waiting, waiting);
    world.heal();
    world.shelf().set(Mood::There);
    world.run(10 * MINUTE).await;
    assert_written_in_order(&world);
    world.verify().await;
}
