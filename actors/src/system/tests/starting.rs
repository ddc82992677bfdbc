//! What can be done while the system starts, and what cannot.

use std::sync::Arc;
use std::time::Duration;

use super::scene::{Scene, pass};
use crate::domain::{ChannelId, StatusState};
use crate::ports::{Clock, Cursors, Saved, SavedTwins};
use crate::system::{Settings, StartError, System, SystemError};
use crate::testing::{VirtualClock, level, on_channel, tank};
use crate::twin::{OfferError, Presence};

/// A system that was drained with one reading of tank 1 in it, and what it saved.
async fn ended() -> (Scene, Saved) {
    let scene = Scene::of(vec![on_channel(tank(1), 1)]).await;
    scene.tank(1).offer(level(1, 50.0)).await.unwrap();
    scene.system.drain(Duration::from_secs(5)).await;
    let saved = scene.archive.saved();
    (scene, saved)
}

async fn restored(scene: &Scene, saved: Saved) -> Arc<System> {
    let nodes = vec![on_channel(tank(1), 1)];
    let prepared = System::prepare(scene.ports.clone(), Settings::default(), saved.cursors);
    let system = prepared.await.unwrap();
    system.bring_back(nodes, saved.twins).await.unwrap();
    system
}

#[tokio::test(start_paused = true)]
async fn a_twin_is_read_before_it_is_live_and_takes_nothing_until_then() {
    let (scene, saved) = ended().await;
    let before = scene.tank(1).view();
    let system = restored(&scene, saved).await;
    pass(Duration::from_secs(5)).await;
    let twin = system.twin(tank(1).id).unwrap();
    assert_eq!(
        twin.view().property(&crate::domain::Metric::LevelCm),
        before.property(&crate::domain::Metric::LevelCm)
    );
    assert!(!system.is_live());
    assert_eq!(twin.presence(), Presence::Restarting);
    assert_eq!(twin.offer(level(2, 51.0)).await, Err(OfferError::Away));
    system.launch().await.unwrap();
    assert!(system.is_live());
    twin.offer(level(2, 51.0)).await.unwrap();
    assert!(system.drain(Duration::from_secs(5)).await.is_complete());
    let readings = scene.archive.readings(twin.id());
    assert_eq!(
        readings.len(),
        2,
        "what was refused is there once, by its repetition"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_polled_and_no_node_changes_before_everyone_is_live() {
    let (scene, saved) = ended().await;
    let asked = scene.feed.asked().len();
    let system = restored(&scene, saved).await;
    pass(Duration::from_secs(600)).await;
    assert_eq!(scene.feed.asked().len(), asked);
    assert!(system.poller(ChannelId(1)).is_none());
    let created = system.create(tank(2)).await.unwrap_err();
    assert!(matches!(created, SystemError::Starting));
    let removed = system.remove(tank(1).id).await.unwrap_err();
    assert!(matches!(removed, SystemError::Starting));
    system.launch().await.unwrap();
    pass(Duration::from_secs(60)).await;
    assert!(scene.feed.asked().len() > asked);
    system.create(tank(2)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_portion_is_read_as_soon_as_it_is_back_and_the_system_is_whole_once_all_are() {
    let scene = Scene::of(Vec::new()).await;
    let cursors = Cursors::default();
    let prepared = System::prepare(scene.ports.clone(), Settings::default(), cursors);
    let system = prepared.await.unwrap();
    for number in 1..=2 {
        assert!(system.twin(tank(number).id).is_none());
        let back = system.bring_back(vec![tank(number)], SavedTwins::default());
        back.await.unwrap();
        assert!(system.twin(tank(number).id).is_some());
        assert!(!system.is_whole());
    }
    let again = system.bring_back(vec![tank(1)], SavedTwins::default());
    let twice = again.await.unwrap_err();
    assert!(matches!(twice, StartError::Twice(id) if id == tank(1).id));
    system.launch().await.unwrap();
    assert!(system.is_whole());
    assert_eq!(system.twins().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_status_that_was_true_when_it_was_saved_is_judged_before_it_is_read() {
    let (scene, saved) = ended().await;
    assert_eq!(scene.tank(1).view().status().state, StatusState::Online);
    pass(Duration::from_secs(24 * 3_600)).await;
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::default());
    assert!(scene.ports.clock.now() > clock.now(), "a day has passed");
    let system = restored(&scene, saved).await;
    let twin = system.twin(tank(1).id).unwrap();
    assert_eq!(twin.view().status().state, StatusState::Offline);
    system.launch().await.unwrap();
    assert!(system.drain(Duration::from_secs(5)).await.is_complete());
    let row = scene.archive.saved().twins[&twin.id()].snapshot.clone();
    assert_eq!(row.unwrap().revision, twin.view().revision());
}
