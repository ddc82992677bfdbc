//! How a node is judged, as JSON: geometry, meter, well, limits, expected interval.
//!
//! The shapes are the contract's and change with it alone; the description that is stored has shapes
//! of its own. `null` stands for the default wherever there is one.

use std::collections::BTreeMap;

use evara_actors::domain::{Geometry, Limits, Meter, Metric, NodeConfig, StrapPoint, Tank, Well};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::present;
use crate::http::by_name::{by_name, tagged};

/// How readings of a node are judged, and what is derived from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = NodeConfig)]
pub(crate) struct ConfigBody {
    /// Of a tank.
    pub(crate) tank: Option<TankBody>,
    /// Of a flow meter.
    pub(crate) meter: Option<MeterBody>,
    /// Of a well.
    pub(crate) well: Option<WellBody>,
    /// By metric.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = BTreeMap<String, LimitsBody>)]
    pub(crate) limits: BTreeMap<Metric, LimitsBody>,
    /// How often the node reports, in seconds; null to go by what is seen.
    #[schema(minimum = 1, maximum = 86_400)]
    pub(crate) expected_interval_s: Option<u32>,
    /// Late once the newest source time is older than this many intervals.
    #[serde(deserialize_with = "or_late")]
    pub(crate) late_after: f64,
    /// Offline once the newest source time is older than this many intervals.
    #[serde(deserialize_with = "or_offline")]
    pub(crate) offline_after: f64,
    /// IANA name of the time zone that decides where a day begins. A node of a community has that of the
    /// community, and cannot be given another; any other node has UTC where not given.
    #[schema(example = "Asia/Kolkata")]
    pub(crate) time_zone: Option<String>,
}

impl Default for ConfigBody {
    fn default() -> Self {
        let mut body = Self::from(NodeConfig::default());
        body.time_zone = None;
        body
    }
}

fn or_late<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(|| NodeConfig::default().late_after))
}

fn or_offline<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(|| NodeConfig::default().offline_after))
}

/// A tank and its sensor. Lengths in metres.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Tank)]
pub(crate) struct TankBody {
    /// The form of the inside.
    #[serde(deserialize_with = "tagged")]
    pub(crate) geometry: GeometryBody,
    /// Height of the water when the tank counts as full.
    pub(crate) full_height_m: f64,
    /// Height of the sensor's face above the floor; null where the sensor reports a level.
    pub(crate) sensor_height_m: Option<f64>,
    /// The sensor sees nothing nearer than this.
    #[serde(default)]
    pub(crate) blind_zone_m: f64,
    /// Water below this height cannot be drawn.
    #[serde(default)]
    pub(crate) dead_height_m: f64,
}

/// The form of a tank's inside; lengths in metres.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "shape", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = Geometry)]
pub(crate) enum GeometryBody {
    /// A box.
    Rectangular { length_m: f64, width_m: f64 },
    /// A cylinder that stands.
    VerticalCylinder { radius_m: f64 },
    /// A cylinder that lies, with flat ends.
    HorizontalCylinder { radius_m: f64, length_m: f64 },
    /// A ball.
    Sphere { radius_m: f64 },
    /// A cylinder that lies, with half a ball at each end.
    HorizontalCapsule { radius_m: f64, cylinder_m: f64 },
    /// A cylinder that stands, with half a ball at each end.
    VerticalCapsule { radius_m: f64, cylinder_m: f64 },
    /// Volumes that were measured, rising.
    Table {
        #[serde(deserialize_with = "by_name")]
        points: Vec<StrapPointBody>,
    },
}

