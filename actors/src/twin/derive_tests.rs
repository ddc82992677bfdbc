//! What a twin derives and doubts, by the readings of small scenes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::apply_laws::{START, after, spec};
use super::{Derived, Twin, derive};
use crate::domain::{
    ChannelId, EntryId, Kind, Limits, Metric, NodeSpec, Quality, Reason, Sample, Source, Timestamp,
    Value, Verdict,
};

fn sample(secs: u64, values: &[(Metric, f64)]) -> Sample {
    let at = START.plus(Duration::from_secs(secs));
    let value = |(metric, number): &(Metric, f64)| Value {
        metric: metric.clone(),
        number: Some(*number),
        verdict: Verdict::GOOD,
        raw: None,
    };
    Sample {
        source: Source::ThingSpeak {
            channel: ChannelId(9),
            entry: EntryId(secs + 1),
        },
        source_at: at,
        received_at: at.plus(Duration::from_secs(2)),
        values: values.iter().map(value).collect(),
    }
}

fn twin_with(spec: Arc<NodeSpec>, readings: impl IntoIterator<Item = Sample>) -> Twin {
    let readings: Vec<_> = readings.into_iter().collect();
    after(Twin::blank(spec, START), &readings)
}

fn twin(kind: Kind, readings: impl IntoIterator<Item = Sample>) -> Twin {
    twin_with(spec(kind), readings)
}

fn found(twin: &Twin, name: &str) -> Option<f64> {
    Derived::number_of(&twin.derived(), name)
}

fn number(twin: &Twin, name: &str) -> f64 {
    found(twin, name).unwrap_or_else(|| panic!("no {name} in {:?}", twin.derived()))
}

fn distance(secs: u64, cm: f64) -> Sample {
    sample(secs, &[(Metric::DistanceCm, cm)])
}

#[test]
fn what_is_stored_is_the_volume_and_the_capacity_or_neither() {
    let spike = [distance(0, 120.0), distance(60, 5_000.0)];
    let twins = [
        twin(Kind::Tank, [distance(0, 120.0)]),
        twin(Kind::Tank, [sample(0, &[(Metric::LevelCm, 70.0)])]),
        twin(Kind::Tank, spike),
        twin(Kind::Tank, []),
        twin(Kind::Flow, [distance(0, 120.0)]),
    ];
    let stored: Vec<_> = twins.iter().map(derive::stored).collect();
    let derived = twins.iter();
    let derived: Vec<_> = derived
        .map(|twin| found(twin, "volume_l").zip(found(twin, "capacity_l")))
        .collect();
    assert_eq!(stored, derived);
    assert!(stored[0].is_some() && stored[1].is_some());
    assert!(stored[3].is_none() && stored[4].is_none());
}

#[test]
fn a_distance_becomes_level_and_volume_by_the_form_of_the_tank() {
    // Half of a horizontal cylinder of r = 1 m and L = 3 m: 4712.389 L.
    let twin = twin(Kind::Tank, [distance(0, 120.0)]);
    assert!((number(&twin, "level_m") - 1.0).abs() < 1e-9);
    assert!((number(&twin, "volume_l") - 4_712.389).abs() < 1e-3);
    assert!((number(&twin, "level_pct") - 100.0 / 1.9).abs() < 1e-9);
    assert!(
        number(&twin, "volume_pct") < number(&twin, "level_pct"),
        "it is not upright"
    );
    assert_eq!(
        found(&twin, "net_rate_lpm"),
        None,
        "one reading is no trend"
    );
}

#[test]
fn a_tank_that_drains_evenly_tells_its_rate_and_when_it_will_be_empty() {
    // A centimetre a minute from half full, where the surface is 2 m by 3 m: 60 litres a minute.
    let twin = twin(
        Kind::Tank,
        (0..15).map(|m| distance(m * 60, 120.0 + m as f64)),
    );
    let rate = number(&twin, "net_rate_lpm");
    assert!((-61.0..-57.0).contains(&rate), "{rate}");
    let volume = number(&twin, "volume_l");
    let dead =
        crate::water::volume_m3(&twin.spec.config.tank.as_ref().unwrap().geometry, 0.1) * 1e3;
    let expected = (volume - dead) / -rate * 60.0;
    assert!((number(&twin, "time_to_empty_s") - expected).abs() < 1.0);
    assert_eq!(found(&twin, "time_to_full_s"), None);
}

#[test]
fn a_tank_that_stands_still_has_no_time_to_empty() {
    let noise = [0.0, 0.4, -0.3, 0.1, -0.2];
    let readings = (0..20).map(|m| distance(m * 60, 120.0 + noise[m as usize % 5]));
    let twin = twin(Kind::Tank, readings);
    assert_eq!(number(&twin, "net_rate_lpm"), 0.0);
    assert_eq!(found(&twin, "time_to_empty_s"), None);
}

