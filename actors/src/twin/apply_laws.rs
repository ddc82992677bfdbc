//! The laws of [`apply`], each as a property that a single counterexample would refute.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::series::Series;
use super::{Effect, Event, Property, Transition, Twin, apply};
use crate::domain::{
    ChannelId, EntryId, Geometry, Kind, Limits, Meter, Metric, NodeConfig, NodeId, NodeSpec,
    Reason, Revision, Sample, Source, StatusState, Tank, Timestamp, Value, Verdict, Well,
};
use crate::ports::{LogEntry, Record};

/// 2026-01-01T00:00:00Z.
pub(super) const START: Timestamp = Timestamp::from_secs(1_767_225_600);

pub(super) fn spec(kind: Kind) -> Arc<NodeSpec> {
    let spike = Limits {
        spike: Some(20.0),
        flat_after_s: Some(3_600),
        ..Limits::default()
    };
    let config = NodeConfig {
        tank: Some(Tank {
            geometry: Geometry::HorizontalCylinder {
                radius_m: 1.0,
                length_m: 3.0,
            },
            full_height_m: 1.9,
            sensor_height_m: Some(2.2),
            blind_zone_m: 0.2,
            dead_height_m: 0.1,
        }),
        meter: Some(Meter {
            modulus_l: Some(10_000.0),
            max_flow_lpm: 500.0,
            bidirectional: false,
            resets_on_restart: false,
        }),
        well: Some(Well {
            intake_depth_m: Some(90.0),
            ..Well::default()
        }),
        limits: BTreeMap::from([(Metric::DistanceCm, spike)]),
        time_zone: "Asia/Kolkata".to_owned(),
        ..NodeConfig::default()
    };
    Arc::new(NodeSpec {
        key: "n-7".to_owned(),
        label: "n".to_owned(),
        config,
        ..NodeSpec::blank(NodeId(Uuid::from_u128(7)), kind, START)
    })
}

fn metrics(kind: Kind) -> [Metric; 3] {
    match kind {
        Kind::Tank | Kind::Generic => [Metric::DistanceCm, Metric::TemperatureC, Metric::Pump],
        Kind::Flow => [Metric::TotalL, Metric::FlowLpm, Metric::BatteryV],
        Kind::Deep => [Metric::DepthM, Metric::Pump, Metric::BatteryV],
    }
}

/// Each metric is there or not, with a number and a verdict of its own.
type Cell = (bool, f64, u8);

/// Seconds since the row before, whether it came from the channel, the skew of its arrival, its cells.
type Row = (u64, bool, u8, (Cell, Cell, Cell));

fn value(metric: &Metric, (_, number, verdict): Cell) -> Value {
    let (number, verdict) = match verdict {
        0 => (Some(number), Verdict::bad(Reason::Range)),
        1 => (None, Verdict::missing(Reason::NotANumber)),
        2 => (Some(number), Verdict::suspect(Reason::Range)),
        _ => (Some(number), Verdict::GOOD),
    };
    Value {
        metric: metric.clone(),
        number,
        verdict,
        raw: None,
    }
}

/// Samples with keys of their own: entries of a channel, in steps that make gaps, shared instants,
/// stretches longer than the window, a metric so rare that the window forgets it, and now and then a
/// stamp from the future.
fn samples(kind: Kind) -> impl Strategy<Value = Vec<Sample>> {
    let cell = |often: f64| (prop::bool::weighted(often), 0.0..250.0_f64, 0..12_u8);
    let step = prop_oneof![8 => 0..60_u64, 2 => 60..3_600_u64, 1 => 3_600..40_000_u64];
    let row = (
        step,
        any::<bool>(),
        0..20_u8,
        (cell(0.9), cell(0.4), cell(0.02)),
    );
    prop::collection::vec(row, 1..150).prop_map(move |rows| {
        let mut at = START;
        let make = |(index, (step, channel, skew, cells)): (usize, Row)| {
            at = at.plus(Duration::from_secs(step));
            let index = index as u64;
            let source = if channel {
                Source::ThingSpeak {
                    channel: ChannelId(9),
                    entry: EntryId(index + 1),
                }
            } else {
                Source::Pushed(Uuid::from_u128(u128::from(index + 1)))
            };
            let received_at = match skew {
                0 => at.minus(Duration::from_secs(3_600)),
                _ => at.plus(Duration::from_secs(u64::from(skew))),
            };
            let present = metrics(kind)
                .into_iter()
                .zip([cells.0, cells.1, cells.2])
                .filter(|(_, cell)| cell.0);
            let values = present.map(|(metric, cell)| value(&metric, cell)).collect();
            Sample {
                source,
                source_at: at,
                received_at,
                values,
            }
        };
        rows.into_iter().enumerate().map(make).collect()
    })
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Tank),
        Just(Kind::Flow),
        Just(Kind::Deep),
        Just(Kind::Generic)
    ]
}

