//! Devices that write to channels by the clock, and the nodes that read them.
//!
//! Everything here follows from the time alone, so that two looks at it agree.

use evara::simulator::fleet::{Device, DeviceKind, DeviceModel, Report, TankShape};
use evara::simulator::{Node, World};
use evara_actors::domain::{
    Category, ChannelBinding, ChannelId, FieldRule, Geometry, Kind, Meter, Metric, NodeConfig,
    NodeSpec, Tank, Well,
};
use evara_actors::testing::{START, tank};

/// The texts of field 1 to 8.
pub(crate) type Fields = [Option<String>; 8];

/// History before the test begins, in seconds.
const HISTORY_S: i64 = 600;

/// A device that writes what `says` makes of the time, every so many seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gauge {
    pub(crate) interval_s: i64,
    pub(crate) says: fn(i64) -> Fields,
    /// What its clock shows.
    pub(crate) stamps: fn(i64) -> i64,
}

impl Gauge {
    /// A tank's level and temperature, never twice the same.
    pub(crate) const fn every(interval_s: i64) -> Self {
        Self {
            interval_s,
            says: level_and_temperature,
            stamps: |at_s| at_s,
        }
    }

    /// A node that reads its level and its temperature.
    pub(crate) fn node(self, number: u32, channel: ChannelId) -> NodeSpec {
        let mut spec = tank(number);
        spec.config.expected_interval_s = u32::try_from(self.interval_s).ok();
        spec.channel = Some(reading(
            channel,
            &[(1, Metric::LevelCm), (2, Metric::TemperatureC)],
        ));
        spec
    }
}

/// A binding that takes fields as they are.
pub(crate) fn reading(channel_id: ChannelId, fields: &[(u8, Metric)]) -> ChannelBinding {
    let rule = |metric: &Metric| FieldRule {
        metric: metric.clone(),
        scale: 1.0,
        offset: 0.0,
    };
    let field_map = fields.iter().map(|(field, metric)| (*field, rule(metric)));
    ChannelBinding {
        channel_id,
        field_map: field_map.collect(),
    }
}

fn level_and_temperature(at_s: i64) -> Fields {
    let level = 100.0 + (at_s % 5_000) as f64 / 100.0;
    let temperature = 20.0 + (at_s % 700) as f64 / 100.0;
    texts([&format!("{level:.2}"), &format!("{temperature:.2}")])
}

/// These texts in the first fields, and null in the others.
pub(crate) fn texts<const N: usize>(texts: [&str; N]) -> Fields {
    let mut fields = Fields::default();
    for (field, text) in fields.iter_mut().zip(texts) {
        *field = Some(text.to_owned());
    }
    fields
}

/// All gauges of a test; each starts in a second of its own.
#[derive(Debug)]
pub(crate) struct Gauges {
    gauges: Vec<Gauge>,
    due_s: Vec<i64>,
}

impl Gauges {
    pub(crate) fn new(gauges: Vec<Gauge>) -> Self {
        let from_s = START.millis() / 1_000 - HISTORY_S;
        Self {
            due_s: (from_s..).take(gauges.len()).collect(),
            gauges,
        }
    }
}

impl World for Gauges {
    fn nodes(&self) -> Vec<Node> {
        let node = Node {
            kind: "tank".to_owned(),
            name: "Gauge".to_owned(),
            labels: texts(["Level (cm)", "Temperature (C)", "Other", "Note"]),
            ..Node::default()
        };
        vec![node; self.gauges.len()]
    }

    fn advance_to(&mut self, now_s: i64, emit: &mut dyn FnMut(Report)) {
        while let Some(device) = (0..self.gauges.len()).min_by_key(|device| self.due_s[*device])
            && self.due_s[device] <= now_s
        {
            let (gauge, at_s) = (self.gauges[device], self.due_s[device]);
            self.due_s[device] += gauge.interval_s;
            emit(Report {
                device,
                created_at_s: (gauge.stamps)(at_s),
                fields: (gauge.says)(at_s),
            });
        }
    }
}

/// The node of a device of the fleet.
pub(crate) fn node_of(device: &Device, number: u32, channel: ChannelId) -> NodeSpec {
    let rules = device.maps.iter().map(|map| {
        let rule = FieldRule {
            metric: map.metric.parse().unwrap(),
            scale: map.scale,
            offset: map.offset,
        };
        (map.field, rule)
    });
    NodeSpec {
        key: device.key.clone(),
        label: device.name.clone(),
        kind: match device.kind {
            DeviceKind::Tank => Kind::Tank,
            DeviceKind::Flow => Kind::Flow,
            DeviceKind::Deep => Kind::Deep,
        },
        category: category(device.category),
        config: NodeConfig {
            expected_interval_s: Some(device.interval_s),
            ..config(&device.model)
        },
        channel: Some(ChannelBinding {
            channel_id: channel,
            field_map: rules.collect(),
        }),
        ..tank(number)
    }
}

fn category(name: &str) -> Category {
    serde_json::from_value(name.into()).unwrap()
}

fn config(model: &DeviceModel) -> NodeConfig {
    let mut config = NodeConfig::default();
    match *model {
        DeviceModel::Tank {
            shape,
            sensor_height_m,
            full_height_m,
        } => {
            config.tank = Some(Tank {
                geometry: geometry(shape),
                full_height_m,
                sensor_height_m: Some(sensor_height_m),
                blind_zone_m: 0.2,
                dead_height_m: 0.0,
            });
        }
        DeviceModel::Flow {
            modulus_l,
            max_flow_lpm,
            pipe_diameter_m: _,
        } => {
            config.meter = Some(Meter {
                modulus_l: Some(modulus_l),
                max_flow_lpm,
                bidirectional: false,
                resets_on_restart: false,
            });
        }
        DeviceModel::Deep {
            probe_depth_m,
            pump_intake_m,
            ..
        } => {
            config.well = Some(Well {
                probe_depth_m: Some(probe_depth_m),
                intake_depth_m: Some(pump_intake_m),
                ..Well::default()
            });
        }
    }
    config
}

fn geometry(shape: TankShape) -> Geometry {
    match shape {
        TankShape::Rectangular {
            length_m, width_m, ..
        } => Geometry::Rectangular { length_m, width_m },
        TankShape::VerticalCylinder { radius_m, .. } => Geometry::VerticalCylinder { radius_m },
        TankShape::HorizontalCylinder { radius_m, length_m } => {
            Geometry::HorizontalCylinder { radius_m, length_m }
        }
        TankShape::Sphere { radius_m } => Geometry::Sphere { radius_m },
        TankShape::HorizontalCapsule { radius_m, length_m } => Geometry::HorizontalCapsule {
            radius_m,
            cylinder_m: length_m,
        },
        TankShape::VerticalCapsule { radius_m, length_m } => Geometry::VerticalCapsule {
            radius_m,
            cylinder_m: length_m,
        },
    }
}
