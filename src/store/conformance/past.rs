//! Laws of samples with what was derived from them, of marks, of rollups and of checkpoints.

use std::sync::Arc;

use evara_actors::domain::{Kind, Metric, NodeId, Timestamp};
use evara_actors::ports::Batch;

use super::fixtures::{
    at, distance, entry, late, node, other, row, sample, snapshot, tank_row, telemetry, value,
};
use super::sealing::{expire, seal};
use super::{Opened, Site};
use crate::history::{
    Due, HourRollups, Mark, PastSample, Reading, Rolling, Rollup, RollupSpan, RuleBook, SampleSpan,
    Summary, Unit,
};

pub(super) const HOUR: i64 = 3_600;

/// The beginning of the hour of UTC that a second is in.
pub(super) fn hour(second: i64) -> Timestamp {
    let millis = at(second).millis();
    Timestamp::from_millis(millis - millis.rem_euclid(1_000 * HOUR))
}

pub(super) fn ever(limit: u32) -> SampleSpan {
    SampleSpan {
        from: Timestamp::MIN,
        to: Timestamp::MAX,
        after: None,
        limit,
    }
}

fn of_hours(metrics: &[&str]) -> RollupSpan {
    RollupSpan {
        unit: Unit::Hour,
        metrics: metrics.iter().map(|metric| (*metric).to_owned()).collect(),
        from: Timestamp::MIN,
        to: Timestamp::MAX,
    }
}

/// What one reading comes to, as the rollup of the hour that it is in.
pub(super) fn rollup(metric: &str, second: i64, number: f64) -> Rollup {
    Rollup {
        metric: metric.to_owned(),
        from: hour(second),
        to: hour(second + HOUR),
        summary: Summary::of(Reading {
            at: at(second),
            number,
        }),
    }
}

pub(super) fn rolled(second: i64, rollups: Vec<Rollup>) -> HourRollups {
    HourRollups {
        from: hour(second),
        to: hour(second + HOUR),
        day: hour(0),
        rollups,
    }
}

pub(super) async fn marks(store: &dyn Rolling) -> Vec<Mark> {
    store.take_marks(Timestamp::MAX, 100).await.unwrap()
}

pub(super) async fn settle(store: &dyn Rolling, node: NodeId, seconds: &[i64]) {
    let marks = seconds.iter().map(|second| hour(*second)).collect();
    store.settle_hours(node, marks, Vec::new()).await.unwrap();
}

fn mark(number: u128, second: i64) -> Mark {
    Mark {
        node: node(number),
        hour: hour(second),
    }
}

pub(crate) async fn samples_come_page_by_page_with_what_was_derived(site: &dyn Site) {
    let Opened {
        archive, rolling, ..
    } = site.open().await;
    let mut rows: Vec<_> = (1..=7)
        .map(|second| tank_row(node(1), second.into(), distance(second)))
        .collect();
    rows[2].derived = vec![("level_pct", 62.5), ("rate_lpm", -3.25)];
    rows.push(tank_row(node(2), 1, distance(1)));
    archive.commit(telemetry(rows)).await.unwrap();
    let whole = rolling.samples(node(1), ever(100)).await.unwrap();
    assert_eq!(whole.len(), 7);
    let mut derived = whole[2].derived.clone();
    derived.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [
        ("level_pct".to_owned(), 62.5),
        ("rate_lpm".to_owned(), -3.25),
    ];
    assert_eq!(derived, expected);
    assert_eq!(whole[3].values, distance(4).values);
    assert_eq!(whole[3].revision.0, 4);
    let mut paged: Vec<PastSample> = Vec::new();
    loop {
        let after = paged.last().map(|last| (last.source_at, last.source));
        let span = SampleSpan { after, ..ever(3) };
        let page = rolling.samples(node(1), span).await.unwrap();
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, whole);
    let some = SampleSpan {
        from: at(2),
        to: at(4),
        ..ever(9)
    };
    assert_eq!(rolling.samples(node(1), some).await.unwrap(), whole[1..3]);
}