pub(super) fn kind_and_samples() -> impl Strategy<Value = (Kind, Vec<Sample>)> {
    kinds().prop_flat_map(|kind| (Just(kind), samples(kind)))
}

pub(super) fn observed(sample: &Sample) -> Event {
    Event::Observed(Arc::new(sample.clone()))
}

pub(super) fn after<'a>(twin: Twin, samples: impl IntoIterator<Item = &'a Sample>) -> Twin {
    samples
        .into_iter()
        .fold(twin, |twin, sample| apply(&twin, &observed(sample)).twin)
}

fn is_hurtful(sample: &Sample) -> bool {
    sample.received_at < sample.source_at
}

/// Decides as twins do, but breaks on what came before it was measured.
fn fragile(twin: &Twin, event: &Event) -> Transition {
    if let Event::Observed(sample) = event {
        assert!(!is_hurtful(sample), "came before it was measured");
    }
    apply(twin, event)
}

fn log(effects: &[Effect]) -> Vec<LogEntry> {
    let entry = |effect: &Effect| match effect {
        Effect::Store(row) => (!row.late).then(|| LogEntry {
            revision: row.revision,
            record: Record::Telemetry(Sample::clone(&row.sample)),
        }),
        Effect::Log(row) => Some(LogEntry {
            revision: row.revision,
            record: Record::Event(row.at, row.change.clone()),
        }),
    };
    effects.iter().filter_map(entry).collect()
}

/// What a twin knows, without what tells of the way it came to know it: the number of changes, and
/// when the last of them arrived.
pub(super) fn knowledge(twin: &Twin) -> impl PartialEq + std::fmt::Debug + use<> {
    let property = |p: &Property| (p.metric.clone(), p.number, p.verdict, p.source, p.source_at);
    (
        twin.reported.iter().map(property).collect::<Vec<_>>(),
        twin.window.clone(),
        twin.slots.clone(),
        twin.interval,
        twin.derived(),
        twin.status.state,
    )
}

pub(super) fn judged_at_the_end(twin: &Twin, samples: &[Sample]) -> Twin {
    let now = samples
        .iter()
        .map(|sample| sample.source_at)
        .max()
        .unwrap_or(START);
    apply(twin, &Event::Ticked { now }).twin
}

