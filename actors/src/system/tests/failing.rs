//! What breaks, and what must not break with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::scene::{POISON, Scene, brittle, pass, settled};
use crate::domain::{ChannelId, EntryId, Source, StatusState, Timestamp};
use crate::ports::{Archive, Clock, Entry, Page, Saved};
use crate::testing::{FakeArchive, START, VirtualClock, level, on_channel, tank};
use crate::tree::Failure;
use crate::twin::{OfferError, Presence, TwinHandle};
use crate::watchers::broadcast::Standing;

/// Breaks a twin again and again until it is given up on.
async fn wear_out(twin: &TwinHandle) {
    let mut entry = 100;
    while settled(twin).await == Presence::Running {
        assert_eq!(
            twin.offer(level(entry, POISON)).await,
            Err(OfferError::Broke { taken: 0 })
        );
        entry += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_one_of_a_thousand_twins_leaves_the_others_untouched() {
    let nodes = (0..1_000)
        .map(|number| on_channel(tank(number), 1))
        .collect();
    let scene = Scene::deciding_by(brittle, nodes).await;
    for twin in scene.system.twins() {
        twin.offer(level(1, 50.0)).await.unwrap();
    }
    let broken = scene.tank(7);
    let before = broken.view();
    assert_eq!(
        broken.offer(level(2, POISON)).await,
        Err(OfferError::Broke { taken: 0 })
    );
    for twin in scene
        .system
        .twins()
        .iter()
        .filter(|twin| twin.id() != broken.id())
    {
        twin.offer(level(2, 51.0)).await.unwrap();
        assert_eq!(twin.restarts(), 0);
    }
    assert_eq!(broken.view(), before);
    assert_eq!(settled(&broken).await, Presence::Running);
    broken.offer(level(3, 52.0)).await.unwrap();
    assert_eq!((broken.restarts(), broken.depth()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn of_samples_that_are_offered_at_once_the_one_that_breaks_the_twin_is_the_dead_letter() {
    let scene = Scene::deciding_by(brittle, vec![tank(1)]).await;
    let twin = scene.tank(1);
    let values = [50.0, 51.0, POISON, 52.0];
    let samples: Vec<_> = (1..).zip(values).map(|(n, cm)| level(n, cm)).collect();
    let broke = Err(OfferError::Broke { taken: 2 });
    assert_eq!(twin.offer_all(samples.clone()).await, broke);
    assert_eq!(twin.view().reported()[0].number, 51.0);
    assert_eq!(settled(&twin).await, Presence::Running);
    twin.offer_all(samples[3..].to_vec()).await.unwrap();
    scene.written().await;
    let kept = scene.archive.readings(twin.id());
    let kept: Vec<_> = kept.iter().map(|row| Arc::clone(&row.sample)).collect();
    let sound = [&samples[0], &samples[1], &samples[3]].map(Arc::clone);
    assert_eq!(kept, sound);
    let letters = scene.archive.dead_letters(9).await.unwrap();
    let broken = samples[2].source.to_string();
    assert_eq!((letters.len(), twin.depth()), (1, 0));
    assert!(letters[0].error.contains(&broken), "{letters:?}");
}

#[tokio::test(start_paused = true)]
async fn a_twin_that_keeps_breaking_is_quarantined_after_five_restarts_and_seen_so() {
    let scene = Scene::deciding_by(brittle, vec![tank(1), tank(2)]).await;
    let twin = scene.tank(1);
    twin.offer(level(1, 50.0)).await.unwrap();
    wear_out(&twin).await;
    assert_eq!(
        twin.offer(level(2, 50.0)).await,
        Err(OfferError::Quarantined)
    );
    assert_eq!(twin.view().status().state, StatusState::Quarantined);
    let census = scene.system.census();
    let seen = census.find(&format!("twin/{}", twin.id())).unwrap();
    assert_eq!((seen.presence, seen.restarts), (Presence::Quarantined, 5));
    pass(Duration::from_secs(120)).await;
    assert_eq!(twin.presence(), Presence::Quarantined);
    scene.tank(2).offer(level(1, 50.0)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_breaks_a_twin_is_kept_as_a_dead_letter() {
    let scene = Scene::deciding_by(brittle, vec![tank(1)]).await;
    let twin = scene.tank(1);
    let _broke = twin.offer(level(9, POISON)).await.unwrap_err();
    scene.written().await;
    let letters = scene.archive.dead_letters(10).await.unwrap();
    let letter = letters.first().unwrap();
    assert_eq!((letters.len(), letter.node), (1, twin.id()));
    assert_eq!(letter.error, "poisoned by thingspeak:1#9");
    assert!(letter.message.contains("66.6"), "{}", letter.message);
    assert_eq!(letter.at, level(9, POISON).received_at);
}

#[tokio::test(start_paused = true)]
async fn a_released_twin_goes_on_from_where_it_was() {
    let scene = Scene::deciding_by(brittle, vec![tank(1)]).await;
    let twin = scene.tank(1);
    twin.offer(level(1, 50.0)).await.unwrap();
    let reported = twin.view().reported().to_vec();
    assert!(scene.system.release(twin.id()).await.is_err());
    wear_out(&twin).await;
    scene.system.release(twin.id()).await.unwrap();
    assert_eq!(twin.view().reported(), reported);
    twin.offer(level(2, 51.0)).await.unwrap();
    assert_ne!(twin.view().status().state, StatusState::Quarantined);
}

#[tokio::test(start_paused = true)]
async fn a_released_twin_is_given_what_it_was_passed_over_with() {
    let scene = Scene::deciding_by(brittle, vec![on_channel(tank(1), 1)]).await;
    let twin = scene.tank(1);
    wear_out(&twin).await;
    let entry = Entry {
        id: EntryId(7),
        created_at: START,
        fields: std::array::from_fn(|field| (field == 0).then(|| "50.0".into())),
    };
    let page = Page {
        entries: vec![entry],
        last_entry: Some(EntryId(7)),
        ..Page::default()
    };
    scene.feed.set(ChannelId(1), Ok(page));
    pass(Duration::from_secs(120)).await;
    let poller = scene.system.poller(ChannelId(1)).unwrap();
    assert_eq!(poller.view().counts.passed_over, 1);
    scene.system.release(twin.id()).await.unwrap();
    pass(Duration::from_secs(120)).await;
    let source = Source::ThingSpeak {
        channel: ChannelId(1),
        entry: EntryId(7),
    };
    assert!(
        twin.view()
            .reported()
            .iter()
            .any(|now| now.source == source)
    );
}

#[tokio::test(start_paused = true)]
async fn a_quarantine_outlasts_the_process() {
    let scene = Scene::deciding_by(brittle, vec![tank(1)]).await;
    wear_out(&scene.tank(1)).await;
    scene.system.drain(Duration::from_secs(5)).await;
    let clock = Arc::clone(&scene.ports.clock);
    let saved = scene.archive.saved();
    let again = Scene::with(scene.archive, clock, brittle, vec![tank(1)], saved).await;
    let twin = again.tank(1);
    assert_eq!(
        twin.offer(level(1, 50.0)).await,
        Err(OfferError::Quarantined)
    );
    again.system.release(twin.id()).await.unwrap();
    twin.offer(level(1, 50.0)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_breaks_once_writes_what_it_had_taken() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.written().await;
    scene.archive.break_down();
    scene.tank(1).offer(level(1, 50.0)).await.unwrap();
    pass(Duration::from_millis(100)).await;
    scene.archive.come_back();
    scene.written().await;
    assert_eq!(scene.archive.readings(tank(1).id).len(), 1);
    let census = scene.system.census();
    assert_eq!(census.find("persist/0").unwrap().restarts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_keeps_breaking_takes_the_system_down() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.archive.break_down();
    scene.tank(1).offer(level(1, 50.0)).await.unwrap();
    let failed = tokio::time::timeout(Duration::from_secs(10), scene.system.failed());
    assert_eq!(given_up(failed.await.unwrap()), "persist/0");
}

fn given_up(failure: Failure) -> String {
    match failure {
        Failure::GivenUp { actor, .. } => actor,
        fenced @ Failure::Fenced(_) => panic!("{fenced}"),
    }
}

/// A clock that can be broken, and with it every shard that ticks.
#[derive(Debug, Default)]
struct Brittle(VirtualClock, AtomicBool);

impl Clock for Brittle {
    fn now(&self) -> Timestamp {
        assert!(!self.1.load(Ordering::Relaxed), "the clock is broken");
        self.0.now()
    }
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_breaks_comes_back_with_everyone_in_it_but_not_for_ever() {
    let clock = Arc::new(Brittle::default());
    let archive = Arc::new(FakeArchive::default());
    let nodes = (0..10).map(|number| on_channel(tank(number), 1)).collect();
    let ports_clock = Arc::<Brittle>::clone(&clock);
    let scene = Scene::with(archive, ports_clock, brittle, nodes, Saved::default()).await;
    scene.tank(3).offer(level(1, 50.0)).await.unwrap();
    scene.written().await;
    clock.1.store(true, Ordering::Relaxed);
    let shard = scene.system.census().children[0].children[0].name.clone();
    let presence = || scene.system.census().find(&shard).unwrap().presence;
    while presence() == Presence::Running {
        pass(Duration::from_millis(10)).await;
    }
    clock.1.store(false, Ordering::Relaxed);
    pass(Duration::from_secs(1)).await;
    assert_eq!(
        scene.system.running().await.unwrap(),
        scene.system.census().names()
    );
    let standing = scene.system.standing(&Standing::default());
    let mut those = standing.after(None);
    let is_told = those.any(|(subject, _)| subject.to_string() == shard);
    assert!(is_told);
    for twin in scene.system.twins() {
        twin.offer(level(2, 51.0)).await.unwrap();
    }
    scene.written().await;
    clock.1.store(true, Ordering::Relaxed);
    let failed = tokio::time::timeout(Duration::from_secs(10), scene.system.failed());
    assert_eq!(given_up(failed.await.unwrap()), shard);
}

#[test]
fn a_panic_unwinds_without_which_nothing_here_holds() {
    assert!(std::panic::catch_unwind(|| panic!("as meant")).is_err());
}
