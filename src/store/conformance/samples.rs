//! Laws of single samples: every number, text and verdict comes back, in the order it came.

use evara_actors::domain::{Kind, Metric, Quality, Reason, Revision, Sample, Verdict};
use evara_actors::ports::Record;

use super::fixtures::{
    entry, everything, node, other, pushed, refused, row, sample, telemetry, value,
};
use super::{Opened, Site};

const KINDS: [Kind; 4] = [Kind::Tank, Kind::Flow, Kind::Deep, Kind::Generic];

/// Stores `sample` for a node of each kind, and expects it back both from the log and from the history.
async fn round_trip(site: &dyn Site, samples: &[Sample]) {
    let Opened { archive, .. } = site.open().await;
    for (id, kind) in (1..).zip(KINDS) {
        let rows = (1..)
            .zip(samples)
            .map(|(revision, s)| row(node(id), kind, revision, s.clone()));
        archive.commit(telemetry(rows.collect())).await.unwrap();
        let log = archive
            .changes(node(id), Revision::ZERO, u32::MAX)
            .await
            .unwrap();
        let expected = samples.iter().cloned().map(Record::Telemetry);
        let found: Vec<_> = log.into_iter().map(|entry| entry.record).collect();
        assert_eq!(found, expected.collect::<Vec<_>>(), "{kind:?}");
        let points = archive.telemetry(node(id), everything()).await.unwrap();
        let values = samples.iter().flat_map(|sample| &sample.values);
        assert_eq!(points.len(), values.clone().count());
        for (point, value) in points.iter().zip(values) {
            assert_eq!(
                (&point.metric, point.number, point.verdict, &point.raw),
                (&value.metric, value.number, value.verdict, &value.raw),
            );
        }
    }
}

pub(crate) async fn a_sample_of_any_kind_comes_back_whole(site: &dyn Site) {
    let known = |order: &mut dyn Iterator<Item = &Metric>| {
        order
            .cloned()
            .map(|metric| value(metric, 21.5))
            .collect::<Vec<_>>()
    };
    let mut mixed = known(&mut Metric::KNOWN.iter());
    mixed.insert(
        1,
        refused(other("ph"), "nan", Verdict::missing(Reason::NotANumber)),
    );
    mixed.insert(
        4,
        refused(other("chlorine_mg_l"), "", Verdict::missing(Reason::Empty)),
    );
    round_trip(
        site,
        &[
            sample(entry(1), 1, known(&mut Metric::KNOWN.iter())),
            sample(entry(2), 2, known(&mut Metric::KNOWN.iter().rev())),
            sample(pushed(3), 3, mixed),
            sample(pushed(4), 4, vec![value(other("ph"), 7.0)]),
        ],
    )
    .await;
}

pub(crate) async fn extreme_numbers_come_back_to_the_bit(site: &dyn Site) {
    let Opened { archive, .. } = site.open().await;
    let numbers = [
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        -0.0,
        0.0,
        0.1 + 0.2,
        9_007_199_254_740_993.0,
        1e300,
    ];
    for (second, number) in (1..).zip(numbers) {
        let values = vec![value(Metric::TotalL, number), value(other("ph"), number)];
        let sample = sample(entry(1), second, values);
        let rows = vec![row(node(1), Kind::Flow, second.unsigned_abs(), sample)];
        archive.commit(telemetry(rows)).await.unwrap();
    }
    let points = archive.telemetry(node(1), everything()).await.unwrap();
    let bits: Vec<_> = points
        .iter()
        .map(|point| point.number.unwrap().to_bits())
        .collect();
    let expected: Vec<_> = numbers
        .iter()
        .flat_map(|n| [n.to_bits(), n.to_bits()])
        .collect();
    assert_eq!(bits, expected);
}

pub(crate) async fn every_verdict_comes_back(site: &dyn Site) {
    let reasons = Reason::ALL.map(Some).into_iter().chain([None]);
    let mut samples = Vec::new();
    for reason in reasons {
        for quality in [
            Quality::Good,
            Quality::Suspect,
            Quality::Bad,
            Quality::Missing,
        ] {
            let verdict = Verdict { quality, reason };
            let judged = |mut value: evara_actors::domain::Value| {
                value.verdict = verdict;
                value
            };
            let values = vec![
                judged(value(Metric::Pump, 1.0)),
                judged(value(Metric::BatteryV, 3.3)),
                refused(Metric::LevelCm, "x", verdict),
            ];
            let second = i64::try_from(samples.len()).unwrap();
            samples.push(sample(entry(1), second, values));
        }
    }
    round_trip(site, &samples).await;
}

pub(crate) async fn text_of_any_script_comes_back(site: &dyn Site) {
    let texts = [
        "",
        " 12,5 ",
        "पानी",
        "\u{0}\u{7f}",
        "💧'; DROP TABLE nodes; --",
        "a\u{301}",
    ];
    let refuse = |text| refused(Metric::DistanceCm, text, Verdict::bad(Reason::NotANumber));
    let samples: Vec<_> = (0..)
        .zip(texts)
        .map(|(second, text)| sample(pushed(1), second, vec![refuse(text)]))
        .collect();
    round_trip(site, &samples).await;
}

pub(crate) async fn a_sample_without_values_is_a_change(site: &dyn Site) {
    round_trip(site, &[sample(entry(1), 1, Vec::new())]).await;
}
