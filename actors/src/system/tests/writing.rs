//! What is written, in which order, and when the archive is away.

use std::time::Duration;

use tokio::time::Instant;

use super::scene::{Scene, pass};
use crate::domain::{ChannelId, EntryId, Revision, ShardId};
use crate::ports::CursorRow;
use crate::testing::{START, level, tank};
use crate::twin::{OfferError, Twin};

fn cursor(shard: ShardId, entry: u64) -> CursorRow {
    CursorRow {
        channel: ChannelId(1),
        shard,
        last_entry: EntryId(entry),
        last_created_at: START,
        generation: 0,
        missed: 0,
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_an_archive_that_is_away_is_bounded_and_then_written_in_order_and_once() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.written().await;
    scene.archive.go_away();
    let twin = scene.tank(1);
    let mut entry = 0;
    let answer = loop {
        match twin.offer(level(entry + 1, 50.0)).await {
            Ok(()) => entry += 1,
            refused => break refused,
        }
        assert!(entry < 20_000, "nothing ever refuses");
    };
    assert_eq!(answer, Err(OfferError::Full));
    assert!(!twin.sink().has_room());
    pass(Duration::from_secs(60)).await;
    let view = scene.system.persistence();
    assert!(view.failing_since.is_some() && view.retries > 10 && view.waiting >= entry);
    scene.archive.come_back();
    scene.written().await;
    assert!(twin.sink().has_room());
    assert_eq!(scene.system.persistence().failing_since, None);
    let rows = scene.archive.readings(twin.id());
    let entries: Vec<_> = rows.iter().map(|row| row.sample.source_at).collect();
    let all: Vec<_> = (1..=entry)
        .map(|entry| level(entry, 0.0).source_at)
        .collect();
    assert_eq!(entries, all);
}

#[tokio::test(start_paused = true)]
async fn an_archive_that_does_not_answer_is_given_up_on_and_tried_again() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.archive.fall_silent();
    scene.tank(1).offer(level(1, 50.0)).await.unwrap();
    pass(Duration::from_secs(26)).await;
    let view = scene.system.persistence();
    assert_eq!(view.last_error.as_deref(), Some("no answer in time"));
    scene.archive.come_back();
    pass(Duration::from_secs(26)).await;
    assert_eq!(scene.system.persistence().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_offered_counts_as_committed_only_once_it_is() {
    let scene = Scene::of(vec![tank(1)]).await;
    let twin = scene.tank(1);
    scene.archive.go_away();
    twin.offer(level(1, 50.0)).await.unwrap();
    assert!(!twin.committed(Duration::from_secs(5)).await);
    scene.archive.come_back();
    assert!(twin.committed(Duration::from_secs(10)).await);
    assert_eq!(scene.archive.readings(twin.id()).len(), 1);
    twin.offer(level(1, 50.0)).await.unwrap();
    assert!(twin.committed(Duration::ZERO).await);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_commit_does_not_wait_for_a_tick() {
    let scene = Scene::of(vec![tank(1)]).await;
    let twin = scene.tank(1);
    for entry in 1..=20 {
        pass(Duration::from_millis(7)).await;
        twin.offer(level(entry, 50.0)).await.unwrap();
        let asked = Instant::now();
        assert!(twin.committed(Duration::from_secs(1)).await);
        let waited = asked.elapsed();
        assert!(waited <= Duration::from_millis(2), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_is_never_written_before_the_readings_that_were_put_before_it() {
    let scene = Scene::of(vec![tank(1)]).await;
    let twin = scene.tank(1);
    let sink = twin.sink();
    scene.archive.go_away();
    for entry in 1..=10_000 {
        twin.offer(level(entry, 50.0)).await.unwrap();
        sink.put_cursor(cursor(sink.shard(), entry));
        if entry == 5_000 {
            pass(Duration::from_secs(1)).await;
        }
        if !sink.has_room() {
            break;
        }
    }
    scene.archive.come_back();
    scene.written().await;
    let mut newest = 0;
    for batch in scene.archive.batches() {
        let entries = batch.telemetry.iter().map(|row| row.revision.0);
        newest = entries.chain([newest]).max().unwrap();
        for cursor in &batch.cursors {
            assert!(cursor.last_entry.0 <= newest);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_twin_is_saved_after_64_changes_or_a_minute_and_comes_back_as_it_was() {
    let scene = Scene::of(vec![tank(1), tank(2)]).await;
    for entry in 1..=70 {
        scene.tank(1).offer(level(entry, 50.0)).await.unwrap();
    }
    scene.tank(2).offer(level(1, 50.0)).await.unwrap();
    pass(Duration::from_secs(3)).await;
    let saved = scene.archive.saved();
    assert!(saved.twins[&tank(1).id].snapshot.is_some());
    assert!(saved.twins[&tank(2).id].snapshot.is_none());
    for number in [1, 2] {
        scene.tank(number).offer(level(71, 51.0)).await.unwrap();
    }
    pass(Duration::from_secs(62)).await;
    let saved = scene.archive.saved();
    assert!(saved.twins[&tank(2).id].snapshot.is_some());
    for twin in scene.system.twins() {
        let view = twin.view();
        let saved = &saved.twins[&twin.id()];
        let row = saved.snapshot.as_ref().unwrap();
        let back = Twin::restore(view.spec().clone(), &row.state).unwrap();
        assert_eq!(saved.tail.iter().fold(back, Twin::replay), *view);
    }
}

#[tokio::test(start_paused = true)]
async fn a_saved_twin_is_never_ahead_of_the_rows_that_led_to_it() {
    let scene = Scene::of(vec![tank(1)]).await;
    let twin = scene.tank(1);
    scene.archive.go_away();
    for entry in 1..=12_000 {
        twin.offer(level(entry, 50.0)).await.unwrap();
    }
    scene.archive.come_back();
    pass(Duration::from_secs(70)).await;
    let mut written = Revision::ZERO;
    let mut snapshots = 0;
    for batch in scene.archive.batches() {
        let rows = batch.telemetry.iter().map(|row| row.revision);
        let events = batch.events.iter().map(|row| row.revision);
        written = rows.chain(events).chain([written]).max().unwrap();
        for row in &batch.snapshots {
            assert!(row.revision <= written);
            snapshots += 1;
        }
    }
    assert!(snapshots > 0);
}
