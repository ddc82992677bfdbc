//! An archive that another process has claimed.

use std::time::Duration;

use tokio::time::Instant;

use super::scene::{Scene, pass};
use crate::testing::{level, tank};
use crate::tree::Failure;

#[tokio::test(start_paused = true)]
async fn a_system_whose_archive_belongs_to_another_process_fails_and_says_so() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.archive.fence_off();
    scene.tank(1).offer(level(1, 50.0)).await.unwrap();
    let failed = tokio::time::timeout(Duration::from_secs(1), scene.system.failed());
    let failure = failed.await.unwrap();
    assert!(matches!(failure, Failure::Fenced(_)), "{failure:?}");
    assert!(failure.to_string().contains("another process"), "{failure}");
    let view = scene.system.persistence();
    assert!(view.failing_since.is_some());
    assert!(view.last_error.unwrap().contains("another process"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_acknowledged_once_another_process_took_over_and_nobody_waits_for_it() {
    let scene = Scene::of(vec![tank(1)]).await;
    let twin = scene.tank(1);
    twin.offer(level(1, 50.0)).await.unwrap();
    assert!(twin.committed(Duration::from_secs(5)).await);
    scene.archive.fence_off();
    let asked = Instant::now();
    twin.offer(level(2, 51.0)).await.unwrap();
    assert!(!twin.committed(Duration::from_secs(5)).await);
    scene.archive.come_back();
    twin.offer(level(3, 52.0)).await.unwrap();
    assert!(!twin.committed(Duration::from_secs(5)).await);
    assert!(asked.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_lost_its_right_tries_nothing_again_and_holds_up_no_drain() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.archive.fence_off();
    scene.tank(1).offer(level(1, 50.0)).await.unwrap();
    pass(Duration::from_secs(1)).await;
    let tries = scene.archive.tries();
    pass(Duration::from_secs(60)).await;
    let asked = Instant::now();
    let drained = scene.system.drain(Duration::from_secs(20)).await;
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert!(!drained.is_complete());
    assert_eq!(scene.archive.tries(), tries);
}
