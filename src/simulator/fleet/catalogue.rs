//! The twelve devices of a scheme: what each is attached to, what it writes, how it misbehaves.
//!
//! A fleet is this list repeated, cut at the wanted number; so the first devices of a large fleet
//! are the devices of a small one. Labels, units and gaps differ as they do among real makers.

use super::column::{Column, Metric};
use super::device::{Device, DeviceKind, DeviceModel};
use super::plan::{MeterPlan, OVERHEAD_TANKS, SchemePlan, TankPlan, WellPlan};
use super::random::{Dice, Purpose};
use super::scheme::{Asset, MeterSite};

pub(super) const DEVICES_PER_SCHEME: usize = SLOTS.len();

const LITRES_PER_M3: f64 = 1000.0;
const LPM_PER_M3_PER_HOUR: f64 = LITRES_PER_M3 / 60.0;
const METRES_PER_FOOT: f64 = 0.3048;

/// The south-west corner of the campus, and the side of the square a scheme serves, in degrees.
const ORIGIN: (f64, f64) = (17.4450, 78.3480);
const SCHEME_SIDE: f64 = 0.004;
const SCHEMES_PER_ROW: usize = 16;

/// How a firmware goes wrong for good, beside the accidents that every device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    Steady,
    /// Its level stays flat for hours of every day, whatever the water does.
    Sticking,
    /// Writes `nan`, or a zero followed by line ends, in place of a level.
    Garbling,
    /// Sometimes appends this unit to its level.
    Labelling(&'static str),
    /// Two programs share the channel: each report carries half of the fields.
    Halving,
}

/// A place in a scheme where a device is fitted.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) asset: Asset,
    pub(super) interval_s: u32,
    pub(super) columns: &'static [Column],
    /// What it does in a troubled scheme; elsewhere it is steady.
    pub(super) habit: Habit,
}

const fn column(field: u8, metric: Metric, label: &'static str, decimals: usize) -> Column {
    Column::new(field, metric, label, decimals)
}

