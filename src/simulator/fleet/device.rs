//! What a fleet tells the world about its devices: enough to provision every one of them.
//!
//! Plain data, fixed at birth. It must agree with what the instruments write, so both are built
//! from the same catalogue and plan.

use super::shape::TankShape;

/// One device and its channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// As people call it: "Overhead tank 07, Library".
    pub name: String,
    /// Unique in the fleet, short and stable: "oht-07".
    pub key: String,
    /// What the device watches.
    pub kind: DeviceKind,
    /// OHT, Sump, Borewell, GovtBorewell, PumpHouse or FlowMeter.
    pub category: &'static str,
    /// The channel's field labels, field 1 first; `None` where the channel has no such field.
    pub fields: [Option<&'static str>; 8],
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Nominal seconds between two reports; the real gap is up to two seconds longer.
    pub interval_s: u32,
    /// A sentence for the channel's page.
    pub description: String,
    /// What each field means.
    pub maps: Vec<FieldMapEntry>,
    /// The dimensions a twin needs to derive levels, volumes and depths.
    pub model: DeviceModel,
}

/// The three kinds of node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// An ultrasonic sensor over a tank.
    Tank,
    /// A meter on a pipe.
    Flow,
    /// A level or pressure probe in a well.
    Deep,
}

/// How to read one field: `metric = raw * scale + offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldMapEntry {
    /// 1 to 8.
    pub field: u8,
    /// `distance_cm`, `temperature_c`, `pump`, `flow_lpm`, `total_l`, `depth_m`, `pressure_kpa`,
    /// `battery_v` or `rssi_dbm`.
    pub metric: &'static str,
    /// Metric units in one raw unit.
    pub scale: f64,
    /// In metric units.
    pub offset: f64,
}

/// The dimensions of what a device watches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DeviceModel {
    /// Heights are above the tank's floor; the distance is already corrected for temperature.
    Tank {
        /// Inside shape and dimensions.
        shape: TankShape,
        /// The sensor's face.
        sensor_height_m: f64,
        /// The overflow pipe.
        full_height_m: f64,
    },
    /// A meter whose register shows `total_l` modulo `modulus_l`.
    Flow {
        /// Litres at which the register returns to zero.
        modulus_l: f64,
        /// More than ever passes this pipe.
        max_flow_lpm: f64,
        /// Inside diameter.
        pipe_diameter_m: f64,
    },
    /// Depths are below ground; the probe's pressure is gauge (vented), the water on it alone.
    Deep {
        /// Where a pressure probe hangs.
        probe_depth_m: f64,
        /// Where the pump draws.
        pump_intake_m: f64,
        /// Above mean sea level.
        ground_elevation_m: f64,
        /// Depth to water of the rested well when the fleet began.
        static_depth_m: f64,
        /// Rated flow of the pump.
        pump_lpm: f64,
    },
}