pub(crate) async fn a_commit_marks_the_hours_that_it_touches(site: &dyn Site) {
    let Opened {
        archive, rolling, ..
    } = site.open().await;
    let ph = |second| sample(entry(1), second, vec![value(other("ph"), 7.0)]);
    let rows = vec![
        tank_row(node(1), 1, distance(1)),
        tank_row(node(1), 2, distance(2)),
        late(row(node(2), Kind::Generic, 0, ph(-5 * HOUR))),
    ];
    archive.commit(telemetry(rows)).await.unwrap();
    let taken = marks(&*rolling).await;
    assert_eq!(taken, [mark(2, -5 * HOUR), mark(1, 1)]);
    settle(&*rolling, node(1), &[1]).await;
    settle(&*rolling, node(2), &[-5 * HOUR]).await;
    assert_eq!(marks(&*rolling).await, []);
}

pub(crate) async fn what_is_committed_while_an_hour_is_worked_out_is_marked_beside(
    site: &dyn Site,
) {
    let Opened {
        archive, rolling, ..
    } = site.open().await;
    let commit = |second| archive.commit(telemetry(vec![tank_row(node(1), 1, distance(second))]));
    commit(1).await.unwrap();
    commit(2).await.unwrap();
    assert_eq!(marks(&*rolling).await, [mark(1, 1)]);
    commit(3).await.unwrap();
    settle(&*rolling, node(1), &[1]).await;
    let standing = rolling.standing(node(1), at(0), at(10)).await.unwrap();
    assert_eq!(standing.marked, [hour(1)]);
    assert_eq!(marks(&*rolling).await, [mark(1, 1)]);
    settle(&*rolling, node(1), &[1]).await;
    assert_eq!(marks(&*rolling).await, []);
}

pub(crate) async fn a_mark_that_was_taken_and_not_settled_is_given_again(site: &dyn Site) {
    let Opened {
        archive, rolling, ..
    } = site.open().await;
    let rows = vec![tank_row(node(1), 1, distance(1))];
    archive.commit(telemetry(rows)).await.unwrap();
    assert_eq!(marks(&*rolling).await, [mark(1, 1)]);
    drop((archive, rolling));
    let Opened {
        archive, rolling, ..
    } = site.open().await;
    let rows = vec![tank_row(node(1), 2, distance(2))];
    archive.commit(telemetry(rows)).await.unwrap();
    assert_eq!(marks(&*rolling).await, [mark(1, 1)]);
    let before = rolling.take_marks(hour(1), 9).await.unwrap();
    assert_eq!(before, [], "an hour that begins then is not before it");
}

pub(crate) async fn a_settled_hour_replaces_what_was_there_and_makes_its_day_due(site: &dyn Site) {
    let Opened { rolling, .. } = site.open().await;
    let settle = |hours| rolling.settle_hours(node(1), Vec::new(), hours);
    let both = vec![rollup("ph", 1, 7.0), rollup("level_pct", 1, 50.0)];
    let next = rolled(HOUR, vec![rollup("ph", HOUR, 8.0)]);
    settle(vec![rolled(1, both), next]).await.unwrap();
    settle(vec![rolled(1, vec![rollup("ph", 2, 6.5)])])
        .await
        .unwrap();
    let found = rolling.rollups(node(1), of_hours(&[])).await.unwrap();
    assert_eq!(found, [rollup("ph", 2, 6.5), rollup("ph", HOUR, 8.0)]);
    let other = rolling
        .rollups(node(1), of_hours(&["level_pct"]))
        .await
        .unwrap();
    assert_eq!(other, []);
    let due = Due {
        node: node(1),
        from: hour(0),
    };
    assert_eq!(rolling.due_days(Timestamp::MAX, 9).await.unwrap(), [due]);
    assert_eq!(rolling.due_days(hour(0), 9).await.unwrap(), []);
    let day = vec![rollup("ph", 0, 7.0)];
    rolling.settle_day(due, day.clone()).await.unwrap();
    assert_eq!(rolling.due_days(Timestamp::MAX, 9).await.unwrap(), []);
    let days = RollupSpan {
        unit: Unit::Day,
        ..of_hours(&["ph", "level_pct"])
    };
    assert_eq!(rolling.rollups(node(1), days).await.unwrap(), day);
}

