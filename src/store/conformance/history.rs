//! Laws of reading telemetry: by time, in whole samples, page after page.

use evara_actors::domain::{Kind, Metric, NodeId, Sample, Source, Timestamp};
use evara_actors::ports::{Archive, Point, TelemetryQuery};

use super::fixtures::{
    at, distance, entry, everything, late, node, of_metric, other, pushed, row, sample, tank_row,
    telemetry, value,
};
use super::{Opened, Site};

async fn commit(archive: &dyn Archive, samples: impl IntoIterator<Item = Sample>) {
    let rows = (1..)
        .zip(samples)
        .map(|(revision, sample)| tank_row(node(1), revision, sample));
    archive.commit(telemetry(rows.collect())).await.unwrap();
}

fn places(points: &[Point]) -> Vec<(Timestamp, Source)> {
    points
        .iter()
        .map(|point| (point.source_at, point.source))
        .collect()
}

/// Reads page after page to the end.
async fn paged(archive: &dyn Archive, node: NodeId, mut query: TelemetryQuery) -> Vec<Point> {
    let mut all = Vec::new();
    loop {
        let page = archive.telemetry(node, query.clone()).await.unwrap();
        let Some(last) = page.last() else { return all };
        query.after = Some((last.source_at, last.source));
        all.extend(page);
    }
}

pub(crate) async fn a_node_that_nobody_knows_has_no_history(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    commit(&*archive, [distance(1)]).await;
    assert!(
        archive
            .telemetry(node(2), everything())
            .await
            .unwrap()
            .is_empty()
    );
    let changes = archive
        .changes(node(2), evara_actors::domain::Revision::ZERO, 9)
        .await;
    assert!(changes.unwrap().is_empty());
}

pub(crate) async fn two_sources_at_one_instant_are_both_kept(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let sources = [pushed(1), entry(300), entry(2), pushed(2)];
    let say = |source| sample(source, 1, vec![value(Metric::LevelCm, 5.0)]);
    commit(&*archive, sources.map(say)).await;
    let points = archive.telemetry(node(1), everything()).await.unwrap();
    let sorted = [entry(2), entry(300), pushed(1), pushed(2)];
    assert_eq!(places(&points), sorted.map(|source| (at(1), source)));
}

pub(crate) async fn a_span_has_its_first_instant_and_not_its_last(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    commit(&*archive, (1..=5).map(distance)).await;
    let spans = [(2, 4, 2), (2, 2, 0), (4, 2, 0), (0, 9, 5), (6, 9, 0)];
    for (from, to, expected) in spans {
        let query = TelemetryQuery {
            from: at(from),
            to: at(to),
            ..everything()
        };
        let points = archive.telemetry(node(1), query).await.unwrap();
        assert_eq!(points.len(), expected, "from {from} to {to}");
        assert!(
            points
                .iter()
                .all(|p| (at(from)..at(to)).contains(&p.source_at))
        );
    }
}

pub(crate) async fn pages_neither_skip_nor_cut_nor_repeat_a_sample(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let both = |source, second| {
        let values = vec![value(Metric::LevelCm, 1.0), value(other("ph"), 7.0)];
        sample(source, second, values)
    };
    let samples = (0..10_u32).map(|i| both(entry((10 - i).into()), i64::from(i / 3)));
    commit(&*archive, samples).await;
    for metric in [None, Some(Metric::LevelCm), Some(other("ph"))] {
        let query = TelemetryQuery {
            metric,
            from: at(1),
            to: at(3),
            ..everything()
        };
        let whole = archive.telemetry(node(1), query.clone()).await.unwrap();
        let in_a_sample = if query.metric.is_none() { 2 } else { 1 };
        assert_eq!(whole.len(), 6 * in_a_sample);
        for limit in 1..=7 {
            let query = TelemetryQuery {
                limit,
                ..query.clone()
            };
            assert_eq!(paged(&*archive, node(1), query.clone()).await, whole);
            let page = archive.telemetry(node(1), query).await.unwrap();
            assert_eq!(page.len(), limit.min(6) as usize * in_a_sample);
        }
        let none = TelemetryQuery {
            limit: 0,
            ..query.clone()
        };
        assert!(archive.telemetry(node(1), none).await.unwrap().is_empty());
        let before_the_span = TelemetryQuery {
            after: Some((at(-9), pushed(9))),
            ..query
        };
        assert_eq!(
            archive.telemetry(node(1), before_the_span).await.unwrap(),
            whole
        );
    }
}

pub(crate) async fn samples_without_the_metric_do_not_fill_its_pages(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let ph = |second| sample(entry(1), second, vec![value(other("ph"), 7.0)]);
    commit(&*archive, (1..=9).map(distance).chain([ph(100), ph(200)])).await;
    let query = TelemetryQuery {
        limit: 2,
        ..of_metric(other("ph"))
    };
    let points = archive.telemetry(node(1), query).await.unwrap();
    assert_eq!(places(&points), [(at(100), entry(1)), (at(200), entry(1))]);
}

pub(crate) async fn a_derived_value_is_given_to_those_who_ask_for_it(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let mut plain = tank_row(node(1), 1, distance(1));
    plain.derived = vec![("level_pct", 62.5), ("net_rate_lpm", -3.25)];
    let says_it_itself = vec![value(other("level_pct"), 61.0)];
    let mut reported = tank_row(node(1), 2, sample(entry(2), 2, says_it_itself));
    reported.derived = vec![("level_pct", 60.0)];
    archive
        .commit(telemetry(vec![plain, reported]))
        .await
        .unwrap();
    let asks = [
        ("level_pct", vec![Some(62.5), Some(61.0)]),
        ("net_rate_lpm", vec![Some(-3.25)]),
        ("volume_l", vec![]),
    ];
    for (name, expected) in asks {
        let points = archive
            .telemetry(node(1), of_metric(other(name)))
            .await
            .unwrap();
        let numbers: Vec<_> = points.iter().map(|point| point.number).collect();
        assert_eq!(numbers, expected, "{name}");
    }
    let all = archive.telemetry(node(1), everything()).await.unwrap();
    assert_eq!(
        all.len(),
        2,
        "what was not asked for by name is what was reported"
    );
}

pub(crate) async fn late_rows_are_history(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let rows = vec![
        tank_row(node(1), 7, distance(5)),
        late(tank_row(node(1), 7, distance(2))),
        late(tank_row(node(1), 0, distance(1))),
    ];
    archive.commit(telemetry(rows)).await.unwrap();
    let points = archive.telemetry(node(1), everything()).await.unwrap();
    let revisions: Vec<_> = points.iter().map(|point| point.revision.0).collect();
    assert_eq!(revisions, [0, 7, 7]);
}

pub(crate) async fn a_node_that_changed_its_kind_keeps_both_histories(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let ph = |second| sample(entry(1), second, vec![value(other("ph"), 7.0)]);
    let rows = vec![
        row(node(1), Kind::Generic, 1, ph(1)),
        row(node(1), Kind::Flow, 2, ph(2)),
        row(node(1), Kind::Generic, 3, ph(3)),
        row(node(1), Kind::Flow, 4, ph(3)),
    ];
    archive.commit(telemetry(rows)).await.unwrap();
    for limit in [1, 9] {
        let query = TelemetryQuery {
            limit,
            ..everything()
        };
        let points = paged(&*archive, node(1), query).await;
        assert_eq!(
            places(&points),
            [1, 2, 3].map(|second| (at(second), entry(1)))
        );
    }
}
