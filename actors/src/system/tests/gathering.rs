//! How those who wait for a commit share it.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::scene::{Scene, pass};
use crate::testing::{level, tank};

/// What a commit takes in these tests.
const COMMIT: Duration = Duration::from_millis(4);

/// Offers a reading, and tells how long it took to be committed.
async fn push(scene: &Scene, entry: u64) -> impl Future<Output = Duration> + use<> {
    let (twin, begun) = (scene.tank(1), Instant::now());
    twin.offer(level(entry, 50.0)).await.unwrap();
    async move {
        assert!(twin.committed(Duration::from_secs(1)).await);
        begun.elapsed()
    }
}

async fn slow_scene() -> Scene {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.written().await;
    scene.archive.slow_down(COMMIT);
    scene
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_alone_waits_for_one_commit_and_for_no_company() {
    let scene = slow_scene().await;
    for entry in 1..=50 {
        let waited = push(&scene, entry).await.await;
        assert!(waited <= COMMIT + Duration::from_millis(2), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_come_one_after_the_other_share_few_transactions_and_none_waits_for_long() {
    let scene = slow_scene().await;
    let before = scene.archive.tries();
    let mut pushes = JoinSet::new();
    for entry in 1..=400 {
        pushes.spawn(push(&scene, entry).await);
        pass(Duration::from_millis(1)).await;
    }
    let waited = pushes.join_all().await.into_iter().max().unwrap();
    let transactions = scene.archive.tries() - before;
    assert!((20..=30).contains(&transactions), "{transactions}");
    assert!(waited <= COMMIT * 6, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_archive_is_not_waited_for_in_proportion() {
    let scene = slow_scene().await;
    scene.archive.slow_down(Duration::from_millis(200));
    let company = (push(&scene, 1).await, push(&scene, 2).await);
    tokio::join!(company.0, company.1);
    let waited = push(&scene, 3).await.await;
    assert!(waited <= Duration::from_millis(225), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn as_soon_as_there_is_enough_for_a_transaction_nobody_is_waited_for() {
    let scene = slow_scene().await;
    let company = (push(&scene, 1).await, push(&scene, 2).await);
    tokio::join!(company.0, company.1);
    let mut pushes = JoinSet::new();
    for entry in 3..259 {
        pushes.spawn(push(&scene, entry).await);
    }
    let waited = pushes.join_all().await.into_iter().max().unwrap();
    assert!(
        waited <= COMMIT * 2 + Duration::from_millis(4),
        "{waited:?}"
    );
}
