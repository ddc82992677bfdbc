//! Pollers in virtual time: what goes wrong with a feed, with a twin, and with the poller itself.

use std::time::Duration;

use super::scene::{Mood, Scene, pass};
use super::{BreakerState, PollerError, PollerState};
use crate::domain::Timestamp;
use crate::ports::{Ask, FeedError};
use crate::twin::Presence;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn up_to(newest: u64) -> Vec<u64> {
    (1..=newest).collect()
}

/// The newest entry, if each one up to it was taken exactly once, in whatever order.
fn whole(mut taken: Vec<u64>) -> Option<u64> {
    taken.sort_unstable();
    let newest = taken.last().copied()?;
    (taken == up_to(newest)).then_some(newest)
}

/// The most requests that fell into any sixty seconds.
fn busiest_minute(times: &[Timestamp]) -> usize {
    let within = |from: &Timestamp| {
        let until = from.plus(MINUTE);
        times
            .iter()
            .filter(|at| *from <= **at && **at < until)
            .count()
    };
    times.iter().map(within).max().unwrap_or(0)
}

fn times(scene: &Scene) -> Vec<Timestamp> {
    scene.river.asked().into_iter().map(|(at, ..)| at).collect()
}

#[tokio::test(start_paused = true)]
async fn every_reader_of_a_channel_gets_every_entry_of_one_poll() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(10, &[1001, 1002]).await;
    pass(HOUR).await;
    let newest = scene.river.newest();
    assert_eq!(station.taken(0), up_to(newest));
    assert_eq!(station.taken(1), up_to(newest));
    assert_eq!(station.stored(), Some(newest));
    let polls = scene.river.asked().len();
    assert!((55..=70).contains(&polls), "{polls} polls for 60 entries");
}

#[tokio::test(start_paused = true)]
async fn what_one_communitys_key_opened_is_for_its_nodes_alone() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(29, &[2901, 2902, 2911]).await;
    scene.river.lock_but_for(station.twins[0].id());
    pass(HOUR).await;
    let newest = scene.river.newest();
    assert_eq!(station.taken(0), up_to(newest));
    assert_eq!(station.taken(1), up_to(newest));
    assert_eq!(station.taken(2), Vec::<u64>::new());
    assert_eq!(station.stored(), Some(newest));
    scene.river.lock_but_for(station.twins[2].id());
    pass(HOUR).await;
    assert_eq!(station.taken(0), up_to(newest));
    assert_eq!(station.taken(2).last(), Some(&scene.river.newest()));
}

#[tokio::test(start_paused = true)]
async fn who_may_have_it_is_waited_for_and_then_nobody_else_is_given_it() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(30, &[3001]).await;
    scene.river.lock_but_for(crate::testing::tank(3002).id);
    pass(MINUTE).await;
    assert_eq!(station.stored(), None, "the one with the key may come back");
    pass(10 * MINUTE).await;
    assert_eq!(station.taken(0), Vec::<u64>::new());
    assert!(station.stored().is_some(), "the channel goes on without");
}

#[tokio::test(start_paused = true)]
async fn an_outage_opens_the_breaker_and_its_end_is_caught_up_with_in_full() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(11, &[1101]).await;
    pass(5 * MINUTE).await;
    scene
        .river
        .set(Mood::Failing(FeedError::Status { status: 503 }));
    scene.river.forget();
    pass(8 * HOUR).await;
    assert_eq!(station.poller.view().breaker, BreakerState::Open);
    let outage = times(&scene);
    assert!(
        outage.len() < 60,
        "{} requests to a dead host",
        outage.len()
    );
    let probes = outage.windows(2).skip(10);
    assert!(
        probes
            .map(|pair| pair[1].since(pair[0]))
            .all(|gap| gap >= 14 * MINUTE)
    );
    scene.river.set(Mood::Answering);
    pass(HOUR).await;
    let newest = scene.river.newest();
    assert_eq!(whole(station.taken(0)), Some(newest));
    assert_eq!(station.stored(), Some(newest));
    let view = station.poller.view();
    assert_eq!(view.breaker, BreakerState::Closed);
    assert_eq!((view.missed_entries, view.consecutive_failures), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_before_the_time_that_retry_after_names() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(12, &[1201]).await;
    pass(5 * MINUTE).await;
    let retry_after = Some(7 * MINUTE);
    scene
        .river
        .set(Mood::Failing(FeedError::Throttled { retry_after }));
    scene.river.forget();
    pass(2 * MINUTE).await;
    scene.river.set(Mood::Answering);
    let held = station.poller.poll_now().await;
    assert!(matches!(held, Err(PollerError::Held { .. })));
    pass(10 * MINUTE).await;
    let asked = times(&scene);
    assert!(asked[1].since(asked[0]) >= 7 * MINUTE);
    assert_eq!(station.poller.view().breaker, BreakerState::Closed);
    assert_eq!(station.taken(0), up_to(scene.river.newest()));
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_hangs_is_cut_off_while_people_are_answered() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(13, &[1301]).await;
    scene.river.set(Mood::Silent);
    pass(5 * SECOND).await;
    assert_eq!(station.poller.view().state, PollerState::Polling);
    let asked_at = tokio::time::Instant::now();
    station.poller.pause().await.unwrap();
    station.poller.resume().await.unwrap();
    assert_eq!(asked_at.elapsed(), Duration::ZERO);
    pass(15 * SECOND).await;
    let view = station.poller.view();
    assert_eq!(view.last_error, Some(FeedError::TimedOut));
    assert_eq!(view.state, PollerState::Waiting);
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_panics_or_talks_nonsense_never_stops_a_poller() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(14, &[1401]).await;
    for mood in [Mood::Panicking, Mood::Failing(FeedError::Malformed("html"))] {
        scene.river.set(mood);
        pass(HOUR).await;
        assert!(matches!(
            station.poller.view().last_error,
            Some(FeedError::Malformed(_))
        ));
    }
    scene.river.set(Mood::Answering);
    pass(HOUR).await;
    assert_eq!(station.poller.view().last_error, None);
    assert_eq!(station.stored(), Some(scene.river.newest()));
}