pub(crate) async fn a_rule_marks_all_that_there_is_from_its_beginning_on(site: &dyn Site) {
    let Opened {
        archive, rolling, ..
    } = site.open().await;
    let seconds = [-9 * HOUR, -9 * HOUR + 1, 0, 5, 30 * HOUR];
    let values = || vec![value(Metric::LevelCm, 5.0)];
    let rows = seconds.map(|second| tank_row(node(1), 1, sample(entry(1), second, values())));
    archive.commit(telemetry(rows.to_vec())).await.unwrap();
    marks(&*rolling).await;
    settle(&*rolling, node(1), &seconds).await;
    let sealed = rolled(-9 * HOUR, vec![rollup("ph", -9 * HOUR, 1.0)]);
    let open = rolled(0, vec![rollup("ph", 0, 1.0)]);
    rolling
        .settle_hours(node(1), Vec::new(), vec![sealed, open])
        .await
        .unwrap();
    let rule = RuleBook {
        zone: "Asia/Kolkata".to_owned(),
        terms: "none".to_owned(),
        since: hour(-2 * HOUR),
    };
    rolling.adopt(node(1), rule.clone()).await.unwrap();
    assert_eq!(rolling.rules().await.unwrap(), [(node(1), rule.clone())]);
    let standing = rolling
        .standing(node(1), Timestamp::MIN, Timestamp::MAX)
        .await
        .unwrap();
    assert_eq!(standing.rule, Some(rule));
    assert_eq!(standing.marked, [hour(0), hour(30 * HOUR)]);
    let left = rolling.rollups(node(1), of_hours(&[])).await.unwrap();
    assert_eq!(left, [rollup("ph", -9 * HOUR, 1.0)]);
}

pub(crate) async fn a_day_has_one_checkpoint_until_its_samples_go(site: &dyn Site) {
    let Opened {
        archive, rolling, ..
    } = site.open().await;
    let commit = |number, revision: u64, state: &'static [u8]| {
        let batch = Batch {
            telemetry: vec![tank_row(node(number), revision, distance(1))],
            snapshots: vec![snapshot(node(number), revision, state)],
            ..Batch::default()
        };
        archive.commit(Arc::new(batch))
    };
    let keep = async |second| {
        let mut after = None;
        for _ in 0..9 {
            after = rolling
                .keep_checkpoints(at(second), after, 1)
                .await
                .unwrap();
            if after.is_none() {
                return;
            }
        }
        panic!("keeping does not end");
    };
    commit(1, 4, b"four").await.unwrap();
    commit(2, 1, b"one").await.unwrap();
    keep(0).await;
    commit(1, 5, b"five").await.unwrap();
    keep(60).await;
    commit(1, 6, b"six").await.unwrap();
    keep(24 * HOUR).await;
    let found = async |second| {
        let found = rolling.checkpoint(node(1), at(second)).await.unwrap();
        found.map(|kept| (kept.at, kept.revision.0, kept.state))
    };
    let first = (at(0), 4, b"four".to_vec());
    let second = (at(24 * HOUR), 6, b"six".to_vec());
    assert_eq!(found(-1).await, None);
    assert_eq!(found(0).await, Some(first.clone()));
    assert_eq!(found(24 * HOUR - 1).await, Some(first));
    assert_eq!(found(99 * HOUR).await, Some(second.clone()));
    marks(&*rolling).await;
    settle(&*rolling, node(1), &[1]).await;
    settle(&*rolling, node(2), &[1]).await;
    assert!(seal(&*rolling, HOUR).await);
    expire(&*rolling).await;
    assert_eq!(found(24 * HOUR - 1).await, None);
    assert_eq!(found(99 * HOUR).await, Some(second));
}
