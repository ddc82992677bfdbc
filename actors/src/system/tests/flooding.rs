//! More than can be taken.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::scene::{POISON, Scene, brittle, settled};
use crate::testing::{level, on_channel, tank};
use crate::twin::{OfferError, TwinHandle};

/// Offers so many readings at once; the answers, in no order.
fn flood(twin: &TwinHandle, readings: u64) -> JoinSet<Result<(), OfferError>> {
    let offer = |entry| {
        let twin = twin.clone();
        async move { twin.offer(level(entry, 50.0)).await }
    };
    (1..=readings).map(offer).collect()
}

#[tokio::test(start_paused = true)]
async fn a_full_mailbox_refuses_and_counts() {
    let scene = Scene::of(vec![tank(1)]).await;
    let twin = scene.tank(1);
    let answers = flood(&twin, 300).join_all().await;
    let refused = answers
        .iter()
        .filter(|answer| **answer == Err(OfferError::Full));
    assert_eq!(refused.count(), 44);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 256);
    assert_eq!((twin.refused(), twin.depth()), (44, 0));
    let census = scene.system.census();
    let seen = census.find(&format!("twin/{}", twin.id())).unwrap();
    assert_eq!(seen.refused, 44);
}

#[tokio::test(start_paused = true)]
async fn samples_that_are_offered_at_once_take_a_place_each() {
    let scene = Scene::of(vec![tank(1)]).await;
    let twin = scene.tank(1);
    let samples = |count| (1..=count).map(|entry| level(entry, 50.0)).collect();
    assert_eq!(twin.offer_all(samples(257)).await, Err(OfferError::Full));
    assert_eq!((twin.refused(), twin.depth()), (257, 0));
    let (most, one) = (samples(256), level(257, 50.0));
    let (all, more) = tokio::join!(twin.offer_all(most), twin.offer(one));
    assert_eq!((all, more), (Ok(()), Err(OfferError::Full)));
    assert_eq!((twin.refused(), twin.depth()), (258, 0));
    assert_eq!(twin.offer_all(Vec::new()).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_readings_does_not_lock_a_change_of_the_description_out() {
    let scene = Scene::of(vec![tank(1)]).await;
    let mut spec = tank(1);
    spec.label = "Another".to_owned();
    spec.version = 2;
    let mut answers = flood(&scene.tank(1), 300);
    let system = Arc::clone(&scene.system);
    let mut changed = JoinSet::new();
    changed.spawn(async move { system.configure(spec).await });
    changed.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(scene.tank(1).view().spec().label, "Another");
    let mut full = 0;
    while let Some(answer) = answers.join_next().await {
        full += u32::from(answer.unwrap() == Err(OfferError::Full));
    }
    assert_eq!(full, 44);
}

/// Offers until it is taken, as a poller does; what breaks the twin is passed over.
async fn insist(twin: TwinHandle, entry: u64, number: f64) {
    loop {
        match twin.offer(level(entry, number)).await {
            Ok(()) | Err(OfferError::Broke { .. }) => return,
            Err(OfferError::Full | OfferError::Away | OfferError::TimedOut) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(refused @ (OfferError::Quarantined | OfferError::Gone)) => panic!("{refused}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_or_counted_twice_when_many_threads_offer_and_a_twin_breaks_among_them() {
    let nodes = (1..=4).map(|number| on_channel(tank(number), u64::from(number % 2) + 1));
    let scene = Scene::deciding_by(brittle, nodes.collect()).await;
    let mut offers = JoinSet::new();
    for twin in scene.system.twins() {
        for entry in 1..=400 {
            offers.spawn(insist(twin.clone(), entry, 50.0));
        }
        offers.spawn(insist(twin.clone(), 401, POISON));
    }
    offers.join_all().await;
    for twin in scene.system.twins() {
        settled(&twin).await;
        assert_eq!((twin.depth(), twin.restarts()), (0, 1));
    }
    let drained = scene.system.drain(Duration::from_secs(20)).await;
    assert!(drained.is_complete());
    for twin in scene.system.twins() {
        assert_eq!(scene.archive.readings(twin.id()).len(), 400);
    }
}