#[tokio::test(start_paused = true)]
async fn a_cleared_channel_is_read_from_its_new_beginning() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(15, &[1501]).await;
    pass(5 * MINUTE).await;
    let before = station.taken(0).len();
    scene.river.clear();
    pass(HOUR + MINUTE / 2).await;
    let newest = scene.river.newest();
    assert_eq!(station.taken(0)[before..], up_to(newest));
    assert_eq!(station.poller.view().generation, 1);
    assert_eq!(station.stored(), Some(newest));
}

#[tokio::test(start_paused = true)]
async fn a_gap_wider_than_a_page_is_filled_by_a_wider_window() {
    let scene = Scene::of_entries_every(15 * SECOND).await;
    let station = scene.poller(16, &[1601]).await;
    pass(MINUTE).await;
    station.poller.pause().await.unwrap();
    pass(24 * HOUR).await;
    scene.river.forget();
    station.poller.resume().await.unwrap();
    pass(5 * SECOND).await;
    let newest = scene.river.newest();
    assert_eq!(whole(station.taken(0)), Some(newest));
    assert_eq!(station.stored(), Some(newest));
    let windows = scene.river.asked().into_iter();
    let windows: Vec<Ask> = windows
        .map(|(.., ask)| ask)
        .filter(|ask| matches!(ask, Ask::Backfill(_)))
        .collect();
    assert!(
        matches!(windows[..], [Ask::Backfill(5_760..8_000)]),
        "{windows:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_channel_held_before_it_was_first_read_is_read_when_a_person_wishes() {
    let scene = Scene::of_entries_every(15 * SECOND).await;
    pass(24 * HOUR).await;
    let station = scene.poller(21, &[2101]).await;
    pass(MINUTE).await;
    assert!(station.taken(0).len() <= 104, "a page, and what came since");
    scene.river.forget();
    station.poller.backfill().await.unwrap();
    pass(5 * SECOND).await;
    let asked = scene.river.asked();
    assert!(
        matches!(asked[..], [(.., Ask::Backfill(8_000))]),
        "{asked:?}"
    );
    let mut all = station.taken(0);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all, up_to(scene.river.newest()));
    pass(HOUR).await;
    assert_eq!(station.stored(), Some(scene.river.newest()));
    assert_eq!(station.poller.view().missed_entries, 0);
}

#[tokio::test(start_paused = true)]
async fn no_minute_sees_more_than_fifteen_polls_whatever_people_do() {
    let scene = Scene::of_entries_every(15 * SECOND).await;
    let mut station = scene.poller(17, &[1701]).await;
    for round in 0..600 {
        let _held = station.poller.poll_now().await;
        let _held = scene.ingest.cache.get(station.poller.channel()).await;
        if round % 50 == 0 {
            station.restart().await;
        }
        pass(SECOND).await;
    }
    let busiest = busiest_minute(&times(&scene));
    assert!((8..=15).contains(&busiest), "{busiest} polls in a minute");
}

#[tokio::test(start_paused = true)]
async fn a_twin_that_is_away_holds_the_cursor_but_not_its_siblings() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(18, &[1801, 1802]).await;
    pass(5 * MINUTE).await;
    let stored = station.stored();
    station.twins[0].cell().set_presence(Presence::Restarting);
    pass(80 * SECOND).await;
    assert_eq!(station.stored(), stored);
    assert_eq!(station.poller.view().state, PollerState::Blocked);
    assert!(station.taken(1).len() > station.taken(0).len());
    station.twins[0].cell().set_presence(Presence::Running);
    pass(3 * MINUTE).await;
    let newest = scene.river.newest();
    assert_eq!(station.taken(0), up_to(newest));
    assert_eq!(station.taken(1), up_to(newest));
    assert_eq!(station.stored(), Some(newest));
}

