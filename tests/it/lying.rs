//! A channel whose answers are wrong: nothing of them is believed that should not be, and no other suffers.

use std::time::Duration;

use bytes::Bytes;
use evara::simulator::FaultOrder;
use evara::thingspeak::Response;
use evara_actors::domain::{Quality, Reason, StatusState};
use evara_actors::testing::START;

use super::harness::{Fields, Gauge, World, channel, fault, texts};

const MINUTE: Duration = Duration::from_secs(60);

/// A channel's breaker waits no longer than a quarter of an hour, and a gap is closed soon after.
const RECOVERY: Duration = Duration::from_secs(18 * 60);

/// Two channels that are read well, the first of which a test may break.
async fn two() -> World {
    let world = World::of(&[Gauge::every(15), Gauge::every(15)]).await;
    world.run(3 * MINUTE).await;
    world
}

/// Heals everything and checks that nothing was lost, and that the other channel never noticed.
async fn recover(world: &World) {
    assert_eq!(world.poller(1).view().counts.failures, 0);
    assert_eq!(world.twin(1).view().status().state, StatusState::Online);
    world.heal();
    world.run(RECOVERY).await;
    world.verify().await;
    for twin in world.views().values() {
        assert_eq!(
            twin.status().state,
            StatusState::Online,
            "{:?}",
            twin.spec().key
        );
    }
}

/// Five minutes of an answer that is no feed at all.
async fn five_minutes_of_no_feed(order: FaultOrder) {
    let mut world = two().await;
    let before = world.twin(0).view();
    world.fault(0, order);
    world.run(5 * MINUTE).await;
    let view = world.poller(0).view();
    assert!(view.counts.failures >= 2, "{view:?}");
    let after = world.twin(0).view();
    assert_eq!(after.reported(), before.reported());
    recover(&world).await;
}

#[tokio::test(start_paused = true)]
async fn half_of_a_body_is_no_feed() {
    five_minutes_of_no_feed(fault::truncate()).await;
}

