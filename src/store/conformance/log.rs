//! Laws of the change log: by revision, whole, and enough for a twin to come back from.

use std::sync::Arc;

use evara_actors::domain::{Kind, Revision, Status, StatusReason, StatusState, Timestamp};
use evara_actors::ports::{Batch, LogEntry, Record};
use evara_actors::twin::Change;

use super::fixtures::{at, distance, event, late, node, row, snapshot, tank_row, telemetry};
use super::{Opened, Site};

/// Samples and events of node 1, taking turns from revision 1 to 6, and a sample of node 2.
fn mixed() -> Batch {
    let sample = |revision: u32| tank_row(node(1), revision.into(), distance(100 - revision));
    Batch {
        telemetry: vec![
            sample(6),
            sample(2),
            sample(4),
            tank_row(node(2), 3, distance(3)),
        ],
        events: vec![
            event(node(1), 5, Change::Configured { version: 2 }),
            event(node(1), 1, Change::Created),
            event(node(1), 3, Change::Configured { version: u64::MAX }),
        ],
        ..Batch::default()
    }
}

fn revisions(log: &[LogEntry]) -> Vec<u64> {
    log.iter().map(|entry| entry.revision.0).collect()
}

pub(crate) async fn samples_and_events_are_one_log_by_revision(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    archive.commit(Arc::new(mixed())).await.unwrap();
    let asks: [(u64, u32, &[u64]); 6] = [
        (0, 99, &[1, 2, 3, 4, 5, 6]),
        (0, 3, &[1, 2, 3]),
        (3, 2, &[4, 5]),
        (6, 99, &[]),
        (99, 99, &[]),
        (0, 0, &[]),
    ];
    for (after, limit, expected) in asks {
        let log = archive
            .changes(node(1), Revision(after), limit)
            .await
            .unwrap();
        assert_eq!(revisions(&log), expected, "after {after}, at most {limit}");
    }
    let log = archive.changes(node(1), Revision(3), 2).await.unwrap();
    assert_eq!(log[0].record, Record::Telemetry(distance(96)));
    assert_eq!(
        log[1].record,
        Record::Event(at(5), Change::Configured { version: 2 })
    );
}

pub(crate) async fn every_change_reads_back_as_it_was_written(site: &dyn Site) {
    use {StatusReason as R, StatusState as S};
    let Opened { archive, .. } = site.open().await;
    let statuses = [
        (S::Provisioning, R::NeverSeen),
        (S::Online, R::Fresh),
        (S::Late, R::Silent),
        (S::Offline, R::Silent),
        (S::Maintenance, R::Maintenance),
        (S::Quarantined, R::RestartsExhausted),
    ];
    let status = |(state, reason)| {
        let since = at(-5);
        Change::Status(Status {
            state,
            since,
            reason,
        })
    };
    let versions = [0, 1, u64::MAX].map(|version| Change::Configured { version });
    let changes = [Change::Created]
        .into_iter()
        .chain(versions)
        .chain(statuses.map(status));
    let events: Vec<_> = (1..)
        .zip(changes)
        .map(|(r, change)| event(node(1), r, change))
        .collect();
    let batch = Batch {
        events: events.clone(),
        ..Batch::default()
    };
    archive.commit(Arc::new(batch)).await.unwrap();
    let log = archive
        .changes(node(1), Revision::ZERO, u32::MAX)
        .await
        .unwrap();
    let expected = events.into_iter().map(|event| LogEntry {
        revision: event.revision,
        record: Record::Event(event.at, event.change),
    });
    assert_eq!(log, expected.collect::<Vec<_>>());
}

pub(crate) async fn after_the_last_revision_that_there_can_be_comes_nothing(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    archive.commit(Arc::new(mixed())).await.unwrap();
    for after in [
        6,
        i64::MAX.cast_unsigned(),
        i64::MAX.cast_unsigned() + 1,
        u64::MAX,
    ] {
        let log = archive.changes(node(1), Revision(after), 10).await.unwrap();
        assert_eq!(revisions(&log), [0; 0], "after {after}");
    }
}

pub(crate) async fn late_rows_are_in_no_log_and_no_tail(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let rows = vec![
        late(tank_row(node(1), 0, distance(1))),
        tank_row(node(1), 1, distance(5)),
        late(tank_row(node(1), 1, distance(2))),
        late(tank_row(node(2), 0, distance(2))),
    ];
    archive.commit(telemetry(rows)).await.unwrap();
    let log = archive
        .changes(node(1), Revision::ZERO, u32::MAX)
        .await
        .unwrap();
    assert_eq!(revisions(&log), [1]);
    let saved = archive.load().await.unwrap();
    assert_eq!(saved.twins[&node(1)].tail, log);
    let other = saved.twins.get(&node(2));
    assert!(other.is_none_or(|twin| twin.snapshot.is_none() && twin.tail.is_empty()));
}

