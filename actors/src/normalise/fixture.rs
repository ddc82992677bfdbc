//! Nodes for the tests of this folder.

use uuid::Uuid;

use crate::domain::{
    Category, ChannelBinding, ChannelId, FieldRule, Geometry, Kind, Meter, Metric, NodeConfig,
    NodeId, NodeSpec, Tank, Timestamp,
};

pub(super) const CHANNEL: ChannelId = ChannelId(2_005_329);

/// A tank, with a meter in its outlet, that reads fields of [`CHANNEL`].
pub(super) fn node(fields: &[(u8, Metric, f64, f64)]) -> NodeSpec {
    let rule = |(field, metric, scale, offset): &(u8, Metric, f64, f64)| {
        let (metric, scale, offset) = (metric.clone(), *scale, *offset);
        let rule = FieldRule {
            metric,
            scale,
            offset,
        };
        (*field, rule)
    };
    NodeSpec {
        key: "oht-7".to_owned(),
        label: "Overhead tank 7".to_owned(),
        category: Category::OHT,
        config: NodeConfig {
            tank: Some(tank()),
            meter: Some(meter()),
            ..NodeConfig::default()
        },
        channel: Some(ChannelBinding {
            channel_id: CHANNEL,
            field_map: fields.iter().map(rule).collect(),
        }),
        ..NodeSpec::blank(
            NodeId(Uuid::from_u128(7)),
            Kind::Tank,
            Timestamp::from_secs(0),
        )
    }
}

fn tank() -> Tank {
    Tank {
        geometry: Geometry::VerticalCylinder { radius_m: 1.2 },
        full_height_m: 2.0,
        sensor_height_m: Some(2.3),
        blind_zone_m: 0.2,
        dead_height_m: 0.1,
    }
}

fn meter() -> Meter {
    Meter {
        modulus_l: Some(1e6),
        max_flow_lpm: 100.0,
        bidirectional: false,
        resets_on_restart: false,
    }
}