pub(super) const SLOTS: [Slot; 12] = [
    Slot {
        asset: Asset::Overhead(0),
        interval_s: 15,
        columns: &[
            column(1, Metric::DistanceCm, "Water Level (cm)", 1),
            column(2, Metric::TemperatureC, "Temperature (C)", 1),
            column(3, Metric::Pump, "Motor", 0),
            column(7, Metric::BatteryV, "Battery (V)", 2).once_in(5),
        ],
        habit: Habit::Steady,
    },
    Slot {
        asset: Asset::Well(0),
        interval_s: 30,
        columns: &[
            column(1, Metric::DepthM, "Depth to water (m)", 2),
            column(2, Metric::Pump, "Pump", 0),
            column(3, Metric::RssiDbm, "RSSI (dBm)", 0).once_in(5),
        ],
        habit: Habit::Steady,
    },
    Slot {
        asset: Asset::Meter(MeterSite::Outlet),
        interval_s: 15,
        columns: &[
            column(1, Metric::FlowLpm, "Flow (L/min)", 2),
            column(2, Metric::TotalL, "Total (L)", 0),
        ],
        habit: Habit::Steady,
    },
    Slot {
        asset: Asset::Overhead(1),
        interval_s: 20,
        columns: &[
            column(1, Metric::TemperatureC, "temp", 2),
            column(2, Metric::DistanceCm, "distance_mm", 0).scaled(0.1),
        ],
        habit: Habit::Steady,
    },
    Slot {
        asset: Asset::Sump,
        interval_s: 30,
        columns: &[
            column(1, Metric::DistanceCm, "Distance (cm)", 5),
            column(2, Metric::TemperatureC, "Temperature (C)", 5),
            column(4, Metric::RssiDbm, "Signal", 0).once_in(5),
        ],
        habit: Habit::Steady,
    },
    Slot {
        asset: Asset::Well(1),
        interval_s: 60,
        columns: &[
            column(1, Metric::PressureKpa, "Pressure (kPa)", 2),
            column(2, Metric::TemperatureC, "Water temperature (C)", 1),
            column(3, Metric::Pump, "Pump", 0),
            column(8, Metric::BatteryV, "Battery (V)", 2),
        ],
        habit: Habit::Halving,
    },
    Slot {
        asset: Asset::Meter(MeterSite::PumpHouse),
        interval_s: 20,
        columns: &[
            column(1, Metric::FlowLpm, "Flow Rate (m3/h)", 3).scaled(LPM_PER_M3_PER_HOUR),
            column(2, Metric::TotalL, "Totalizer (m3)", 3).scaled(LITRES_PER_M3),
        ],
        habit: Habit::Steady,
    },
    Slot {
        asset: Asset::Overhead(2),
        interval_s: 15,
        columns: &[
            column(2, Metric::DistanceCm, "Level sensor (cm)", 1).shifted(-3.0),
            column(3, Metric::TemperatureC, "Temperature (C)", 1),
            column(5, Metric::Pump, "Pump", 0),
        ],
        habit: Habit::Garbling,
    },
    Slot {
        asset: Asset::Overhead(3),
        interval_s: 20,
        columns: &[
            column(1, Metric::DistanceCm, "Water Level (cm)", 1),
            column(2, Metric::TemperatureC, "Temperature (C)", 1),
            column(8, Metric::BatteryV, "Battery", 2).once_in(5),
        ],
        habit: Habit::Sticking,
    },
    Slot {
        asset: Asset::Meter(MeterSite::WellField),
        interval_s: 30,
        columns: &[
            column(1, Metric::TotalL, "Total (kL)", 3).scaled(LITRES_PER_M3),
            column(2, Metric::FlowLpm, "Flow (lpm)", 1),
            column(6, Metric::BatteryV, "Battery (V)", 2).once_in(5),
        ],
        habit: Habit::Steady,
    },
    Slot {
        asset: Asset::Well(GOVERNMENT_WELL),
        interval_s: 60,
        columns: &[
            column(1, Metric::DepthM, "Water level (ft bgl)", 2).scaled(METRES_PER_FOOT),
            column(2, Metric::Pump, "Motor", 0),
        ],
        habit: Habit::Steady,
    },
    Slot {
        asset: Asset::Overhead(4),
        interval_s: 60,
        columns: &[
            column(1, Metric::DistanceCm, "Water Level (cm)", 0),
            column(2, Metric::TemperatureC, "Temperature (C)", 0),
            column(3, Metric::Pump, "Motor Status", 0),
        ],
        habit: Habit::Labelling(" cm"),
    },
];

/// The well of a scheme that belongs to the government.
const GOVERNMENT_WELL: usize = 2;

const PLACES: [&str; 9] = [
    "Library",
    "North Hostels",
    "Canteen",
    "Laboratories",
    "South Hostels",
    "Sports Ground",
    "Faculty Quarters",
    "Workshop",
    "Guest House",
];

/// What people call an asset.
struct Calling {
    category: &'static str,
    title: &'static str,
    prefix: &'static str,
    /// Counted from 1 over all schemes, among its likes.
    number: usize,
}

fn calling(asset: Asset, scheme: usize) -> Calling {
    let called = |category, title, prefix, per_scheme: usize, place: usize| Calling {
        category,
        title,
        prefix,
        number: scheme * per_scheme + place + 1,
    };
    match asset {
        Asset::Overhead(i) => called("OHT", "Overhead tank", "oht", OVERHEAD_TANKS, i),
        Asset::Sump => called("Sump", "Sump", "sump", 1, 0),
        Asset::Well(GOVERNMENT_WELL) => called("GovtBorewell", "Government borewell", "gbw", 1, 0),
        Asset::Well(i) => called("Borewell", "Borewell", "bw", GOVERNMENT_WELL, i),
        Asset::Meter(MeterSite::PumpHouse) => called("PumpHouse", "Pump house", "ph", 1, 0),
        Asset::Meter(MeterSite::WellField) => called("FlowMeter", "Well field meter", "fm", 2, 0),
        Asset::Meter(MeterSite::Outlet) => called("FlowMeter", "Outlet meter", "fm", 2, 1),
    }
}

