//! How the system ends.

use std::time::Duration;

use super::scene::{Scene, pass};
use crate::system::{Drained, SystemError};
use crate::testing::{level, on_channel, tank};
use crate::twin::OfferError;

const COMPLETE: Drained = Drained {
    records: 0,
    twins: 0,
};

#[tokio::test(start_paused = true)]
async fn a_drain_writes_everything_also_the_state_of_every_twin_that_changed() {
    let nodes = (0..300).map(|number| on_channel(tank(number), u64::from(number % 7) + 1));
    let scene = Scene::of(nodes.collect()).await;
    for twin in scene.system.twins() {
        twin.offer(level(1, 50.0)).await.unwrap();
    }
    let drained = scene.system.drain(Duration::from_secs(5)).await;
    assert_eq!(drained, COMPLETE);
    let saved = scene.archive.saved();
    for twin in scene.system.twins() {
        let row = saved.twins[&twin.id()].snapshot.as_ref().unwrap();
        assert_eq!(row.revision, twin.view().revision());
        assert_eq!(scene.archive.readings(twin.id()).len(), 1);
        assert_eq!(twin.offer(level(2, 50.0)).await, Err(OfferError::Away));
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_a_mailbox_when_the_drain_begins_is_taken() {
    let scene = Scene::of(vec![tank(1)]).await;
    let twin = scene.tank(1);
    let offer = |entry| {
        let twin = twin.clone();
        async move { twin.offer(level(entry, 50.0)).await }
    };
    let offers: tokio::task::JoinSet<_> = (1..=100).map(offer).collect();
    tokio::task::yield_now().await;
    let drained = scene.system.drain(Duration::from_secs(5)).await;
    assert_eq!(drained, COMPLETE);
    assert!(offers.join_all().await.iter().all(Result::is_ok));
    assert_eq!(scene.archive.readings(twin.id()).len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_in_time_and_says_what_an_archive_that_is_away_did_not_take() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.written().await;
    scene.archive.go_away();
    scene.tank(1).offer(level(1, 50.0)).await.unwrap();
    let began = tokio::time::Instant::now();
    let drained = scene.system.drain(Duration::from_secs(5)).await;
    assert!(drained.records > 0 && !drained.is_complete());
    assert!(began.elapsed() <= Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn a_drain_does_not_wait_long_for_an_archive_that_fails_and_waits_for_one_that_comes_back() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.written().await;
    scene.archive.go_away();
    scene.tank(1).offer(level(1, 50.0)).await.unwrap();
    let began = tokio::time::Instant::now();
    let drained = scene.system.drain(Duration::from_secs(25)).await;
    assert!(!drained.is_complete());
    assert!(
        began.elapsed() <= Duration::from_secs(7),
        "{:?}",
        began.elapsed()
    );

    let scene = Scene::of(vec![tank(1)]).await;
    scene.written().await;
    scene.archive.go_away();
    scene.tank(1).offer(level(1, 50.0)).await.unwrap();
    let back = async {
        pass(Duration::from_secs(3)).await;
        scene.archive.come_back();
    };
    let (drained, ()) = tokio::join!(scene.system.drain(Duration::from_secs(25)), back);
    assert_eq!(drained, COMPLETE);
}

#[tokio::test(start_paused = true)]
async fn nothing_can_be_changed_once_the_drain_has_begun() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.system.drain(Duration::from_secs(5)).await;
    pass(Duration::from_secs(1)).await;
    let refused = scene.system.create(tank(2)).await.unwrap_err();
    assert!(matches!(refused, SystemError::Stopping));
}
