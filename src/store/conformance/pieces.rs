//! Laws of what one pusher says of one instant in several pieces: all of it is kept, and read as one sample.

use evara_actors::domain::{Metric, Reason, Sample, Value, Verdict};
use evara_actors::ports::{Archive, Point};

use super::fixtures::{
    at, everything, late, node, of_metric, other, pushed, refused, sample, tank_row, telemetry,
    value,
};
use super::{Opened, Site};
use crate::history::SampleSpan;

fn piece(second: i64, values: Vec<Value>) -> Sample {
    sample(pushed(7), second, values)
}

fn told(points: &[Point]) -> Vec<(String, Option<f64>)> {
    let told = |point: &Point| (point.metric.to_string(), point.number);
    let mut told: Vec<_> = points.iter().map(told).collect();
    told.sort_by(|a, b| a.partial_cmp(b).unwrap());
    told
}

async fn history(archive: &dyn Archive) -> Vec<Point> {
    archive.telemetry(node(1), everything()).await.unwrap()
}

pub(crate) async fn a_pusher_may_speak_of_an_instant_in_pieces(site: &dyn Site) {
    let distance = piece(1, vec![value(Metric::DistanceCm, 50.0)]);
    let warmth = piece(1, vec![value(Metric::TemperatureC, 20.0)]);
    let ph = piece(1, vec![value(other("ph"), 7.0)]);
    {
        let Opened { archive, .. } = site.open().await;
        let first = vec![tank_row(node(1), 1, distance.clone())];
        archive.commit(telemetry(first)).await.unwrap();
        let rest = vec![
            tank_row(node(1), 2, warmth.clone()),
            late(tank_row(node(1), 2, ph.clone())),
            // What was said before stays as it is, whatever came of it.
            late(tank_row(node(1), 2, distance.clone())),
        ];
        archive.commit(telemetry(rest)).await.unwrap();
    }
    let Opened { archive, .. } = site.open().await;
    let expected = [("distance_cm", 50.0), ("ph", 7.0), ("temperature_c", 20.0)];
    let expected = expected.map(|(name, number)| (name.to_owned(), Some(number)));
    assert_eq!(told(&history(&*archive).await), expected);
    let saved = archive.load().await.unwrap();
    let revisions = saved.twins[&node(1)].tail.iter().map(|it| it.revision.0);
    assert_eq!(revisions.collect::<Vec<_>>(), [1, 2]);
    let one = archive.telemetry(node(1), of_metric(other("ph"))).await;
    assert_eq!(one.unwrap().len(), 1);
}

pub(crate) async fn pages_never_cut_what_a_pusher_said_of_an_instant(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let mut rows = Vec::new();
    for second in 1..=3 {
        for (index, name) in ["ph", "chlorine_mg_l", "turbidity_ntu"]
            .into_iter()
            .enumerate()
        {
            let revision = u64::try_from(second).unwrap() * 3 + index as u64;
            let said = piece(second, vec![value(other(name), 1.0)]);
            rows.push(tank_row(node(1), revision, said));
        }
    }
    archive.commit(telemetry(rows)).await.unwrap();
    let mut query = everything();
    query.limit = 1;
    for second in 1..=3 {
        let page = archive.telemetry(node(1), query.clone()).await.unwrap();
        assert_eq!(page.len(), 3);
        assert!(page.iter().all(|point| point.source_at == at(second)));
        query.after = Some((at(second), pushed(7)));
    }
    assert!(archive.telemetry(node(1), query).await.unwrap().is_empty());
}

pub(crate) async fn what_a_pusher_repeats_beside_something_new_is_told_once(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let distance = value(Metric::DistanceCm, 50.0);
    let nan = refused(
        Metric::DistanceCm,
        "nan",
        Verdict::missing(Reason::NotANumber),
    );
    let rows = vec![
        tank_row(node(1), 1, piece(1, vec![distance.clone()])),
        tank_row(
            node(1),
            2,
            piece(1, vec![distance, value(Metric::TemperatureC, 20.0)]),
        ),
        // A contradiction is no repetition.
        late(tank_row(
            node(1),
            2,
            piece(1, vec![value(Metric::DistanceCm, 51.0)]),
        )),
        late(tank_row(node(1), 2, piece(1, vec![nan]))),
    ];
    archive.commit(telemetry(rows)).await.unwrap();
    let expected = [
        ("distance_cm", None),
        ("distance_cm", Some(50.0)),
        ("distance_cm", Some(51.0)),
        ("temperature_c", Some(20.0)),
    ];
    let expected = expected.map(|(name, number)| (name.to_owned(), number));
    assert_eq!(told(&history(&*archive).await), expected);
}

pub(crate) async fn the_past_of_an_instant_is_joined_and_what_was_said_first_stays(
    site: &dyn Site,
) {
    let Opened {
        archive, rolling, ..
    } = site.open().await;
    let mut rows = Vec::new();
    for second in 1..=2 {
        let revision = u64::try_from(second).unwrap() * 2;
        let first = piece(second, vec![value(Metric::DistanceCm, 50.0)]);
        let mut other = vec![value(Metric::DistanceCm, 60.0)];
        other.push(value(Metric::TemperatureC, 20.0));
        let mut later = piece(second, other);
        later.received_at = at(second + 9);
        rows.push(tank_row(node(1), revision, first));
        rows.push(tank_row(node(1), revision + 1, later));
    }
    archive.commit(telemetry(rows)).await.unwrap();
    let mut span = SampleSpan {
        from: at(0),
        to: at(9),
        limit: 1,
        after: None,
    };
    for second in 1..=2 {
        let page = rolling.samples(node(1), span).await.unwrap();
        assert_eq!((page.len(), page[0].source_at), (1, at(second)));
        let mut said: Vec<_> = page[0].values.iter().map(|it| it.number).collect();
        said.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(said, [Some(20.0), Some(50.0)]);
        span.after = Some((page[0].source_at, page[0].source));
    }
    assert!(rolling.samples(node(1), span).await.unwrap().is_empty());
}