#[test]
fn a_spike_is_doubted_and_passed_over_until_it_proves_to_be_a_step() {
    let steady = || (0..5).map(|i| distance(i * 60, 120.0));
    let spiked = twin(Kind::Tank, steady().chain([distance(300, 180.0)]));
    let property = spiked.property(&Metric::DistanceCm).unwrap();
    assert_eq!(property.number, 180.0);
    assert_eq!(property.verdict, Verdict::suspect(Reason::Spike));
    assert!(
        (number(&spiked, "level_m") - 1.0).abs() < 1e-9,
        "the level before the spike"
    );

    let stepped = twin(
        Kind::Tank,
        steady().chain((5..12).map(|i| distance(i * 60, 180.0))),
    );
    assert!(
        stepped
            .property(&Metric::DistanceCm)
            .unwrap()
            .verdict
            .is_good()
    );
    assert!((number(&stepped, "level_m") - 0.4).abs() < 1e-9);
}

#[test]
fn a_sensor_that_no_longer_moves_is_suspect_and_still_believed() {
    let stuck = twin(Kind::Tank, (0..90).map(|m| distance(m * 60, 120.0)));
    let property = stuck.property(&Metric::DistanceCm).unwrap();
    assert_eq!(property.verdict, Verdict::suspect(Reason::FlatLine));
    assert!((number(&stuck, "level_m") - 1.0).abs() < 1e-9);

    let empty = twin(Kind::Tank, (0..90).map(|m| distance(m * 60, 215.0)));
    assert!(
        empty
            .property(&Metric::DistanceCm)
            .unwrap()
            .verdict
            .is_good(),
        "an empty tank is still"
    );
}

#[test]
fn the_first_reading_after_a_silence_says_so_and_is_no_spike() {
    let before = (0..5).map(|i| distance(i * 60, 120.0));
    let twin = twin(Kind::Tank, before.chain([distance(7_200, 180.0)]));
    let property = twin.property(&Metric::DistanceCm).unwrap();
    assert_eq!(property.verdict, Verdict::suspect(Reason::Gap));
    assert!((number(&twin, "level_m") - 0.4).abs() < 1e-9);
}

#[test]
fn a_value_that_cannot_be_true_is_shown_but_nothing_is_derived_from_it() {
    let mut impossible = distance(60, 9_000.0);
    impossible.values[0].verdict = Verdict::bad(Reason::Range);
    let twin = twin(Kind::Tank, [distance(0, 120.0), impossible]);
    let property = twin.property(&Metric::DistanceCm).unwrap();
    assert_eq!(
        (property.number, property.verdict.quality),
        (9_000.0, Quality::Bad)
    );
    assert!(
        (number(&twin, "level_m") - 1.0).abs() < 1e-9,
        "the last reading that can be true"
    );
}

#[test]
fn two_writers_who_fill_half_of_the_fields_each_lose_nothing() {
    let readings = [
        sample(0, &[(Metric::DistanceCm, 120.0)]),
        sample(30, &[(Metric::TemperatureC, 25.0)]),
    ];
    let twin = twin(Kind::Tank, readings);
    let at = |metric| twin.property(metric).unwrap().source_at;
    assert_eq!(at(&Metric::DistanceCm), START);
    assert_eq!(
        at(&Metric::TemperatureC),
        START.plus(Duration::from_secs(30))
    );
}

#[test]
fn every_derived_value_is_listed_by_its_name_and_every_name_that_is_listed_is_derived() {
    let depth = sample(0, &[(Metric::DepthM, 20.0)]);
    let told: BTreeSet<_> = [
        twin(Kind::Tank, [distance(0, 120.0)]),
        twin(Kind::Flow, [total(0, 5_000.0)]),
        twin(Kind::Deep, [depth]),
    ]
    .iter()
    .flat_map(Twin::derived)
    .map(|derived| derived.name)
    .collect();
    assert_eq!(told, Derived::NAMES.iter().copied().collect());
}

fn total(secs: u64, litres: f64) -> Sample {
    sample(secs, &[(Metric::TotalL, litres)])
}

#[test]
fn the_volume_of_today_begins_at_the_communitys_midnight_and_survives_a_wrap() {
    // 18:30 UTC is midnight in India. A steady 60 litres a minute around it, wrapping at 10,000.
    let start = 18 * 3_600;
    let readings = (0..60).map(|m| {
        let litres = (9_000.0 + 60.0 * m as f64) % 10_000.0;
        total(start + m * 60, litres)
    });
    let twin = twin(Kind::Flow, readings);
    // The newest reading is 29 minutes after midnight.
    let today = number(&twin, "volume_today_l");
    assert!((today - 29.0 * 60.0).abs() < 60.0, "{today}");
    assert!((number(&twin, "delta_l") - 60.0).abs() < 1e-9);
    assert!(
        (number(&twin, "rate_lpm") - 60.0).abs() < 1e-9,
        "from the total, without a flow sensor"
    );
}

