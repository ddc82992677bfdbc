//! Nodes that are created, changed and removed while the service runs.

use std::time::Duration;

use evara_actors::domain::{Metric, StatusState};

use super::harness::{Gauge, World, channel, reading};

const MINUTE: Duration = Duration::from_secs(60);

const GAUGE: Gauge = Gauge::every(15);

#[tokio::test(start_paused = true)]
async fn a_node_that_is_created_is_fed_from_then_on() {
    let mut world = World::with_nodes(&[GAUGE; 3], vec![GAUGE.node(1, channel(0))]).await;
    world.run(2 * MINUTE).await;
    assert_eq!(world.reads(1), 0);
    world.create(GAUGE.node(2, channel(1))).await;
    world.run(2 * MINUTE).await;
    assert_eq!(world.twin(1).view().status().state, StatusState::Online);
    world.create(GAUGE.node(3, channel(0))).await;
    world.run(2 * MINUTE).await;
    assert_eq!(world.system().pollers().len(), 2);
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_moved_to_another_channel_is_fed_by_that_one_alone() {
    let mut world = World::with_nodes(&[GAUGE; 2], vec![GAUGE.node(1, channel(0))]).await;
    world.run(3 * MINUTE).await;
    let before = world.twin(0).view();
    let mut spec = GAUGE.node(1, channel(1));
    spec.label = "Moved".to_owned();
    world.configure(spec).await;
    let reads = world.reads(0);
    world.run(3 * MINUTE).await;
    assert_eq!(world.reads(0), reads);
    let after = world.twin(0).view();
    assert_eq!(after.spec().label, "Moved");
    assert!(after.revision() > before.revision());
    assert_eq!(world.stored(after.spec().id, channel(0)).await.len(), {
        let rows = world.rows(channel(0)).await;
        let handed_out = rows
            .iter()
            .filter(|row| row.at <= before.last_seen_at().unwrap());
        handed_out.count()
    });
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_mapped_anew_reads_its_new_fields() {
    let mut world = World::of(&[GAUGE, GAUGE]).await;
    world.run(3 * MINUTE).await;
    let mut spec = GAUGE.node(1, channel(0));
    spec.channel = Some(reading(channel(0), &[(1, Metric::DistanceCm)]));
    world.configure(spec).await;
    world.run(3 * MINUTE).await;
    let twin = world.twin(0).view();
    let distance = twin.property(&Metric::DistanceCm).unwrap();
    assert_eq!(Some(distance.source_at), twin.last_seen_at());
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_removed_is_gone_and_its_history_stays() {
    let mut world = World::of(&[GAUGE, GAUGE]).await;
    world.run(3 * MINUTE).await;
    let gone = world.twin(0);
    world.remove(gone.id()).await;
    assert!(world.system().twin(gone.id()).is_none());
    assert!(world.system().poller(channel(0)).is_none());
    let reads = world.reads(0);
    world.run(3 * MINUTE).await;
    assert_eq!(world.reads(0), reads);
    assert!(!world.stored(gone.id(), channel(0)).await.is_empty());
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn changes_survive_a_crash() {
    let mut world = World::with_nodes(&[GAUGE; 3], vec![GAUGE.node(1, channel(0))]).await;
    world.run(2 * MINUTE).await;
    world.create(GAUGE.node(2, channel(1))).await;
    world.configure(GAUGE.node(1, channel(2))).await;
    world.run(Duration::from_secs(1)).await;
    world.crash().await;
    world.start().await;
    world.run(3 * MINUTE).await;
    world.verify().await;
}