/// Describes the device of slot `index % 12` in scheme `index / 12`.
pub(super) fn describe(seed: u64, index: usize, plan: &SchemePlan) -> Device {
    let (scheme, slot) = (
        index / DEVICES_PER_SCHEME,
        &SLOTS[index % DEVICES_PER_SCHEME],
    );
    let Calling {
        category,
        title,
        prefix,
        number,
    } = calling(slot.asset, scheme);
    let (kind, model) = model(slot.asset, plan);
    let mut dice = Dice::new(seed, Purpose::Place, index);
    let mut within = |corner: f64, row: usize| {
        let degrees = corner + (row as f64 + dice.between(0.05, 0.95)) * SCHEME_SIDE;
        (degrees * 1e6).round() / 1e6
    };
    let mut fields = [None; 8];
    for column in slot.columns {
        fields[usize::from(column.field) - 1] = Some(column.label);
    }
    Device {
        name: format!("{title} {number:02}, {}", PLACES[index % PLACES.len()]),
        key: format!("{prefix}-{number:02}"),
        kind,
        category,
        fields,
        latitude: within(ORIGIN.0, scheme / SCHEMES_PER_ROW),
        longitude: within(ORIGIN.1, scheme % SCHEMES_PER_ROW),
        interval_s: slot.interval_s,
        description: sentence(&model),
        maps: slot.columns.iter().map(Column::map).collect(),
        model,
    }
}

fn model(asset: Asset, plan: &SchemePlan) -> (DeviceKind, DeviceModel) {
    match asset {
        Asset::Overhead(index) => (DeviceKind::Tank, tank_model(&plan.overhead[index].tank)),
        Asset::Sump => (DeviceKind::Tank, tank_model(&plan.sump)),
        Asset::Well(index) => (DeviceKind::Deep, deep_model(&plan.wells[index])),
        Asset::Meter(site) => (DeviceKind::Flow, flow_model(&plan.meters[site as usize])),
    }
}

fn tank_model(plan: &TankPlan) -> DeviceModel {
    let TankPlan {
        shape,
        full_height_m,
        sensor_height_m,
        initial_level: _,
    } = *plan;
    DeviceModel::Tank {
        shape,
        sensor_height_m,
        full_height_m,
    }
}

fn flow_model(plan: &MeterPlan) -> DeviceModel {
    let MeterPlan {
        modulus_l,
        max_flow_lpm,
        pipe_diameter_m,
        initial_l: _,
    } = *plan;
    DeviceModel::Flow {
        modulus_l,
        max_flow_lpm,
        pipe_diameter_m,
    }
}

fn deep_model(plan: &WellPlan) -> DeviceModel {
    DeviceModel::Deep {
        probe_depth_m: plan.probe_depth_m,
        pump_intake_m: plan.pump_intake_m,
        ground_elevation_m: plan.ground_elevation_m,
        static_depth_m: plan.static_depth_m,
        pump_lpm: plan.pump_lpm,
    }
}

fn sentence(model: &DeviceModel) -> String {
    match model {
        DeviceModel::Tank {
            shape,
            sensor_height_m,
            full_height_m,
        } => format!(
            "{:.1} kL tank; ultrasonic sensor {sensor_height_m:.2} m above the floor",
            shape.volume_l(*full_height_m) / LITRES_PER_M3
        ),
        DeviceModel::Flow {
            modulus_l,
            pipe_diameter_m,
            ..
        } => format!(
            "Meter on a {:.0} mm pipe; the register rolls over at {modulus_l:.0} L",
            pipe_diameter_m * 1000.0
        ),
        DeviceModel::Deep {
            pump_intake_m,
            pump_lpm,
            ..
        } => {
            format!("Borewell; {pump_lpm:.0} L/min pump with its intake at {pump_intake_m:.1} m")
        }
    }
}
