//! Nodes that come, change and go while the system runs; and that the tree stays as it is drawn.

use std::time::Duration;

use super::scene::{Scene, WRITERS, pass};
use crate::domain::{NodeSpec, Revision, StatusState};
use crate::system::SystemError;
use crate::testing::{level, on_channel, tank};
use crate::tree::draw;
use crate::twin::{Change, OfferError, Twin};

/// The tree that the runtime runs, the census and the drawing are one.
async fn assert_drawn(scene: &Scene, nodes: &[NodeSpec]) {
    let drawn = draw(nodes, WRITERS);
    assert_eq!(scene.system.running().await.unwrap(), drawn.names());
    assert_eq!(scene.system.census().to_string(), drawn.to_string());
}

#[tokio::test(start_paused = true)]
async fn the_running_tree_is_the_one_that_is_drawn() {
    let mut nodes: Vec<_> = (0..50)
        .map(|n| on_channel(tank(n), u64::from(n / 2) + 1))
        .collect();
    nodes.extend((50..60).map(tank));
    let scene = Scene::of(nodes.clone()).await;
    assert_drawn(&scene, &nodes).await;
    assert_drawn(&Scene::of(Vec::new()).await, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_created_is_there_at_once_and_its_creation_is_its_first_revision() {
    let scene = Scene::of(vec![tank(1)]).await;
    let spec = on_channel(tank(2), 9);
    let twin = scene.system.create(spec.clone()).await.unwrap();
    assert_eq!(twin.view().revision(), Revision(1));
    twin.offer(level(1, 50.0)).await.unwrap();
    assert_eq!(scene.system.twins_by_key("tank-2")[0].id(), spec.id);
    assert_drawn(&scene, &[tank(1), spec.clone()]).await;
    let again = scene.system.create(spec).await.unwrap_err();
    assert!(matches!(again, SystemError::Exists(_)));
    scene.written().await;
    let batches = scene.archive.batches();
    let events: Vec<_> = batches.iter().flat_map(|batch| &batch.events).collect();
    let created = events.iter().filter(|row| row.change == Change::Created);
    assert_eq!(created.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_removed_is_gone_with_its_poller_and_its_shard() {
    let nodes = vec![on_channel(tank(1), 1), on_channel(tank(2), 2)];
    let scene = Scene::of(nodes).await;
    let twin = scene.tank(2);
    scene.system.remove(twin.id()).await.unwrap();
    assert!(scene.system.twin(twin.id()).is_none());
    assert!(scene.system.twins_by_key("tank-2").is_empty());
    assert_eq!(twin.offer(level(1, 50.0)).await, Err(OfferError::Gone));
    assert_drawn(&scene, &[on_channel(tank(1), 1)]).await;
    let again = scene.system.remove(twin.id()).await.unwrap_err();
    assert!(matches!(again, SystemError::NotFound(_)));
    pass(Duration::from_secs(70)).await;
    assert_drawn(&scene, &[on_channel(tank(1), 1)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_channel_changes_moves_with_all_that_it_knows() {
    let scene = Scene::of(vec![on_channel(tank(1), 1)]).await;
    let twin = scene.tank(1);
    twin.offer(level(1, 50.0)).await.unwrap();
    let before = twin.view();
    let mut spec = on_channel(tank(1), 2);
    spec.version = 2;
    scene.system.configure(spec.clone()).await.unwrap();
    assert_drawn(&scene, &[spec.clone()]).await;
    assert_eq!(twin.sink().shard(), spec.shard());
    assert_eq!(twin.view().reported(), before.reported());
    twin.offer(level(2, 51.0)).await.unwrap();
    assert!(twin.view().revision() > before.revision());
    pass(Duration::from_secs(5)).await;
    let saved = &scene.archive.saved().twins[&twin.id()];
    let row = saved.snapshot.as_ref().unwrap();
    assert_eq!(row.shard, spec.shard());
    let back = Twin::restore(twin.view().spec().clone(), &row.state).unwrap();
    assert_eq!(saved.tail.iter().fold(back, Twin::replay), *twin.view());
}

#[tokio::test(start_paused = true)]
async fn a_new_key_finds_the_node_and_the_old_one_does_not() {
    let scene = Scene::of(vec![tank(1)]).await;
    let mut spec = tank(1);
    spec.key = "sump-1".to_owned();
    spec.version = 2;
    scene.system.configure(spec).await.unwrap();
    assert!(scene.system.twins_by_key("tank-1").is_empty());
    assert_eq!(scene.system.twins_by_key("sump-1")[0].id(), tank(1).id);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_falls_silent_is_told_the_time_and_only_then() {
    let scene = Scene::of(vec![tank(1), tank(2)]).await;
    let (heard, silent) = (scene.tank(1), scene.tank(2));
    heard.offer(level(0, 50.0)).await.unwrap();
    assert_eq!(heard.view().status().state, StatusState::Online);
    let untouched = silent.view().revision();
    pass(Duration::from_secs(185)).await;
    assert_eq!(heard.view().status().state, StatusState::Late);
    pass(Duration::from_secs(420)).await;
    assert_eq!(heard.view().status().state, StatusState::Offline);
    assert_eq!(silent.view().revision(), untouched);
}