/// Writes a shape once, with the two conversions to and from what the domain calls by the same fields.
macro_rules! mirror {
    ($(#[$doc:meta])* $body:ident of $domain:ident {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        #[schema(as = $domain)]
        pub(crate) struct $body { $($(#[$field_doc])* pub(crate) $field: $type,)* }

        impl From<$domain> for $body {
            fn from($domain { $($field),* }: $domain) -> Self {
                Self { $($field),* }
            }
        }

        impl From<$body> for $domain {
            fn from($body { $($field),* }: $body) -> Self {
                Self { $($field),* }
            }
        }
    };
}

mirror! {
    /// A line of a strapping table.
    StrapPointBody of StrapPoint {
        /// Height of the water.
        height_m: f64,
        /// What the tank then holds.
        volume_l: f64,
    }
}

mirror! {
    /// A flow meter with a totalizer.
    MeterBody of Meter {
        /// The total at which the register begins again at nought; null where unknown.
        modulus_l: Option<f64>,
        /// The highest rate that the meter can see.
        max_flow_lpm: f64,
        /// Whether it counts both ways.
        #[serde(default, deserialize_with = "present")]
        bidirectional: bool,
        /// Whether the count begins at nought after each restart of the device.
        #[serde(default, deserialize_with = "present")]
        resets_on_restart: bool,
    }
}

mirror! {
    /// A well with a probe or a depth gauge.
    WellBody of Well {
        /// Depth of a pressure probe below ground level.
        probe_depth_m: Option<f64>,
        /// Depth of the pump's intake below ground level.
        intake_depth_m: Option<f64>,
        /// How long the pump must have stood before the level counts as static.
        #[serde(default = "settle_minutes")]
        settle_minutes: u32,
    }
}

fn settle_minutes() -> u32 {
    Well::default().settle_minutes
}

mirror! {
    /// What values of a metric are possible and likely.
    LimitsBody of Limits {
        /// `[low, high]`: outside of it a value is bad.
        #[schema(value_type = Option<Vec<f64>>)]
        fail: Option<(f64, f64)>,
        /// `[low, high]`: outside of it a value is suspect.
        #[schema(value_type = Option<Vec<f64>>)]
        suspect: Option<(f64, f64)>,
        /// A jump by more is suspect until it is confirmed.
        spike: Option<f64>,
        /// A faster change is suspect.
        max_rate_per_s: Option<f64>,
        /// A value that moved by less than `flat_tolerance` for this long is suspect.
        flat_after_s: Option<u32>,
        /// See `flat_after_s`.
        #[serde(default, deserialize_with = "present")]
        flat_tolerance: f64,
    }
}

impl From<NodeConfig> for ConfigBody {
    fn from(config: NodeConfig) -> Self {
        let limits = config
            .limits
            .into_iter()
            .map(|(metric, limits)| (metric, limits.into()));
        Self {
            tank: config.tank.map(Into::into),
            meter: config.meter.map(Into::into),
            well: config.well.map(Into::into),
            limits: limits.collect(),
            expected_interval_s: config.expected_interval_s,
            late_after: config.late_after,
            offline_after: config.offline_after,
            time_zone: Some(config.time_zone),
        }
    }
}

impl From<ConfigBody> for NodeConfig {
    fn from(body: ConfigBody) -> Self {
        let limits = body
            .limits
            .into_iter()
            .map(|(metric, limits)| (metric, limits.into()));
        Self {
            tank: body.tank.map(Into::into),
            meter: body.meter.map(Into::into),
            well: body.well.map(Into::into),
            limits: limits.collect(),
            expected_interval_s: body.expected_interval_s,
            late_after: body.late_after,
            offline_after: body.offline_after,
            time_zone: body.time_zone.unwrap_or_else(|| Self::default().time_zone),
        }
    }
}

impl From<Tank> for TankBody {
    fn from(tank: Tank) -> Self {
        Self {
            geometry: tank.geometry.into(),
            full_height_m: tank.full_height_m,
            sensor_height_m: tank.sensor_height_m,
            blind_zone_m: tank.blind_zone_m,
            dead_height_m: tank.dead_height_m,
        }
    }
}

impl From<TankBody> for Tank {
    fn from(body: TankBody) -> Self {
        Self {
            geometry: body.geometry.into(),
            full_height_m: body.full_height_m,
            sensor_height_m: body.sensor_height_m,
            blind_zone_m: body.blind_zone_m,
            dead_height_m: body.dead_height_m,
        }
    }
}

macro_rules! shapes {
    ($($shape:ident { $($field:ident),* },)*) => {
        impl From<Geometry> for GeometryBody {
            fn from(geometry: Geometry) -> Self {
                match geometry {
                    $(Geometry::$shape { $($field),* } => Self::$shape { $($field),* },)*
                    Geometry::Table { points } => {
                        Self::Table { points: points.into_iter().map(Into::into).collect() }
                    }
                }
            }
        }

        impl From<GeometryBody> for Geometry {
            fn from(body: GeometryBody) -> Self {
                match body {
                    $(GeometryBody::$shape { $($field),* } => Self::$shape { $($field),* },)*
                    GeometryBody::Table { points } => {
                        Self::Table { points: points.into_iter().map(Into::into).collect() }
                    }
                }
            }
        }
    };
}

shapes! {
    Rectangular { length_m, width_m },
    VerticalCylinder { radius_m },
    HorizontalCylinder { radius_m, length_m },
    Sphere { radius_m },
    HorizontalCapsule { radius_m, cylinder_m },
    VerticalCapsule { radius_m, cylinder_m },
}
