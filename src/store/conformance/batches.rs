//! Laws of writing: a batch is written once however often it is sent, and stays.

use std::sync::Arc;

use evara_actors::domain::{ChannelId, EntryId, Metric, Revision};
use evara_actors::ports::{Archive, Batch, DeadLetter};
use evara_actors::twin::Change;

use super::fixtures::{
    cursor, dead_letter, distance, entry, event, everything, full_batch, node, other, sample,
    snapshot, tank_row, telemetry, value,
};
use super::{Opened, Site};

/// All that a reader could see of the nodes 1 and 2.
async fn seen(archive: &dyn Archive) -> String {
    let saved = archive.load().await.unwrap();
    let mut text = format!("{:?} {:?}", saved.twins.get(&node(1)), saved.cursors);
    for id in [node(1), node(2)] {
        let points = archive.telemetry(id, everything()).await.unwrap();
        let changes = archive.changes(id, Revision::ZERO, u32::MAX).await.unwrap();
        text += &format!("{points:?} {changes:?}");
    }
    text + &format!("{:?}", archive.dead_letters(u32::MAX).await.unwrap())
}

pub(crate) async fn a_batch_repeated_changes_nothing(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    archive.commit(full_batch(node(1))).await.unwrap();
    let once = seen(&*archive).await;
    archive.commit(full_batch(node(1))).await.unwrap();
    archive.commit(Arc::new(Batch::default())).await.unwrap();
    assert_eq!(seen(&*archive).await, once);
}

pub(crate) async fn what_is_there_already_stays_as_it_is(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    archive.commit(full_batch(node(1))).await.unwrap();
    let ph = |second| sample(entry(1), second, vec![value(other("ph"), 7.0)]);
    let kept = telemetry(vec![tank_row(node(2), 1, ph(1))]);
    archive.commit(kept).await.unwrap();
    let before = seen(&*archive).await;
    let longer = vec![value(other("ntu"), 1.0), value(other("ph"), 8.0)];
    let altered = sample(entry(1), 1, vec![value(Metric::LevelCm, 9.0)]);
    let letter = DeadLetter {
        error: "something else".to_owned(),
        ..dead_letter(1, 50)
    };
    let batch = Batch {
        telemetry: vec![
            tank_row(node(1), 9, altered),
            tank_row(node(2), 9, sample(entry(1), 1, longer)),
        ],
        events: vec![event(node(1), 1, Change::Configured { version: 5 })],
        dead_letters: vec![letter],
        ..Batch::default()
    };
    archive.commit(Arc::new(batch)).await.unwrap();
    assert_eq!(seen(&*archive).await, before);
}

pub(crate) async fn an_older_snapshot_never_replaces_a_newer_one(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let steps: [(u64, &[u8], &[u8]); 4] = [
        (5, b"five", b"five"),
        (4, b"four", b"five"),
        (5, b"five again", b"five"),
        (6, b"", b""),
    ];
    for (revision, state, expected) in steps {
        let batch = Batch {
            snapshots: vec![snapshot(node(1), revision, state)],
            ..Batch::default()
        };
        archive.commit(Arc::new(batch)).await.unwrap();
        let saved = archive.load().await.unwrap();
        let kept = saved.twins[&node(1)].snapshot.clone().unwrap();
        assert_eq!(kept.state, expected);
    }
}

pub(crate) async fn a_cursor_is_as_it_was_last_written(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let mut huge = cursor(u64::MAX, u64::MAX);
    (huge.generation, huge.missed) = (u32::MAX, u64::MAX);
    for cursors in [vec![cursor(5, 100), huge.clone()], vec![cursor(5, 3)]] {
        let batch = Batch {
            cursors,
            ..Batch::default()
        };
        archive.commit(Arc::new(batch)).await.unwrap();
    }
    let saved = archive.load().await.unwrap();
    assert_eq!(saved.cursors[&ChannelId(5)].last_entry, EntryId(3));
    assert_eq!(saved.cursors[&ChannelId(u64::MAX)], huge);
}

pub(crate) async fn dead_letters_come_newest_first_and_no_more_than_asked_for(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let letters = [(1, 10), (2, 30), (3, 20), (4, 20)].map(|(id, second)| dead_letter(id, second));
    let batch = Batch {
        dead_letters: letters.to_vec(),
        ..Batch::default()
    };
    archive.commit(Arc::new(batch)).await.unwrap();
    let [first, second, third, fourth] = letters;
    let all = archive.dead_letters(9).await.unwrap();
    assert_eq!(all, [second.clone(), fourth.clone(), third, first]);
    assert_eq!(archive.dead_letters(2).await.unwrap(), [second, fourth]);
    assert!(archive.dead_letters(0).await.unwrap().is_empty());
}

pub(crate) async fn what_was_committed_is_there_after_reopening(site: &dyn Site) {
    let before = {
        let Opened { archive, .. } = site.open().await;
        archive.commit(full_batch(node(1))).await.unwrap();
        seen(&*archive).await
    };
    let Opened { archive, .. } = site.open().await;
    assert_eq!(seen(&*archive).await, before);
}

pub(crate) async fn writers_at_the_same_time_lose_nothing(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let mut writers = tokio::task::JoinSet::new();
    for second in 1..=20 {
        let archive = Arc::clone(&archive);
        let row = tank_row(node(1), second.into(), distance(second));
        writers.spawn(async move { archive.commit(telemetry(vec![row])).await.unwrap() });
    }
    writers.join_all().await;
    let changes = archive
        .changes(node(1), Revision::ZERO, u32::MAX)
        .await
        .unwrap();
    assert_eq!(changes.len(), 20);
}
