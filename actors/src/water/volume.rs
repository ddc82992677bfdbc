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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn litres(geometry: &Geometry, height_m: f64) -> f64 {
        volume_m3(geometry, height_m) * LITRES_PER_M3
    }

    #[track_caller]
    fn holds(geometry: &Geometry, vectors: &[(f64, f64)]) {
        for &(height_m, expected_l) in vectors {
            let found = litres(geometry, height_m);
            assert!((found - expected_l).abs() < 1e-3, "{height_m} m: {found} L");
        }
    }

    fn tank(geometry: Geometry, full_height_m: f64) -> Tank {
        Tank {
            geometry,
            full_height_m,
            sensor_height_m: Some(2.3),
            blind_zone_m: 0.2,
            dead_height_m: 0.1,
        }
    }

    fn cube() -> Geometry {
        Geometry::Rectangular {
            length_m: 1.0,
            width_m: 1.0,
        }
    }

    #[test]
    fn upright_tanks_hold_floor_times_height() {
        let cylinder = Geometry::VerticalCylinder { radius_m: 1.2 };
        holds(&cylinder, &[(0.0, 0.0), (1.5, 6785.840)]);
        let (length_m, width_m) = (3.0, 2.0);
        let box_ = Geometry::Rectangular { length_m, width_m };
        holds(&box_, &[(0.0, 0.0), (1.5, 9000.0)]);
    }

    #[test]
    fn round_tanks_hold_what_the_published_vectors_say() {
        let (radius_m, length_m, cylinder_m) = (1.0, 3.0, 3.0);
        let lying = Geometry::HorizontalCylinder { radius_m, length_m };
        holds(&lying, &[(0.5, 1842.555), (1.0, 4712.389)]);
        holds(&lying, &[(1.5, 7582.223), (2.0, 9424.778)]);
        let ball = Geometry::Sphere { radius_m };
        holds(&ball, &[(0.5, 654.498), (1.0, 2094.395)]);
        holds(&ball, &[(1.5, 3534.292), (2.0, 4188.790)]);
        let capsule = Geometry::HorizontalCapsule {
            radius_m,
            cylinder_m,
        };
        holds(&capsule, &[(0.5, 2497.053), (1.0, 6806.784)]);
        holds(&capsule, &[(1.5, 11116.515), (2.0, 13613.568)]);
        let standing = Geometry::VerticalCapsule {
            radius_m,
            cylinder_m,
        };
        holds(&standing, &[(0.5, 654.498), (1.0, 2094.395)]);
        holds(&standing, &[(2.5, 6806.784), (4.0, 11519.173)]);
        holds(&standing, &[(4.5, 12959.070), (5.0, 13613.568)]);
    }

    #[test]
    fn a_table_is_straight_between_its_points_and_down_to_the_floor() {
        let point = |height_m, volume_l| StrapPoint { height_m, volume_l };
        let points = vec![point(0.5, 100.0), point(1.0, 300.0), point(2.0, 400.0)];
        let table = Geometry::Table { points };
        holds(&table, &[(0.0, 0.0), (0.25, 50.0), (0.5, 100.0)]);
        holds(&table, &[(0.75, 200.0), (1.5, 350.0), (2.0, 400.0)]);
        holds(&table, &[(9.0, 400.0), (-1.0, 0.0), (f64::NAN, 0.0)]);
    }

    #[test]
    fn heights_outside_of_the_form_are_held_inside() {
        let ball = Geometry::Sphere { radius_m: 1.0 };
        assert_eq!(volume_m3(&ball, 7.0), volume_m3(&ball, 2.0));
        assert_eq!(volume_m3(&ball, -7.0), 0.0);
    }

    #[test]
    fn level_and_volume_differ_in_percent_where_walls_are_round() {
        let (radius_m, length_m) = (1.0, 3.0);
        let lying = Geometry::HorizontalCylinder { radius_m, length_m };
        let state = tank_state(&tank(lying, 2.0), 0.5);
        assert_eq!(state.level_pct, 25.0);
        assert!((state.volume_pct - 19.55).abs() < 0.01);
        assert!((state.capacity_l - 9424.778).abs() < 1e-3);
        assert!(0.0 < state.dead_l && state.dead_l < state.volume_l);
    }

    #[test]
    fn a_tank_is_never_fuller_than_full_or_emptier_than_empty() {
        let tank = tank(cube(), 2.0);
        let full = tank_state(&tank, 2.4);
        assert_eq!((full.level_m, full.volume_pct), (2.0, 100.0));
        let empty = tank_state(&tank, -0.3);
        assert_eq!((empty.level_m, empty.volume_l), (0.0, 0.0));
    }

    #[test]
    fn a_distance_becomes_a_level_below_the_sensor() {
        let tank = tank(cube(), 2.0);
        let level = level_m(&tank, 130.0, None).unwrap();
        assert!((level - 1.0).abs() < 1e-12);
        assert_eq!(level_m(&tank, 25.0, None), Some(2.0));
        assert_eq!(level_m(&tank, 400.0, None), Some(0.0));
    }

    #[test]
    fn an_echo_from_the_blind_zone_is_no_level() {
        let tank = tank(cube(), 2.0);
        assert_eq!(level_m(&tank, 19.9, None), None);
        assert_eq!(level_m(&tank, -5.0, None), None);
        assert_eq!(level_m(&tank, f64::NAN, None), None);
        let unmeasured = Tank {
            sensor_height_m: None,
            ..tank
        };
        assert_eq!(level_m(&unmeasured, 100.0, None), None);
    }

    #[test]
    fn warm_air_lengthens_a_distance_by_the_speed_of_sound() {
        let ratio = sound_correction(45.0) / sound_correction(25.0);
        assert!((ratio - 1.033).abs() < 5e-4);
        let tank = tank(cube(), 2.0);
        assert_eq!(
            level_m(&tank, 130.0, Some(20.0)),
            level_m(&tank, 130.0, None)
        );
        assert!(level_m(&tank, 130.0, Some(45.0)) < level_m(&tank, 130.0, None));
        assert_eq!(
            level_m(&tank, 130.0, Some(-127.0)),
            level_m(&tank, 130.0, None)
        );
    }

    /// A form, its height, and the largest area of its surface.
    fn forms() -> impl Strategy<Value = (Geometry, f64, f64)> {
        let length = 0.1..20.0_f64;
        (0..7_u8, length.clone(), length, 0.0..500.0_f64).prop_map(|(shape, r, l, v)| {
            let (radius_m, length_m, cylinder_m) = (r, l, l);
            let (lying, disc) = (2.0 * r * l, PI * r * r);
            match shape {
                0 => (
                    Geometry::Rectangular {
                        length_m,
                        width_m: r,
                    },
                    l,
                    l * r,
                ),
                1 => (Geometry::VerticalCylinder { radius_m }, l, disc),
                2 => {
                    let form = Geometry::HorizontalCylinder { radius_m, length_m };
                    (form, 2.0 * r, lying)
                }
                3 => (Geometry::Sphere { radius_m }, 2.0 * r, disc),
                4 => {
                    let form = Geometry::HorizontalCapsule {
                        radius_m,
                        cylinder_m,
                    };
                    (form, 2.0 * r, lying + disc)
                }
                5 => {
                    let form = Geometry::VerticalCapsule {
                        radius_m,
                        cylinder_m,
                    };
                    (form, 2.0 * r + l, disc)
                }
                _ => {
                    let point = |height_m, volume_l| StrapPoint { height_m, volume_l };
                    let points = vec![point(r, v), point(r + l, v + 100.0)];
                    (
                        Geometry::Table { points },
                        r + l,
                        (v / r).max(100.0 / l) / 1e3,
                    )
                }
            }
        })
    }

    proptest! {
        #[test]
        fn volume_begins_at_nought_and_rises_without_steps(
            (form, top, area) in forms(),
            at in 0.0..1.0_f64,
            step in 0.0..0.1_f64,
        ) {
            let (low, high) = (at * top, ((at + step) * top).min(top));
            let rise = volume_m3(&form, high) - volume_m3(&form, low);
            let rounding = 1e-12 * volume_m3(&form, top).max(1.0);
            prop_assert_eq!(volume_m3(&form, 0.0), 0.0);
            prop_assert!(rise >= -rounding, "fell by {}", -rise);
            prop_assert!(rise <= area * (high - low) + rounding, "rose by {rise}");
        }

        #[test]
        fn a_full_tank_holds_its_capacity((form, top, _) in forms(), share in 0.1..1.0_f64) {
            let tank = Tank { dead_height_m: 0.0, ..tank(form, share * top) };
            let state = tank_state(&tank, share * top);
            prop_assert_eq!(state.volume_l, state.capacity_l);
            prop_assert_eq!(state.level_pct, 100.0);
        }
    }
}