fn events(kind: Kind, samples: &[Sample]) -> Vec<Event> {
    let mut events = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        events.push(observed(sample));
        let now = sample
            .received_at
            .plus(Duration::from_secs(index as u64 * 20));
        events.push(Event::Ticked { now });
        if index % 11 == 5 {
            let version = 2 + index as u64;
            let spec = Arc::new(NodeSpec {
                version,
                ..NodeSpec::clone(&spec(kind))
            });
            events.push(Event::Configured { spec, at: now });
        }
    }
    events.push(Event::Quarantined { at: START });
    events.push(Event::Released {
        at: START.plus(Duration::from_secs(1)),
    });
    events
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn an_event_repeated_changes_nothing((kind, samples) in kind_and_samples()) {
        let mut twin = Twin::blank(spec(kind), START);
        for event in events(kind, &samples) {
            twin = apply(&twin, &event).twin;
            let again = apply(&twin, &event);
            prop_assert_eq!(&again.twin, &twin);
            let told = again.effects.iter().any(|effect| match effect {
                Effect::Store(row) => !row.late,
                Effect::Log(_) => true,
            });
            prop_assert!(!told, "{:?} told again of {:?}", again.effects, event);
        }
    }

    #[test]
    fn every_change_is_one_revision_and_no_change_is_none((kind, samples) in kind_and_samples()) {
        let Transition { mut twin, effects } = Twin::create(spec(kind), START);
        prop_assert_eq!(log(&effects).len(), 1);
        prop_assert_eq!(twin.revision, Revision(1));
        for event in events(kind, &samples) {
            let Transition { twin: next, effects } = apply(&twin, &event);
            let revisions: Vec<_> = log(&effects).iter().map(|entry| entry.revision.0).collect();
            let expected: Vec<_> = (twin.revision.0 + 1..=next.revision.0).collect();
            prop_assert_eq!(revisions, expected);
            prop_assert_eq!(next == twin, next.revision == twin.revision);
            twin = next;
        }
    }

    #[test]
    fn what_is_known_depends_on_the_set_of_readings_alone(
        ((kind, samples), shuffled) in kind_and_samples().prop_flat_map(|(kind, samples)| {
            let doubled: Vec<_> = samples.iter().chain(&samples[samples.len() / 2..]).cloned().collect();
            (Just((kind, samples)), Just(doubled).prop_shuffle())
        })
    ) {
        let straight = after(Twin::blank(spec(kind), START), &samples);
        let mixed = after(Twin::blank(spec(kind), START), &shuffled);
        prop_assert_eq!(
            knowledge(&judged_at_the_end(&straight, &samples)),
            knowledge(&judged_at_the_end(&mixed, &samples))
        );
    }

    #[test]
    fn a_current_value_never_moves_back_in_source_time(
        (kind, samples) in kind_and_samples()
            .prop_flat_map(|(kind, samples)| (Just(kind), Just(samples).prop_shuffle()))
    ) {
        let mut twin = Twin::blank(spec(kind), START);
        for sample in &samples {
            let next = apply(&twin, &observed(sample)).twin;
            for property in &twin.reported {
                let now = next.property(&property.metric).map(|next| next.source_at);
                prop_assert!(now >= Some(property.source_at));
            }
            prop_assert!(next.last_seen_at() >= twin.last_seen_at());
            let future = sample.source_at > sample.received_at.plus(super::FUTURE_TOLERANCE);
            prop_assert!(!future || next.reported == twin.reported);
            twin = next;
        }
    }

    #[test]
    fn a_twin_rebuilt_from_a_snapshot_and_its_log_equals_the_live_one(
        (kind, samples) in kind_and_samples(), cut in 0.0..1.0_f64
    ) {
        let events = events(kind, &samples);
        let cut = (events.len() as f64 * cut) as usize;
        let Transition { mut twin, .. } = Twin::create(spec(kind), START);
        let mut snapshot = twin.snapshot();
        let mut tail = Vec::new();
        for (index, event) in events.iter().enumerate() {
            let Transition { twin: next, effects } = apply(&twin, event);
            twin = next;
            tail.extend(log(&effects));
            if index == cut {
                snapshot = twin.snapshot();
            }
        }
        let restored = Twin::restore(Arc::clone(&twin.spec), &snapshot).unwrap();
        // The whole log, from the first entry: what the snapshot holds already must change nothing.
        let rebuilt = tail.iter().fold(restored, Twin::replay);
        prop_assert_eq!(rebuilt, twin);
    }

    #[test]
    fn events_in_a_row_lead_where_one_after_the_other_leads(
        (kind, samples) in kind_and_samples(), length in 1..40_usize
    ) {
        let Transition { twin: born, .. } = Twin::create(spec(kind), START);
        let (mut twin, mut effects) = (born.clone(), Vec::new());
        for event in events(kind, &samples) {
            let Transition { twin: next, effects: more } = apply(&twin, &event);
            twin = next;
            effects.extend(more);
        }
        let (mut in_rows, mut effects_in_rows) = (born, Vec::new());
        for row in events(kind, &samples).chunks(length) {
            let series = Series::of(&in_rows, apply, row.iter().cloned());
            prop_assert_eq!(series.taken, row.len());
            prop_assert_eq!(series.twin.is_none(), series.effects.is_empty());
            in_rows = series.twin.unwrap_or(in_rows);
            effects_in_rows.extend(series.effects);
        }
        prop_assert_eq!((in_rows, effects_in_rows), (twin, effects));
    }

    #[test]
    fn what_came_before_an_event_that_breaks_stands_and_nothing_behind_it_counts(
        (kind, samples) in kind_and_samples()
    ) {
        let blank = Twin::blank(spec(kind), START);
        let sound: Vec<_> = samples.iter().take_while(|sample| !is_hurtful(sample)).collect();
        let series = Series::of(&blank, fragile, samples.iter().map(observed));
        let broken = series.broken.map(|(event, _)| event);
        prop_assert_eq!(broken, samples.get(sound.len()).map(observed));
        prop_assert_eq!(series.taken, sound.len());
        prop_assert_eq!(series.twin.as_ref().unwrap_or(&blank), &after(blank.clone(), sound));
    }

    #[test]
    fn every_reading_is_kept_unless_it_was_kept_before((kind, samples) in kind_and_samples()) {
        let mut twin = Twin::blank(spec(kind), START);
        for sample in &samples {
            let Transition { twin: next, effects } = apply(&twin, &observed(sample));
            let stored = effects.iter().any(|effect| {
                matches!(effect, Effect::Store(row) if row.sample.source == sample.source)
            });
            prop_assert!(stored);
            twin = next;
        }
    }
}

#[test]
fn a_silent_node_turns_late_and_then_offline_at_the_instants_that_its_limits_name() {
    let mut spec = NodeSpec::clone(&spec(Kind::Generic));
    spec.config.expected_interval_s = Some(60);
    let sample = Sample {
        source: Source::Pushed(Uuid::from_u128(1)),
        source_at: START,
        received_at: START,
        values: vec![value(&Metric::Pump, (true, 1.0, 9))],
    };
    let twin = after(Twin::blank(Arc::new(spec), START), [&sample]);
    assert_eq!(twin.status().state, StatusState::Online);
    let at = |secs| twin.status_at(START.plus(Duration::from_secs(secs)));
    assert_eq!(at(180).state, StatusState::Online);
    assert_eq!(
        (at(181).state, at(300).since),
        (StatusState::Late, at(181).since)
    );
    assert_eq!(at(181).since, START.plus(Duration::from_secs(180)));
    assert_eq!(at(601).state, StatusState::Offline);
    assert_eq!(at(601).since, START.plus(Duration::from_secs(600)));
}