#[test]
fn a_total_that_falls_without_a_reason_counts_nothing_and_is_told() {
    let twin = twin(
        Kind::Flow,
        [
            total(0, 5_000.0),
            total(1_000, 5_100.0),
            total(1_060, 700.0),
        ],
    );
    let delta = twin
        .derived()
        .into_iter()
        .find(|derived| derived.name == "delta_l")
        .unwrap();
    assert_eq!(delta.number, None);
    assert_eq!(delta.verdict, Verdict::suspect(Reason::Unexplained));
    assert!((number(&twin, "volume_today_l") - 100.0).abs() < 1e-6);
}

#[test]
fn a_well_tells_its_static_level_and_how_far_pumping_draws_it_down() {
    let reading = |slot: u64| {
        let pumping = slot >= 12;
        let depth = if pumping { 34.0 } else { 20.0 };
        let pump = if pumping { 1.0 } else { 0.0 };
        sample(slot * 900, &[(Metric::DepthM, depth), (Metric::Pump, pump)])
    };
    let twin = twin(Kind::Deep, (0..20).map(reading));
    assert_eq!(number(&twin, "static_level_m"), 20.0);
    assert_eq!(number(&twin, "pumping_level_m"), 34.0);
    assert_eq!(number(&twin, "drawdown_m"), 14.0);
    assert_eq!(number(&twin, "available_column_m"), 70.0);
    assert_eq!(number(&twin, "depth_to_water_m"), 34.0);
}

#[test]
fn a_new_description_is_judged_by_at_once() {
    let mut limited = NodeSpec::clone(&spec(Kind::Tank));
    let tight = Limits {
        spike: Some(0.1),
        ..Limits::default()
    };
    limited.config.limits.insert(Metric::DistanceCm, tight);
    limited.version = 2;
    let before = twin(
        Kind::Tank,
        (0..5).map(|i| distance(i * 60, 120.0 + i as f64)),
    );
    let event = super::Event::Configured {
        spec: Arc::new(limited),
        at: Timestamp::from_secs(0),
    };
    let after = super::apply(&before, &event).twin;
    assert!(
        before
            .property(&Metric::DistanceCm)
            .unwrap()
            .verdict
            .is_good()
    );
    assert!(
        !after
            .property(&Metric::DistanceCm)
            .unwrap()
            .verdict
            .is_good()
    );
    assert_eq!(after.revision().0, before.revision().0 + 1);
}

#[test]
fn a_node_that_catches_up_is_not_told_late_on_its_way_back() {
    use super::{Change, Effect, Event, apply};
    let now = START.plus(Duration::from_secs(60 * 60));
    let mut twin = Twin::blank(spec(Kind::Tank), START);
    let mut told = Vec::new();
    for minute in 0..60 {
        let mut sample = distance(minute * 60, 120.0 + minute as f64);
        sample.received_at = now;
        let transition = apply(&twin, &Event::Observed(Arc::new(sample)));
        twin = transition.twin;
        told.extend(
            transition
                .effects
                .into_iter()
                .filter_map(|effect| match effect {
                    Effect::Log(row) => Some(row.change),
                    Effect::Store(_) => None,
                }),
        );
    }
    assert!(matches!(&told[..], [Change::Status(status)] if status.state.name() == "online"));
}

#[test]
fn a_trend_does_not_reach_across_the_pumps_switch() {
    let reading = |minute: u64| {
        let (runs, change) = if minute < 15 {
            (0.0, minute)
        } else {
            (1.0, 30 - minute)
        };
        let level = (Metric::DistanceCm, 120.0 + change as f64);
        sample(minute * 60, &[level, (Metric::Pump, runs)])
    };
    let just_on = twin(Kind::Tank, (0..18).map(reading));
    assert_eq!(found(&just_on, "net_rate_lpm"), None, "too short to tell");
    let long_on = twin(Kind::Tank, (0..28).map(reading));
    assert!(number(&long_on, "net_rate_lpm") > 50.0);
}

#[test]
fn a_silent_tank_makes_no_forecast() {
    let draining = twin(
        Kind::Tank,
        (0..15).map(|m| distance(m * 60, 120.0 + m as f64)),
    );
    assert!(found(&draining, "time_to_empty_s").is_some());
    let now = START.plus(Duration::from_secs(15 * 60 + 300));
    let late = super::apply(&draining, &super::Event::Ticked { now }).twin;
    assert_eq!(found(&late, "time_to_empty_s"), None);
    assert!(found(&late, "volume_l").is_some());
}

#[test]
fn a_day_that_was_not_seen_from_its_beginning_says_so() {
    let doubt = |twin: &Twin| {
        let derived = twin.derived();
        let today = derived
            .iter()
            .find(|derived| derived.name == "volume_today_l");
        today.unwrap().verdict
    };
    let noon = 6 * 3_600 + 1_800;
    let from_noon = (0..10).map(|m| total(noon + m * 60, 60.0 * m as f64));
    assert_eq!(
        doubt(&twin(Kind::Flow, from_noon)),
        Verdict::suspect(Reason::Gap)
    );
    let midnight = 18 * 3_600 + 1_800;
    let over_midnight = (0..60).map(|m| total(midnight - 600 + m * 60, 60.0 * m as f64));
    assert!(doubt(&twin(Kind::Flow, over_midnight)).is_good());
}