#[tokio::test(start_paused = true)]
async fn a_web_page_with_200_is_no_feed() {
    five_minutes_of_no_feed(fault::html()).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_without_end_is_no_feed() {
    five_minutes_of_no_feed(fault::huge()).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_is_no_feed() {
    five_minutes_of_no_feed(fault::cut()).await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_refused_is_no_feed() {
    five_minutes_of_no_feed(fault::deny()).await;
}

#[tokio::test(start_paused = true)]
async fn minus_one_with_200_is_no_feed() {
    let world = two().await;
    let before = world.twin(0).view();
    world.wire.lie(channel(0), |answer| Response {
        status: 200,
        body: Bytes::from_static(b"-1"),
        ..answer
    });
    world.run(5 * MINUTE).await;
    assert!(world.poller(0).view().counts.failures >= 2);
    assert_eq!(world.twin(0).view().reported(), before.reported());
    recover(&world).await;
}

#[tokio::test(start_paused = true)]
async fn an_old_answer_with_200_makes_a_node_late_and_loses_nothing() {
    let mut world = two().await;
    world.fault(0, fault::stale());
    world.run(4 * MINUTE).await;
    assert_eq!(world.twin(0).view().status().state, StatusState::Offline);
    assert_eq!(world.poller(0).view().generation, 0);
    recover(&world).await;
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_shown_twice_are_taken_once() {
    let mut world = two().await;
    world.fault(0, fault::duplicates());
    world.run(10 * MINUTE).await;
    assert_eq!(world.twin(0).view().status().state, StatusState::Online);
    recover(&world).await;
}

#[tokio::test(start_paused = true)]
async fn rows_with_half_of_their_fields_are_taken_as_they_are() {
    let mut world = two().await;
    world.fault(0, fault::nulls());
    world.run(5 * MINUTE).await;
    let twin = world.twin(0).view();
    assert_eq!(twin.status().state, StatusState::Online);
    assert_eq!(twin.reported().len(), 2);
    recover(&world).await;
}

#[tokio::test(start_paused = true)]
async fn texts_that_are_no_numbers_are_refused_by_reason_and_stop_nothing() {
    let mut world = two().await;
    world.fault(0, fault::odd_values());
    world.run(10 * MINUTE).await;
    let view = world.poller(0).view();
    assert_eq!((view.counts.failures, view.counts.passed_over), (0, 0));
    let refused: u64 = view.counts.refused().map(|(_, count)| count).sum();
    assert!(refused >= 20, "{view:?}");
    recover(&world).await;
}

fn texts_of_real_devices(at_s: i64) -> Fields {
    const LEVELS: [&str; 10] = [
        "101.5",
        "nan",
        "102.25\r\n\r\n",
        "103 cm",
        "",
        " 104 ",
        "18:1:39",
        "-INF",
        "1.05e2",
        "106,5",
    ];
    texts([LEVELS[(at_s / 15).rem_euclid(10) as usize], "21.5"])
}

#[tokio::test(start_paused = true)]
async fn what_devices_write_in_place_of_numbers_is_kept_as_they_wrote_it() {
    let odd = Gauge {
        says: texts_of_real_devices,
        ..Gauge::every(15)
    };
    let world = World::of(&[odd, Gauge::every(15)]).await;
    world.run(20 * MINUTE).await;
    world.verify().await;
    let id = world.twin(0).id();
    let stored = world.stored(id, channel(0)).await;
    let points = stored.values().flatten();
    let refused: Vec<_> = points.filter(|point| point.number.is_none()).collect();
    assert!(refused.len() >= 30, "{} refused", refused.len());
    for point in refused {
        assert_eq!(point.verdict.quality, Quality::Missing, "{point:?}");
        assert!(matches!(
            point.verdict.reason,
            Some(Reason::NotANumber | Reason::Empty)
        ));
        assert!(point.raw.is_some(), "{point:?}");
    }
    assert_eq!(world.twin(0).view().status().state, StatusState::Online);
}

#[tokio::test(start_paused = true)]
async fn good_rows_beside_rows_that_cannot_be_read_are_kept() {
    let world = two().await;
    world.wire.lie(channel(0), |answer| {
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let broken = r#""feeds":[{"created_at":7},[],"no row",{"entry_id":-3},"#;
        let body = text.replace(r#""feeds":["#, broken);
        assert_ne!(text, body, "the lie does not fit");
        Response {
            body: body.into(),
            ..answer
        }
    });
    world.run(10 * MINUTE).await;
    let view = world.poller(0).view();
    assert_eq!((view.counts.failures, view.counts.malformed), (0, 4));
    world.verify().await;
}

#[tokio::test(start_paused = true)]
async fn rows_with_old_times_are_stored_and_change_nothing_that_is_current() {
    let mut world = two().await;
    world.fault(0, fault::backfill(30));
    let before = world.twin(0).view();
    world.run(2 * MINUTE).await;
    let after = world.twin(0).view();
    assert!(after.last_seen_at() > before.last_seen_at());
    assert_eq!(after.status().state, StatusState::Online);
    assert_eq!(world.poller(0).view().counts.late, 30);
    recover(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_was_cleared_is_read_from_its_new_beginning() {
    let mut world = two().await;
    world.clear(0).await;
    world.run(10 * MINUTE).await;
    let view = world.poller(0).view();
    assert_eq!(view.generation, 1);
    assert!(view.last_entry_id.is_some_and(|newest| newest.0 >= 35));
    recover(&world).await;
}

/// A device whose clock was an hour ahead for ten minutes, three minutes after the test begins.
fn ahead_for_ten_minutes(at_s: i64) -> i64 {
    let since_s = at_s - START.millis() / 1_000;
    let ahead_s = if (180..780).contains(&since_s) {
        3_600
    } else {
        0
    };
    at_s + ahead_s
}

#[tokio::test(start_paused = true)]
async fn a_device_whose_clock_was_ahead_is_followed_again_once_it_is_right() {
    let ahead = Gauge {
        stamps: ahead_for_ten_minutes,
        ..Gauge::every(15)
    };
    let world = World::of(&[ahead, Gauge::every(15)]).await;
    world.run(14 * MINUTE).await;
    assert!(world.twin(0).view().last_seen_at().unwrap() <= world.now());
    for _ in 0..30 {
        world.run(MINUTE).await;
        let (twin, poller) = (world.twin(0).view(), world.poller(0).view());
        let state = twin.status().state;
        assert_eq!(state, StatusState::Online, "{} {poller:?}", world.now());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stamp_from_the_future_is_kept_as_suspect_and_never_becomes_current() {
    let mut world = two().await;
    world.fault(0, fault::skew(3_600));
    for _ in 0..20 {
        world.run(Duration::from_secs(15)).await;
        let twin = world.twin(0).view();
        assert!(twin.last_seen_at().unwrap() <= world.now());
        for property in twin.reported() {
            assert!(property.source_at <= world.now(), "{property:?}");
        }
    }
    let stored = world.stored(world.twin(0).id(), channel(0)).await;
    let points = stored.values().flatten();
    let future: Vec<_> = points
        .filter(|point| point.source_at > point.received_at)
        .collect();
    assert!(future.len() >= 20, "{} kept", future.len());
    for point in future {
        assert_eq!(point.verdict.quality, Quality::Suspect, "{point:?}");
        assert_eq!(point.verdict.reason, Some(Reason::Future), "{point:?}");
    }
    recover(&world).await;
}
