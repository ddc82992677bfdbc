//! Several nodes on one channel: it is asked once, and each node gets its own fields.

use std::time::Duration;

use evara_actors::domain::{Metric, NodeSpec};
use uuid::Uuid;

use super::harness::{Fields, Gauge, World, channel, reading, texts};

const MINUTE: Duration = Duration::from_secs(60);

fn two_tanks(at_s: i64) -> Fields {
    let (first, second) = (100 + at_s % 40, 150 + at_s % 30);
    texts([&first.to_string(), "21.5", &second.to_string()])
}

const GAUGE: Gauge = Gauge {
    says: two_tanks,
    ..Gauge::every(15)
};

fn node(number: u32, field: u8) -> NodeSpec {
    let mut spec = GAUGE.node(number, channel(0));
    spec.channel = Some(reading(channel(0), &[(field, Metric::LevelCm)]));
    spec
}

#[tokio::test(start_paused = true)]
async fn two_nodes_on_one_channel_cost_one_request_and_get_their_own_fields() {
    let alone = World::with_nodes(&[GAUGE], vec![node(1, 1)]).await;
    alone.run(10 * MINUTE).await;
    let reads_alone = alone.reads(0);
    let both = World::with_nodes(&[GAUGE], vec![node(1, 1), node(2, 3)]).await;
    both.run(10 * MINUTE).await;
    assert_eq!(both.system().pollers().len(), 1);
    assert_eq!(both.reads(0), reads_alone);
    let level = |index: usize| both.twin(index).view().reported()[0].clone();
    assert_eq!(level(0).source, level(1).source);
    let at_s = level(0).source_at.millis() / 1_000;
    assert_eq!(level(0).number, (100 + at_s % 40) as f64);
    assert_eq!(level(1).number, (150 + at_s % 30) as f64);
    both.verify().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_asked_until_its_last_reader_is_gone() {
    let mut world = World::with_nodes(&[GAUGE], vec![node(1, 1), node(2, 3)]).await;
    world.run(3 * MINUTE).await;
    world.remove(node(1, 1).id).await;
    world.run(3 * MINUTE).await;
    world.verify().await;
    world.remove(node(2, 3).id).await;
    let reads = world.reads(0);
    world.run(10 * MINUTE).await;
    assert_eq!(world.reads(0), reads);
    assert!(world.system().pollers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_key_for_a_public_channel_takes_it_from_nobody_who_has_none() {
    let nodes = [node(1, 1), node(2, 3)];
    let world = World::with_nodes(&[GAUGE], nodes.to_vec()).await;
    for (community, node) in (1..).zip(&nodes) {
        // The twins alone are told: the store knows no tenants.
        let moved = NodeSpec {
            community_id: Some(Uuid::from_u128(community)),
            version: node.version + 1,
            ..node.clone()
        };
        world.system().configure(moved).await.unwrap();
    }
    world.run(3 * MINUTE).await;
    world.bring_key(0, nodes[0].id, "ANYTHING");
    world.run(10 * MINUTE).await;
    world.verify().await;
}
