//! The inside of a tank, in metres.

use serde::{Deserialize, Serialize};

use super::FieldError;

/// A tank, its sensor, and the heights that mean full and empty. All lengths are inside ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tank {
    /// The form of the inside.
    pub geometry: Geometry,
    /// Height of the water, above the floor, at which the tank counts as full.
    pub full_height_m: f64,
    /// Height of the ultrasonic sensor's face above the floor, where levels come as distances.
    pub sensor_height_m: Option<f64>,
    /// Distances shorter than this are a false echo or an overfull tank, never "full".
    pub blind_zone_m: f64,
    /// Height below which no water can be drawn.
    pub dead_height_m: f64,
}

/// The form of a tank's inside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "snake_case")]
pub enum Geometry {
    /// A box.
    Rectangular {
        /// Length of the floor.
        length_m: f64,
        /// Width of the floor.
        width_m: f64,
    },
    /// A cylinder that stands.
    VerticalCylinder {
        /// Inside radius.
        radius_m: f64,
    },
    /// A cylinder that lies, with flat ends.
    HorizontalCylinder {
        /// Inside radius.
        radius_m: f64,
        /// Inside length.
        length_m: f64,
    },
    /// A ball.
    Sphere {
        /// Inside radius.
        radius_m: f64,
    },
    /// A cylinder that lies, with half a ball at each end.
    HorizontalCapsule {
        /// Inside radius.
        radius_m: f64,
        /// Length of the cylinder alone.
        cylinder_m: f64,
    },
    /// A cylinder that stands, with half a ball at each end.
    VerticalCapsule {
        /// Inside radius.
        radius_m: f64,
        /// Height of the cylinder alone.
        cylinder_m: f64,
    },
    /// Volumes that were measured, for any other form; between two points the line is straight.
    Table {
        /// At least two points, rising in both height and volume, beginning at or above the floor.
        points: Vec<StrapPoint>,
    },
}

/// One line of a strapping table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StrapPoint {
    /// Height of the water.
    pub height_m: f64,
    /// What the tank then holds.
    pub volume_l: f64,
}

/// No water tank is larger; beyond it a unit was mistaken.
const MAX_LENGTH_M: f64 = 1_000.0;

/// A strapping table has a line per centimetre at the finest.
const MAX_STRAP_POINTS: usize = 1_000;

impl Tank {
    /// Everything that is wrong with it; empty when it can be used.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = self.geometry.check();
        errors.extend(length("/full_height_m", self.full_height_m));
        if let Some(height) = self.sensor_height_m {
            errors.extend(length("/sensor_height_m", height));
        }
        if !(0.0..=MAX_LENGTH_M).contains(&self.blind_zone_m) {
            errors.push(FieldError::new("/blind_zone_m", "must be from 0 to 1000"));
        }
        if !(0.0..self.full_height_m.max(f64::MIN_POSITIVE)).contains(&self.dead_height_m) {
            errors.push(FieldError::new(
                "/dead_height_m",
                "must be from 0 to below full_height_m",
            ));
        }
        let inside = self.geometry.height_m();
        if errors.is_empty() && inside.is_some_and(|inside| self.full_height_m > inside + 1e-9) {
            errors.push(FieldError::new(
                "/full_height_m",
                "is higher than the geometry",
            ));
        }
        errors
    }
}

impl Geometry {
    /// Height of the inside; `None` where the form has no top of its own.
    pub fn height_m(&self) -> Option<f64> {
        match self {
            Self::Rectangular { .. } | Self::VerticalCylinder { .. } => None,
            Self::HorizontalCylinder { radius_m, .. }
            | Self::Sphere { radius_m }
            | Self::HorizontalCapsule { radius_m, .. } => Some(2.0 * radius_m),
            Self::VerticalCapsule {
                radius_m,
                cylinder_m,
            } => Some(2.0 * radius_m + cylinder_m),
            Self::Table { points } => points.last().map(|point| point.height_m),
        }
    }

    fn check(&self) -> Vec<FieldError> {
        let lengths: &[(&str, f64)] = match self {
            Self::Rectangular { length_m, width_m } => {
                &[("length_m", *length_m), ("width_m", *width_m)]
            }
            Self::VerticalCylinder { radius_m } | Self::Sphere { radius_m } => {
                &[("radius_m", *radius_m)]
            }
            Self::HorizontalCylinder { radius_m, length_m } => {
                &[("radius_m", *radius_m), ("length_m", *length_m)]
            }
            Self::HorizontalCapsule {
                radius_m,
                cylinder_m,
            }
            | Self::VerticalCapsule {
                radius_m,
                cylinder_m,
            } => &[("radius_m", *radius_m), ("cylinder_m", *cylinder_m)],
            Self::Table { points } => return check_table(points),
        };
        let check = |(name, metres): &(&str, f64)| length(&format!("/geometry/{name}"), *metres);
        lengths.iter().filter_map(check).collect()
    }
}

fn length(pointer: &str, metres: f64) -> Option<FieldError> {
    let possible = metres > 0.0 && metres <= MAX_LENGTH_M;
    (!possible).then(|| FieldError::new(pointer, "must be above 0 and at most 1000"))
}

fn check_table(points: &[StrapPoint]) -> Vec<FieldError> {
    if !(2..=MAX_STRAP_POINTS).contains(&points.len()) {
        return vec![FieldError::new(
            "/geometry/points",
            "must have 2 to 1000 points",
        )];
    }
    let possible = |point: &StrapPoint| {
        (0.0..=MAX_LENGTH_M).contains(&point.height_m) && (0.0..=1e12).contains(&point.volume_l)
    };
    let mut errors = Vec::new();
    for (index, point) in points.iter().enumerate() {
        let rises = index == 0 || {
            let before = &points[index - 1];
            point.height_m > before.height_m && point.volume_l >= before.volume_l
        };
        if !possible(point) || !rises {
            let pointer = format!("/geometry/points/{index}");
            errors.push(FieldError::new(
                pointer,
                "must rise in height and not fall in volume",
            ));
        }
    }
    errors
}
