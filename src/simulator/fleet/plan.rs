//! What one supply scheme is built of: every dimension that never changes, drawn from the seed.
//!
//! The physics and the public description of the devices both read this plan, so they cannot
//! disagree. Nothing here moves.

use super::random::{Dice, Purpose};
use super::shape::TankShape;

pub(super) const OVERHEAD_TANKS: usize = 5;
pub(super) const WELLS: usize = 3;
pub(super) const METERS: usize = 3;

/// Every other scheme carries the leak, the stuck sensor and the other lasting troubles, so that
/// two schemes (24 devices) have one of each.
pub(super) fn is_troubled(scheme: usize) -> bool {
    scheme.is_multiple_of(2)
}

/// The overhead tank that leaks in a troubled scheme.
const LEAKING_TANK: usize = 1;
/// A leak that alone would take this share of the tank in a day.
const LEAK_SHARE_PER_DAY: f64 = 1.1;

/// The well that is too weak for its pump in a troubled scheme.
const WEAK_WELL: usize = 2;

const MINUTES_PER_DAY: f64 = 1440.0;

#[derive(Debug, Clone, Copy)]
pub(super) struct SchemePlan {
    pub(super) overhead: [OverheadPlan; OVERHEAD_TANKS],
    pub(super) sump: TankPlan,
    pub(super) wells: [WellPlan; WELLS],
    pub(super) meters: [MeterPlan; METERS],
}

/// A tank; levels are shares of the full height.
#[derive(Debug, Clone, Copy)]
pub(super) struct TankPlan {
    pub(super) shape: TankShape,
    pub(super) full_height_m: f64,
    pub(super) sensor_height_m: f64,
    pub(super) initial_level: f64,
}

/// An overhead tank, its users and the pump that fills it.
#[derive(Debug, Clone, Copy)]
pub(super) struct OverheadPlan {
    pub(super) tank: TankPlan,
    pub(super) daily_demand_l: f64,
    /// How much later than the campus these users rise.
    pub(super) habit_shift_s: i64,
    pub(super) fill_lpm: f64,
    pub(super) leak_lpm: f64,
}

/// Depths are below ground. Losses follow Jacob: s = B·q + C·q², q in litres a minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct WellPlan {
    pub(super) static_depth_m: f64,
    pub(super) pump_intake_m: f64,
    pub(super) probe_depth_m: f64,
    pub(super) ground_elevation_m: f64,
    pub(super) pump_lpm: f64,
    pub(super) aquifer_loss: f64,
    pub(super) well_loss: f64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct MeterPlan {
    pub(super) modulus_l: f64,
    pub(super) initial_l: f64,
    pub(super) max_flow_lpm: f64,
    pub(super) pipe_diameter_m: f64,
}

impl SchemePlan {
    pub(super) fn draw(seed: u64, scheme: usize) -> Self {
        let mut dice = Dice::new(seed, Purpose::Plan, scheme);
        Self {
            overhead: std::array::from_fn(|i| OverheadPlan::draw(&mut dice, scheme, i)),
            sump: TankPlan::draw(&mut dice, sump_shape),
            wells: std::array::from_fn(|i| WellPlan::draw(&mut dice, scheme, i)),
            meters: METER_SIZES.map(|size| MeterPlan::draw(&mut dice, size)),
        }
    }
}

impl TankPlan {
    fn draw(dice: &mut Dice, shape: impl Fn(&mut Dice) -> TankShape) -> Self {
        let shape = shape(dice);
        // The overflow pipe leaves a little air below the ceiling.
        let full_height_m = to_centimetre(shape.height_m() - 0.10);
        Self {
            shape,
            full_height_m,
            // Above the blind zone (about 20 cm) of a cheap ultrasonic sensor.
            sensor_height_m: to_centimetre(full_height_m + dice.between(0.28, 0.45)),
            initial_level: dice.between(0.55, 0.85),
        }
    }

    /// Litres in the tank at a share of its full height.
    pub(super) fn volume_at(&self, level: f64) -> f64 {
        self.shape.volume_l(level * self.full_height_m)
    }
}