#[tokio::test(start_paused = true)]
async fn a_quarantined_twin_holds_up_nobody() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(19, &[1901, 1902]).await;
    station.twins[0].cell().set_presence(Presence::Quarantined);
    pass(HOUR).await;
    let newest = scene.river.newest();
    assert_eq!(station.taken(1), up_to(newest));
    assert_eq!(station.stored(), Some(newest));
    assert_eq!(station.poller.view().counts.passed_over, newest);
}

#[tokio::test(start_paused = true)]
async fn a_sample_that_breaks_a_twin_is_passed_over_and_the_next_ones_are_not() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(20, &[2001, 2002]).await;
    pass(5 * SECOND).await;
    station.poison(0).await;
    for _ in 0..20 {
        pass(MINUTE).await;
        station.poison(0).await;
    }
    let newest = scene.river.newest();
    assert_eq!(station.taken(1), up_to(newest));
    let unharmed = |id: &u64| *id <= 100 || !id.is_multiple_of(5);
    let expected: Vec<u64> = up_to(newest).into_iter().filter(unharmed).collect();
    assert_eq!(station.taken(0), expected);
    assert_eq!(station.poller.view().counts.passed_over, 4);
}

#[tokio::test(start_paused = true)]
async fn without_room_in_the_sink_nothing_is_asked() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(21, &[2101]).await;
    pass(MINUTE).await;
    let row = station.poller.cell().stored().unwrap();
    while station.sink.has_room() {
        station.sink.put_cursor(row.clone());
    }
    scene.river.forget();
    pass(HOUR).await;
    assert_eq!(scene.river.asked(), []);
    assert_eq!(station.poller.view().state, PollerState::Blocked);
    assert_eq!(station.poller.poll_now().await, Err(PollerError::NoRoom));
}

#[tokio::test(start_paused = true)]
async fn a_poller_that_dies_goes_on_where_it_was_and_forgets_no_pause() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let mut station = scene.poller(22, &[2201]).await;
    pass(5 * MINUTE).await;
    station.restart().await;
    pass(HOUR).await;
    assert_eq!(station.taken(0), up_to(scene.river.newest()));
    station.poller.pause().await.unwrap();
    station.restart().await;
    scene.river.forget();
    pass(HOUR).await;
    assert_eq!(scene.river.asked(), []);
    assert_eq!(station.poller.poll_now().await, Err(PollerError::Paused));
    station.poller.resume().await.unwrap();
    pass(MINUTE).await;
    assert_eq!(station.taken(0), up_to(scene.river.newest()));
}

#[tokio::test(start_paused = true)]
async fn a_new_process_goes_on_from_the_stored_cursor() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let first = scene.poller(23, &[2301]).await;
    pass(5 * MINUTE).await;
    first.poller.pause().await.unwrap();
    let stored = first.poller.cell().stored();
    let from = first.stored().unwrap();
    pass(5 * HOUR).await;
    let second = scene.poller_from(23, &[2302], stored).await;
    pass(5 * MINUTE).await;
    let mut taken = second.taken(0);
    taken.sort_unstable();
    assert_eq!(taken, (from + 1..=scene.river.newest()).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_dashboard_costs_no_request_where_the_poller_has_just_made_one() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let station = scene.poller(24, &[2401]).await;
    pass(5 * SECOND).await;
    let polls = scene.river.asked().len();
    for _ in 0..100 {
        scene
            .ingest
            .cache
            .get(station.poller.channel())
            .await
            .unwrap();
    }
    assert_eq!(scene.river.asked().len(), polls);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_away_opens_one_breaker_for_all_and_gets_one_probe_at_a_time() {
    let scene = Scene::of_entries_every(MINUTE).await;
    let mut stations = Vec::new();
    for channel in 0..20 {
        stations.push(
            scene
                .poller(2_500 + channel, &[2_500 + channel as u32])
                .await,
        );
    }
    pass(5 * MINUTE).await;
    scene.river.set(Mood::Failing(FeedError::Unreachable));
    pass(2 * MINUTE).await;
    scene.river.forget();
    pass(2 * HOUR).await;
    assert!(
        times(&scene).len() <= 12,
        "{} probes in two hours",
        times(&scene).len()
    );
    assert_eq!(scene.ingest.host.outages(), 1);
    scene.river.set(Mood::Answering);
    pass(HOUR).await;
    for station in &stations {
        assert_eq!(whole(station.taken(0)), Some(scene.river.newest()));
        assert_eq!(station.poller.view().breaker, BreakerState::Closed);
    }
    assert_eq!(scene.ingest.host.outages(), 1);
}
