//! What the archive never takes: it is told of and kept aside, and keeps nothing else waiting.

use std::time::Duration;

use super::scene::{POISON, Scene, pass};
use crate::domain::{ChannelId, EntryId, Source};
use crate::ports::{Archive as _, Batch, CursorRow};
use crate::testing::{START, level, tank};
use crate::twin::Twin;

/// As a database refuses a transaction for one of its rows.
fn is_poisonous(batch: &Batch) -> bool {
    let mut values = batch.telemetry.iter().flat_map(|row| &row.sample.values);
    values.any(|value| value.number == Some(POISON))
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_never_taken_becomes_a_dead_letter_and_the_rest_is_written_in_order() {
    let scene = Scene::of(vec![tank(1), tank(2)]).await;
    scene.archive.refuse(is_poisonous);
    for entry in 1..=300 {
        let value = if entry == 77 { POISON } else { 50.0 };
        scene.tank(1).offer(level(entry, value)).await.unwrap();
        scene.tank(2).offer(level(entry, 50.0)).await.unwrap();
    }
    let sink = scene.tank(1).sink();
    sink.put_cursor(CursorRow {
        channel: ChannelId(1),
        shard: sink.shard(),
        last_entry: EntryId(300),
        last_created_at: START,
        generation: 0,
        missed: 0,
    });
    assert!(scene.tank(1).committed(Duration::from_secs(5)).await);
    scene.written().await;
    let view = scene.system.persistence();
    assert_eq!((view.failing_since, view.refused), (None, 1));
    for (number, missing) in [(1, 1), (2, 0)] {
        let rows = scene.archive.readings(tank(number).id);
        assert_eq!(rows.len(), 300 - missing);
        assert!(rows.is_sorted_by_key(|row| row.revision));
    }
    let letters = scene.archive.dead_letters(9).await.unwrap();
    assert_eq!((letters.len(), letters[0].node), (1, tank(1).id));
    let source = Source::ThingSpeak {
        channel: ChannelId(1),
        entry: EntryId(77),
    };
    let said: serde_json::Value = serde_json::from_str(&letters[0].message).unwrap();
    assert_eq!(
        said["sample"]["source"],
        serde_json::to_value(source).unwrap()
    );
    assert_eq!(
        scene.archive.saved().cursors[&ChannelId(1)].last_entry,
        EntryId(300)
    );
}

#[tokio::test(start_paused = true)]
async fn a_twin_whose_log_lacks_a_row_comes_back_with_what_the_row_said() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.archive.refuse(is_poisonous);
    let twin = scene.tank(1);
    twin.offer(level(1, POISON)).await.unwrap();
    pass(Duration::from_secs(3)).await;
    let saved = scene.archive.saved();
    let saved = &saved.twins[&twin.id()];
    let state = &saved.snapshot.as_ref().unwrap().state;
    let back = Twin::restore(twin.view().spec().clone(), state).unwrap();
    assert_eq!(saved.tail.iter().fold(back, Twin::replay), *twin.view());
}

#[tokio::test(start_paused = true)]
async fn an_archive_that_goes_away_in_the_middle_of_sifting_loses_and_doubles_nothing() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.archive.refuse(is_poisonous);
    for entry in 1..=100 {
        let value = if entry % 40 == 0 { POISON } else { 50.0 };
        scene.tank(1).offer(level(entry, value)).await.unwrap();
    }
    scene.archive.go_away_after(5);
    pass(Duration::from_secs(3)).await;
    assert!(scene.system.persistence().failing_since.is_some());
    scene.archive.come_back();
    scene.written().await;
    assert_eq!(scene.archive.readings(tank(1).id).len(), 98);
    let letters = scene.archive.dead_letters(9).await.unwrap();
    assert_eq!((letters.len(), scene.system.persistence().refused), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn an_archive_that_takes_nothing_at_all_is_waited_for_and_no_row_is_left_out() {
    let nodes = (1..=12).map(tank).collect();
    let scene = Scene::of(nodes).await;
    scene.written().await;
    scene.archive.refuse(|_| true);
    for entry in 1..=40 {
        for number in 1..=12 {
            scene.tank(number).offer(level(entry, 50.0)).await.unwrap();
        }
    }
    pass(Duration::from_secs(5)).await;
    let view = scene.system.persistence();
    assert!(view.failing_since.is_some() && view.waiting > 0, "{view:?}");
    assert_eq!(view.reason.as_deref(), Some("it takes nothing"));
    scene.archive.refuse(|_| false);
    scene.written().await;
    for number in 1..=12 {
        assert_eq!(scene.archive.readings(tank(number).id).len(), 40);
    }
    assert!(scene.archive.dead_letters(9).await.unwrap().is_empty());
}
