//! Laws of what is sealed and removed: each node by itself, once it is rolled up.

use std::sync::Arc;

use evara_actors::domain::{Kind, Metric, Sample, Timestamp};
use evara_actors::ports::Batch;

use super::fixtures::{
    at, distance, entry, late, node, other, row, sample, snapshot, tank_row, telemetry, value,
};
use super::past::{HOUR, ever, hour, marks, rolled, rollup, settle};
use super::{Opened, Site};
use crate::history::Rolling;

/// Whether the first two nodes are sealed up to the hour that a second is in.
pub(super) async fn seal(store: &dyn Rolling, second: i64) -> bool {
    let cuts = [1, 2].map(|n| (node(n), hour(second)));
    store.seal(cuts.to_vec()).await.unwrap().is_empty()
}

pub(crate) async fn nothing_is_sealed_before_it_is_rolled_up(site: &dyn Site) {
    let Opened {
        archive, rolling, ..
    } = site.open().await;
    let rows = vec![tank_row(node(1), 1, distance(1))];
    archive.commit(telemetry(rows)).await.unwrap();
    assert!(!seal(&*rolling, HOUR).await);
    assert!(seal(&*rolling, 1).await);
    marks(&*rolling).await;
    assert!(!seal(&*rolling, HOUR).await, "what is taken is not done");
    let hours = vec![rolled(1, vec![rollup("ph", 1, 7.0)])];
    rolling
        .settle_hours(node(1), vec![hour(1)], hours)
        .await
        .unwrap();
    assert!(!seal(&*rolling, HOUR).await, "its day is due");
    let due = rolling.due_days(Timestamp::MAX, 9).await.unwrap();
    rolling.settle_day(due[0], Vec::new()).await.unwrap();
    assert!(seal(&*rolling, HOUR).await);
    let standing = rolling.standing(node(1), at(0), at(1)).await.unwrap();
    assert_eq!(standing.raw_from, Some(hour(HOUR)));
    assert!(seal(&*rolling, 1).await);
    let standing = rolling.standing(node(1), at(0), at(1)).await.unwrap();
    assert_eq!(
        standing.raw_from,
        Some(hour(HOUR)),
        "a seal is not taken back"
    );
}

pub(crate) async fn each_node_is_sealed_and_emptied_by_itself(site: &dyn Site) {
    let Opened {
        archive, rolling, ..
    } = site.open().await;
    assert_eq!(
        rolling.raw_days().await.unwrap(),
        [],
        "no plan says anything"
    );
    let rows = [1, 2, 3].map(|n| tank_row(node(n), 1, distance(1)));
    let batch = Batch {
        telemetry: rows.to_vec(),
        snapshots: [1, 2, 3].map(|n| snapshot(node(n), 1, b"one")).to_vec(),
        ..Batch::default()
    };
    archive.commit(Arc::new(batch)).await.unwrap();
    marks(&*rolling).await;
    settle(&*rolling, node(1), &[1]).await;
    settle(&*rolling, node(3), &[1]).await;
    let cuts = vec![
        (node(1), hour(HOUR)),
        (node(2), hour(HOUR)),
        (node(3), hour(1)),
    ];
    assert_eq!(rolling.seal(cuts).await.unwrap(), [node(2)], "it is marked");
    assert_eq!(expire(&*rolling).await, 1);
    for (n, left, sealed) in [
        (1, 0, Some(hour(HOUR))),
        (2, 1, None),
        (3, 1, Some(hour(1))),
    ] {
        let samples = rolling.samples(node(n), ever(9)).await.unwrap();
        let standing = rolling.standing(node(n), at(0), at(1)).await.unwrap();
        assert_eq!((samples.len(), standing.raw_from), (left, sealed), "{n}");
    }
}

/// Removes all that may go; how many samples that were.
pub(super) async fn expire(store: &dyn Rolling) -> u64 {
    let (mut samples, mut after) = (0, None);
    for _ in 0..100 {
        let expired = store.expire(after, 2).await.unwrap();
        samples += expired.samples;
        if expired.finished {
            return samples;
        }
        after = expired.after;
    }
    panic!("removing does not end");
}

pub(crate) async fn sealed_samples_go_but_for_those_that_a_twin_comes_back_from(site: &dyn Site) {
    let Opened {
        archive, rolling, ..
    } = site.open().await;
    let ph = |second| sample(entry(1), second, vec![value(other("ph"), 7.0)]);
    let old = |n: u128| {
        let rows =
            (1..=5).map(move |second: u32| tank_row(node(n), second.into(), distance(second)));
        rows.chain([late(row(node(n), Kind::Generic, 0, ph(-HOUR)))])
    };
    let new: Sample = sample(entry(99), 2 * HOUR, vec![value(Metric::LevelCm, 5.0)]);
    let rows = old(1).chain(old(2)).chain([tank_row(node(1), 6, new)]);
    let batch = Batch {
        telemetry: rows.collect(),
        snapshots: vec![snapshot(node(1), 4, b"four")],
        ..Batch::default()
    };
    archive.commit(Arc::new(batch)).await.unwrap();
    assert_eq!(expire(&*rolling).await, 0, "nothing is sealed yet");
    marks(&*rolling).await;
    settle(&*rolling, node(1), &[-HOUR, 1, 2 * HOUR]).await;
    settle(&*rolling, node(2), &[-HOUR, 1]).await;
    assert!(seal(&*rolling, HOUR).await);
    assert_eq!(expire(&*rolling).await, 6);
    let left = |n| {
        let samples = rolling.samples(node(n), ever(99));
        async move {
            samples
                .await
                .unwrap()
                .iter()
                .map(|s| s.revision.0)
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(left(1).await, [5, 6]);
    assert_eq!(left(2).await, [1, 2, 3, 4, 5]);
    let tail = &archive.load().await.unwrap().twins[&node(1)].tail;
    assert_eq!(tail.len(), 2);
}