impl OverheadPlan {
    fn draw(dice: &mut Dice, scheme: usize, index: usize) -> Self {
        let tank = TankPlan::draw(dice, |dice| overhead_shape(dice, scheme, index));
        let capacity_l = tank.volume_at(1.0);
        let leaks = is_troubled(scheme) && index == LEAKING_TANK;
        Self {
            daily_demand_l: capacity_l * dice.between(1.2, 1.5),
            habit_shift_s: dice.whole(-1800, 1800),
            fill_lpm: dice.between(120.0, 160.0).round(),
            leak_lpm: if leaks {
                capacity_l * LEAK_SHARE_PER_DAY / MINUTES_PER_DAY
            } else {
                0.0
            },
            tank,
        }
    }
}

impl WellPlan {
    fn draw(dice: &mut Dice, scheme: usize, index: usize) -> Self {
        let mut plan = Self {
            static_depth_m: to_centimetre(dice.between(22.0, 46.0)),
            pump_intake_m: 0.0,
            probe_depth_m: 0.0,
            ground_elevation_m: dice.between(536.0, 552.0).round(),
            pump_lpm: dice.between(85.0, 110.0).round(),
            aquifer_loss: dice.between(0.06, 0.11),
            well_loss: dice.between(0.000_2, 0.000_5),
        };
        let rated_drawdown_m = plan.drawdown_at(plan.pump_lpm);
        let below_static_m = if is_troubled(scheme) && index == WEAK_WELL {
            0.8 * rated_drawdown_m + 1.0
        } else {
            1.3 * rated_drawdown_m + 8.0
        };
        plan.pump_intake_m = to_centimetre(plan.static_depth_m + below_static_m);
        plan.probe_depth_m = to_centimetre(plan.pump_intake_m + 2.0);
        plan
    }

    /// Drawdown, in metres, at which the well settles under a steady flow.
    pub(super) fn drawdown_at(&self, flow_lpm: f64) -> f64 {
        self.aquifer_loss * flow_lpm + self.well_loss * flow_lpm * flow_lpm
    }
}

/// Register size in litres, largest flow in litres a minute, bore in metres; in the order of
/// [`super::scheme::MeterSite`]. The outlet's register is small enough to roll over every day.
const METER_SIZES: [(f64, f64, f64); METERS] = [
    (10_000_000.0, 450.0, 0.080),
    (1_000_000.0, 1_000.0, 0.110),
    (10_000.0, 200.0, 0.050),
];

impl MeterPlan {
    fn draw(dice: &mut Dice, (modulus_l, max_flow_lpm, pipe_diameter_m): (f64, f64, f64)) -> Self {
        let initial_l = (modulus_l * dice.between(0.2, 0.8)).floor();
        Self {
            modulus_l,
            initial_l,
            max_flow_lpm,
            pipe_diameter_m,
        }
    }
}

fn overhead_shape(dice: &mut Dice, scheme: usize, index: usize) -> TankShape {
    let mut about = |metres: f64| about(dice, metres);
    match index {
        0 => TankShape::VerticalCylinder {
            radius_m: about(1.5),
            height_m: about(2.6),
        },
        1 => TankShape::Rectangular {
            length_m: about(4.0),
            width_m: about(3.0),
            height_m: about(2.0),
        },
        2 => TankShape::Sphere {
            radius_m: about(1.5),
        },
        3 => TankShape::HorizontalCylinder {
            radius_m: about(1.1),
            length_m: about(4.0),
        },
        _ if is_troubled(scheme) => TankShape::HorizontalCapsule {
            radius_m: about(1.0),
            length_m: about(3.0),
        },
        _ => TankShape::VerticalCapsule {
            radius_m: about(1.1),
            length_m: about(2.2),
        },
    }
}

fn sump_shape(dice: &mut Dice) -> TankShape {
    TankShape::Rectangular {
        length_m: about(dice, 6.0),
        width_m: about(dice, 4.5),
        height_m: about(dice, 2.5),
    }
}

/// Within a tenth, as a tape measure reads it.
fn about(dice: &mut Dice, metres: f64) -> f64 {
    to_centimetre(metres * dice.between(0.9, 1.1))
}

fn to_centimetre(metres: f64) -> f64 {
    (metres * 100.0).round() / 100.0
}
