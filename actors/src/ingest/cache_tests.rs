//! The cache: one request for a crowd, none after a poll, and no growth by what people name.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::scene::{Mood, River, Scene, pass};
use super::{ChannelCache, ReadError};
use crate::domain::ChannelId;
use crate::ports::{FeedError, Page};

const CHANNEL: ChannelId = ChannelId(7);
const SECOND: Duration = Duration::from_secs(1);

async fn scene() -> (Arc<River>, Arc<ChannelCache>) {
    let scene = Scene::of_entries_every(60 * SECOND).await;
    (scene.river, scene.ingest.cache)
}

async fn crowd(cache: &Arc<ChannelCache>) -> Vec<Result<Arc<Page>, ReadError>> {
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let cache = Arc::clone(cache);
        tasks.spawn(async move { cache.get(CHANNEL).await });
    }
    tasks.join_all().await
}

#[tokio::test(start_paused = true)]
async fn a_hundred_who_ask_at_once_cost_one_request_a_minute() {
    let (river, cache) = scene().await;
    assert!(crowd(&cache).await.iter().all(Result::is_ok));
    pass(59 * SECOND).await;
    crowd(&cache).await;
    assert_eq!(river.asked().len(), 1);
    pass(2 * SECOND).await;
    crowd(&cache).await;
    assert_eq!(river.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_by_those_who_wait_and_forgotten_within_seconds() {
    let (river, cache) = scene().await;
    river.set(Mood::Silent);
    let failed = crowd(&cache).await;
    assert!(
        failed
            .iter()
            .all(|answer| *answer == Err(FeedError::TimedOut.into()))
    );
    assert_eq!(river.asked().len(), 1);
    river.set(Mood::Answering);
    pass(6 * SECOND).await;
    assert!(cache.get(CHANNEL).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn one_who_leaves_early_does_not_leave_the_others_without_an_answer() {
    let (river, cache) = scene().await;
    river.set(Mood::Silent);
    let left = tokio::time::timeout(SECOND, cache.get(CHANNEL)).await;
    assert!(left.is_err());
    river.set(Mood::Answering);
    let answer = tokio::time::timeout(SECOND, cache.get(CHANNEL)).await;
    assert!(answer.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn reading_for_people_stays_within_the_channels_budget() {
    let (river, cache) = scene().await;
    river.set(Mood::Failing(FeedError::NoAccess));
    for _ in 0..60 {
        let _failed = cache.get(CHANNEL).await;
        pass(SECOND).await;
    }
    assert!(river.asked().len() <= 15);
    assert!(matches!(
        cache.get(CHANNEL).await,
        Err(ReadError::Held { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn no_more_than_a_thousand_channels_are_kept() {
    let scene = Scene::of_entries_every(60 * SECOND).await;
    let cache = &scene.ingest.cache;
    for channel in 0..1_200 {
        let _page = cache.get(ChannelId(channel)).await;
        pass(SECOND / 20).await;
    }
    assert_eq!(cache.channels(), 1_000);
    let asked = scene.river.asked().len();
    cache.get(ChannelId(1_199)).await.unwrap();
    assert_eq!(scene.river.asked().len(), asked);
    cache.put(ChannelId(5_000), &Arc::default());
    assert_eq!(cache.channels(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn what_a_poller_reads_costs_nobody_a_request() {
    let (river, cache) = scene().await;
    cache.put(CHANNEL, &Arc::default());
    assert_eq!(cache.get(CHANNEL).await, Ok(Arc::default()));
    assert_eq!(river.asked(), []);
}