pub(crate) async fn a_twin_comes_back_from_its_snapshot_and_what_followed(site: &dyn Site) {
    {
        let Opened { archive, .. } = site.open().await;
        let batch = Batch {
            snapshots: vec![snapshot(node(1), 3, "über".as_bytes())],
            ..mixed()
        };
        archive.commit(Arc::new(batch)).await.unwrap();
    }
    let Opened { archive, .. } = site.open().await;
    let saved = archive.load().await.unwrap();
    let twin = &saved.twins[&node(1)];
    assert_eq!(twin.snapshot, Some(snapshot(node(1), 3, "über".as_bytes())));
    assert_eq!(revisions(&twin.tail), [4, 5, 6]);
    let log = archive
        .changes(node(1), Revision(3), u32::MAX)
        .await
        .unwrap();
    assert_eq!(twin.tail, log);
}

pub(crate) async fn a_twin_without_a_snapshot_comes_back_from_its_whole_log(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    archive.commit(Arc::new(mixed())).await.unwrap();
    let saved = archive.load().await.unwrap();
    assert_eq!(saved.twins.len(), 2);
    assert!(saved.twins[&node(1)].snapshot.is_none());
    assert_eq!(revisions(&saved.twins[&node(1)].tail), [1, 2, 3, 4, 5, 6]);
    assert_eq!(revisions(&saved.twins[&node(2)].tail), [3]);
}

/// Of each kind one with a snapshot and without, and one of which there is an event only.
pub(crate) async fn twins_are_told_of_the_nodes_that_are_asked_for_and_no_others(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let kinds = [Kind::Tank, Kind::Flow, Kind::Deep, Kind::Generic];
    let rows = (1..=8).zip(kinds.iter().cycle());
    let batch = Batch {
        telemetry: rows
            .map(|(number, kind)| row(node(number), *kind, 1, distance(1)))
            .collect(),
        events: vec![event(node(9), 1, Change::Created)],
        snapshots: (1..=4)
            .map(|number| snapshot(node(number), 0, b""))
            .collect(),
        ..Batch::default()
    };
    archive.commit(Arc::new(batch)).await.unwrap();
    let all = archive.load().await.unwrap().twins;
    assert_eq!(all.len(), 9);
    for first in 1..=9 {
        for last in first..=9 {
            let some = archive.twins(node(first)..=node(last)).await.unwrap();
            let expected = (first..=last).map(node);
            assert_eq!(some.len(), expected.clone().count(), "{first}..={last}");
            for id in expected {
                assert_eq!(some[&id], all[&id], "{first}..={last}");
            }
        }
    }
    assert!(archive.twins(node(10)..=node(99)).await.unwrap().is_empty());
}

/// Both ends of time, and of the years and the months by which a store may keep its tables apart.
const EVER: [Timestamp; 8] = [
    Timestamp::MIN,
    Timestamp::from_millis(1_262_303_999_999),
    Timestamp::from_millis(1_262_304_000_000),
    Timestamp::from_millis(1_701_388_799_999),
    Timestamp::from_millis(1_701_388_800_000),
    Timestamp::from_millis(2_208_988_799_999),
    Timestamp::from_millis(2_208_988_800_000),
    Timestamp::MAX,
];

pub(crate) async fn a_tail_is_whole_whenever_its_readings_were_measured(site: &dyn Site) {
    let kinds = [Kind::Tank, Kind::Flow, Kind::Deep, Kind::Generic];
    let times = EVER.iter().cycle().zip(kinds.iter().cycle());
    let said = (1..=24).zip(times).map(|(revision, (at, kind))| {
        let mut sample = distance(revision);
        sample.source_at = *at;
        row(node(1), *kind, revision.into(), sample)
    });
    let said: Vec<_> = said.collect();
    {
        let Opened { archive, .. } = site.open().await;
        for row in &said[..16] {
            archive.commit(telemetry(vec![row.clone()])).await.unwrap();
        }
        let saved = Batch {
            snapshots: vec![snapshot(node(1), 12, b"twelve")],
            ..Batch::default()
        };
        archive.commit(Arc::new(saved)).await.unwrap();
    }
    let Opened { archive, .. } = site.open().await;
    archive
        .commit(telemetry(said[16..].to_vec()))
        .await
        .unwrap();
    let saved = archive.load().await.unwrap();
    let tail = &saved.twins[&node(1)].tail;
    assert_eq!(revisions(tail), (13..=24).collect::<Vec<_>>());
    let told = tail.iter().map(|entry| entry.record.clone());
    let after = said[12..]
        .iter()
        .map(|row| Record::Telemetry((*row.sample).clone()));
    assert!(told.eq(after), "{tail:?}");
}
