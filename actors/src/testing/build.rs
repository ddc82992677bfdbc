//! The shortest way to a node and to a sample, for tests that are about something else.

use std::sync::Arc;

use super::START;
use crate::domain::{
    Category, ChannelBinding, ChannelId, EntryId, FieldMap, FieldRule, Geometry, Kind, Metric,
    NodeConfig, NodeId, NodeSpec, Sample, Source, Tank, Timestamp, Value, Verdict,
};

/// A standing tank of 2 m and 1,000 L or so, with the key `tank-{number}` and no channel; it is expected
/// to report once a minute.
pub fn tank(number: u32) -> NodeSpec {
    NodeSpec {
        key: format!("tank-{number}"),
        label: format!("Tank {number}"),
        category: Category::OHT,
        config: NodeConfig {
            tank: Some(Tank {
                geometry: Geometry::VerticalCylinder { radius_m: 0.4 },
                full_height_m: 2.0,
                sensor_height_m: None,
                blind_zone_m: 0.0,
                dead_height_m: 0.0,
            }),
            expected_interval_s: Some(60),
            ..NodeConfig::default()
        },
        ..NodeSpec::blank(
            NodeId(uuid::Uuid::from_u128(u128::from(number))),
            Kind::Tank,
            START,
        )
    }
}

/// The same node, whose level is field 1 of `channel`, in centimetres.
#[must_use]
pub fn on_channel(mut spec: NodeSpec, channel: u64) -> NodeSpec {
    let rule = FieldRule {
        metric: Metric::LevelCm,
        scale: 1.0,
        offset: 0.0,
    };
    spec.channel = Some(ChannelBinding {
        channel_id: ChannelId(channel),
        field_map: FieldMap::from([(1, rule)]),
    });
    spec
}

/// What entry number `entry` of channel 1 says: one good value, measured and received at `at`.
pub fn sample(entry: u64, at: Timestamp, metric: Metric, number: f64) -> Arc<Sample> {
    let value = Value {
        metric,
        number: Some(number),
        verdict: Verdict::GOOD,
        raw: None,
    };
    let source = Source::ThingSpeak {
        channel: ChannelId(1),
        entry: EntryId(entry),
    };
    Arc::new(Sample {
        source,
        source_at: at,
        received_at: at,
        values: vec![value],
    })
}

/// A level of `centimetres`, measured `entry` minutes after [`START`].
pub fn level(entry: u64, centimetres: f64) -> Arc<Sample> {
    let at = Timestamp::from_millis(START.millis() + entry.cast_signed() * 60_000);
    sample(entry, at, Metric::LevelCm, centimetres)
}
