//! The insides of tanks: how much water stands below a height, and the height of a volume.
//!
//! Holds no state. Deliberately not the twin's own geometry: a simulator that shared the code
//! under test would agree with its mistakes.

use std::f64::consts::PI;

const LITRES_PER_M3: f64 = 1000.0;

/// Halvings of the height when a volume is inverted: below a micrometre for any tank here.
const HALVINGS: u32 = 24;

/// The inside of a tank, in metres. A capsule's `length_m` is its cylinder without the caps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TankShape {
    /// A box: length × width × height.
    Rectangular {
        length_m: f64,
        width_m: f64,
        height_m: f64,
    },
    /// A drum standing on its end.
    VerticalCylinder { radius_m: f64, height_m: f64 },
    /// A drum lying on its side.
    HorizontalCylinder { radius_m: f64, length_m: f64 },
    /// A ball.
    Sphere { radius_m: f64 },
    /// A cylinder lying on its side between two half balls.
    HorizontalCapsule { radius_m: f64, length_m: f64 },
    /// A cylinder standing between two half balls.
    VerticalCapsule { radius_m: f64, length_m: f64 },
}

impl TankShape {
    /// Inside height from floor to ceiling, in metres.
    pub fn height_m(&self) -> f64 {
        match *self {
            Self::Rectangular { height_m, .. } | Self::VerticalCylinder { height_m, .. } => {
                height_m
            }
            Self::HorizontalCylinder { radius_m, .. }
            | Self::Sphere { radius_m }
            | Self::HorizontalCapsule { radius_m, .. } => 2.0 * radius_m,
            Self::VerticalCapsule { radius_m, length_m } => 2.0 * radius_m + length_m,
        }
    }

    /// Litres below `level_m` of water; a level outside the tank counts as its floor or ceiling.
    pub fn volume_l(&self, level_m: f64) -> f64 {
        let h = level_m.clamp(0.0, self.height_m());
        let cubic_metres = match *self {
            Self::Rectangular {
                length_m, width_m, ..
            } => length_m * width_m * h,
            Self::VerticalCylinder { radius_m, .. } => PI * radius_m * radius_m * h,
            Self::HorizontalCylinder { radius_m, length_m } => length_m * segment(radius_m, h),
            Self::Sphere { radius_m } => ball_cap(radius_m, h),
            Self::HorizontalCapsule { radius_m, length_m } => {
                length_m * segment(radius_m, h) + ball_cap(radius_m, h)
            }
            Self::VerticalCapsule { radius_m, length_m } => standing_capsule(radius_m, length_m, h),
        };
        cubic_metres * LITRES_PER_M3
    }

    /// The water level, in metres, at which the tank holds `volume_l`.
    pub(super) fn level_m(&self, volume_l: f64) -> f64 {
        let (mut low, mut high) = (0.0, self.height_m());
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            if self.volume_l(middle) < volume_l {
                low = middle
            } else {
                high = middle
            }
        }
        (low + high) / 2.0
    }
}

/// Area of the part of a circle below height `h`.
fn segment(r: f64, h: f64) -> f64 {
    r * r * ((r - h) / r).clamp(-1.0, 1.0).acos() - (r - h) * (2.0 * r * h - h * h).max(0.0).sqrt()
}

/// Volume of the part of a ball below height `h`.
fn ball_cap(r: f64, h: f64) -> f64 {
    PI * h * h * (3.0 * r - h) / 3.0
}

fn standing_capsule(r: f64, length: f64, h: f64) -> f64 {
    if h <= r {
        ball_cap(r, h)
    } else if h <= r + length {
        2.0 / 3.0 * PI * r.powi(3) + PI * r * r * (h - r)
    } else {
        let full = 4.0 / 3.0 * PI * r.powi(3) + PI * r * r * length;
        full - ball_cap(r, 2.0 * r + length - h)
    }
}

#[cfg(test)]
mod tests {
    use super::TankShape;

    const LYING: TankShape = TankShape::HorizontalCylinder {
        radius_m: 1.0,
        length_m: 3.0,
    };
    const BALL: TankShape = TankShape::Sphere { radius_m: 1.0 };
    const LYING_CAPSULE: TankShape = TankShape::HorizontalCapsule {
        radius_m: 1.0,
        length_m: 3.0,
    };
    const STANDING_CAPSULE: TankShape = TankShape::VerticalCapsule {
        radius_m: 1.0,
        length_m: 3.0,
    };
    const DRUM: TankShape = TankShape::VerticalCylinder {
        radius_m: 1.2,
        height_m: 2.0,
    };
    const BOX: TankShape = TankShape::Rectangular {
        length_m: 3.0,
        width_m: 2.0,
        height_m: 2.0,
    };

    #[test]
    fn volumes_agree_with_published_strapping_values() {
        let known = [
            (LYING, 0.5, 1842.555),
            (LYING, 1.5, 7582.223),
            (LYING, 2.0, 9424.778),
            (BALL, 0.5, 654.498),
            (BALL, 1.5, 3534.292),
            (LYING_CAPSULE, 0.5, 2497.053),
            (LYING_CAPSULE, 2.0, 13613.568),
            (STANDING_CAPSULE, 0.5, 654.498),
            (STANDING_CAPSULE, 2.5, 6806.784),
            (STANDING_CAPSULE, 4.5, 12959.070),
            (DRUM, 1.5, 6785.840),
            (BOX, 1.5, 9000.0),
        ];
        for (shape, level_m, litres) in known {
            let got = shape.volume_l(level_m);
            assert!(
                (got - litres).abs() < 0.001,
                "{shape:?} at {level_m}: {got}"
            );
        }
    }

    #[test]
    fn a_level_found_from_its_volume_is_the_level_it_came_from() {
        for shape in [LYING, BALL, LYING_CAPSULE, STANDING_CAPSULE, DRUM, BOX] {
            for tenth in 1..10 {
                let level_m = shape.height_m() * f64::from(tenth) / 10.0;
                assert!((shape.level_m(shape.volume_l(level_m)) - level_m).abs() < 1e-6);
            }
        }
    }
}
