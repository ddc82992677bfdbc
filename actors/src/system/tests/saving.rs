//! When twins are saved: within a minute of a change, but not all at once, nor at the cost of those who wait.

use std::sync::Arc;
use std::time::Duration;

use super::scene::{Scene, pass};
use crate::ports::Batch;
use crate::testing::{level, tank};

/// Nodes whose first readings come together, as after a start.
const NODES: u32 = 400;

/// Within which each of them is saved, and a tick and a look through them.
const SAVED_WITHIN: u64 = 62;

async fn scene() -> Scene {
    let scene = Scene::of((1..=NODES).map(tank).collect()).await;
    for number in 1..=NODES {
        scene.tank(number).offer(level(1, 50.0)).await.unwrap();
    }
    scene.written().await;
    scene
}

/// How many snapshots each batch from number `from` on has.
fn saved(scene: &Scene, from: usize) -> Vec<usize> {
    let batches = scene.archive.batches();
    let saved = batches.iter().skip(from);
    saved.map(|batch| batch.snapshots.len()).collect()
}

#[tokio::test(start_paused = true)]
async fn twins_that_began_to_change_together_are_saved_one_after_the_other() {
    let scene = scene().await;
    let mut before = saved(&scene, 0).len();
    let mut each_second = Vec::new();
    for _ in 0..SAVED_WITHIN {
        pass(Duration::from_secs(1)).await;
        each_second.push(saved(&scene, before).iter().sum::<usize>());
        before = saved(&scene, 0).len();
    }
    assert_eq!(each_second.iter().sum::<usize>(), NODES as usize);
    let most = each_second.iter().max().unwrap();
    assert!(*most <= NODES as usize / 10, "{each_second:?}");
    assert!(each_second[..29].iter().all(|saved| *saved == 0));
}

#[tokio::test(start_paused = true)]
async fn in_a_batch_that_somebody_waits_for_few_twins_are_saved() {
    let scene = scene().await;
    for number in 1..=NODES {
        // As often as makes them due.
        let readings = (2..=65).map(|entry| level(entry, 50.0)).collect();
        scene.tank(number).offer_all(readings).await.unwrap();
    }
    scene.written().await;
    scene.archive.slow_down(Duration::from_millis(4));
    let before = saved(&scene, 0).len();
    let twin = scene.tank(1);
    for entry in 66..1_066 {
        twin.offer(level(entry, 50.0)).await.unwrap();
        assert!(twin.committed(Duration::from_secs(1)).await);
    }
    let saved_in_all: usize = saved(&scene, before).iter().sum();
    assert!(saved_in_all >= NODES as usize, "{saved_in_all}");
    let batches = scene.archive.batches();
    let waited_for = |batch: &&Arc<Batch>| !batch.telemetry.is_empty();
    let waited_for = batches[before..].iter().filter(waited_for);
    let most = waited_for.map(|batch| batch.snapshots.len()).max();
    assert_eq!(most, Some(16));
}
