//! From a distance to a level, and from a level to a volume.
//!
//! Lengths are inside ones, in metres. A level is never outside of what the tank can hold, and an echo
//! from the blind zone is no level at all.

use std::f64::consts::PI;

use crate::domain::{Geometry, StrapPoint, Tank};

const LITRES_PER_M3: f64 = 1_000.0;
const CM_PER_M: f64 = 100.0;
const KELVIN_AT_0_C: f64 = 273.15;

/// Ultrasonic modules turn the time of an echo into a distance by the speed of sound at this
/// temperature.
const CALIBRATED_AT_C: f64 = 20.0;

/// A thermometer that says anything else is broken, and a wrong correction is worse than none.
const AIR_C: std::ops::RangeInclusive<f64> = -40.0..=85.0;

/// How full a tank is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TankState {
    /// Height of the water above the floor, from 0 to the full height.
    pub level_m: f64,
    /// Of the full height. Differs from `volume_pct` in any tank whose walls are not upright.
    pub level_pct: f64,
    /// What the tank holds.
    pub volume_l: f64,
    /// Of the capacity.
    pub volume_pct: f64,
    /// What it holds when full.
    pub capacity_l: f64,
    /// What remains in it when no more can be drawn.
    pub dead_l: f64,
}

/// How full `tank` is with the water standing at `level_m`, which is held between the floor and the
/// full height.
pub fn tank_state(tank: &Tank, level_m: f64) -> TankState {
    let level_m = level_m.max(0.0).min(tank.full_height_m);
    let litres = |height_m| volume_m3(&tank.geometry, height_m) * LITRES_PER_M3;
    let (volume_l, capacity_l) = (litres(level_m), litres(tank.full_height_m));
    TankState {
        level_m,
        level_pct: percent(level_m, tank.full_height_m),
        volume_l,
        volume_pct: percent(volume_l, capacity_l),
        capacity_l,
        dead_l: litres(tank.dead_height_m),
    }
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        (part / whole * 100.0).clamp(0.0, 100.0)
    } else {
        0.0
    }
}

/// Height of the water, in metres, from an ultrasonic `distance_cm` down to it.
///
/// With the temperature of the air the distance is corrected from the speed of sound at 20 °C, which
/// the sensor assumes, to the true one: both go with the square root of the absolute temperature.
///
/// `None` where the sensor's height is unknown, and for a distance inside the blind zone, which is
/// judged as the sensor said it: the zone is one of time, not of length.
pub fn level_m(tank: &Tank, distance_cm: f64, temperature_c: Option<f64>) -> Option<f64> {
    let sensor_height_m = tank.sensor_height_m?;
    let said_m = distance_cm / CM_PER_M;
    if !said_m.is_finite() || said_m < tank.blind_zone_m {
        return None;
    }
    let known = temperature_c.filter(|celsius| AIR_C.contains(celsius));
    let distance_m = known.map_or(said_m, |celsius| said_m * sound_correction(celsius));
    Some(
        (sensor_height_m - distance_m)
            .max(0.0)
            .min(tank.full_height_m),
    )
}

fn sound_correction(celsius: f64) -> f64 {
    ((KELVIN_AT_0_C + celsius) / (KELVIN_AT_0_C + CALIBRATED_AT_C)).sqrt()
}

/// Volume in m³ of water that stands `height_m` high; the height is held inside the form.
///
/// Rises with the height and is 0 at the floor (but for a table that says otherwise).
pub fn volume_m3(geometry: &Geometry, height_m: f64) -> f64 {
    let top = geometry.height_m().unwrap_or(f64::INFINITY);
    let h = height_m.max(0.0).min(top);
    match geometry {
        Geometry::Rectangular { length_m, width_m } => length_m * width_m * h,
        Geometry::VerticalCylinder { radius_m } => PI * radius_m * radius_m * h,
        Geometry::HorizontalCylinder { radius_m, length_m } => length_m * segment(*radius_m, h),
        Geometry::Sphere { radius_m } => cap(*radius_m, h),
        Geometry::HorizontalCapsule {
            radius_m,
            cylinder_m,
        } => cylinder_m * segment(*radius_m, h) + cap(*radius_m, h),
        Geometry::VerticalCapsule {
            radius_m,
            cylinder_m,
        } => standing_capsule(*radius_m, *cylinder_m, h),
        Geometry::Table { points } => strapped_l(points, h) / LITRES_PER_M3,
    }
}

/// Area of the segment of a circle of radius `r` below a chord at height `h`.
fn segment(r: f64, h: f64) -> f64 {
    let above = r - h;
    let half_chord = (h * (2.0 * r - h)).max(0.0).sqrt();
    (r * r * (above / r).clamp(-1.0, 1.0).acos() - above * half_chord).max(0.0)
}

/// Volume of the cap of a ball of radius `r` below a plane at height `h`.
fn cap(r: f64, h: f64) -> f64 {
    PI * h * h * (3.0 * r - h) / 3.0
}

/// The halves of the ball and the cylinder between them, filled from below; no branch may leave a step.
fn standing_capsule(r: f64, cylinder: f64, h: f64) -> f64 {
    let lower = h.min(r);
    let middle = (h - r).clamp(0.0, cylinder);
    let upper = (h - r - cylinder).max(0.0);
    cap(r, lower) + PI * r * r * middle + (cap(r, r + upper) - cap(r, r))
}

/// Between two points the line is straight, and so it is from the empty floor to the first.
fn strapped_l(points: &[StrapPoint], h: f64) -> f64 {
    const FLOOR: StrapPoint = StrapPoint {
        height_m: 0.0,
        volume_l: 0.0,
    };
    let above = points.partition_point(|point| point.height_m <= h);
    let below = above.checked_sub(1).map_or(FLOOR, |index| points[index]);
    let Some(next) = points.get(above) else {
        return below.volume_l;
    };
    let part = (h - below.height_m) / (next.height_m - below.height_m);
    below.volume_l + part * (next.volume_l - below.volume_l)
}
