//! What must be known of a flow meter and of a well before their readings mean anything.

use serde::{Deserialize, Serialize};

use super::FieldError;

/// A flow meter with a totalizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meter {
    /// The total at which the register begins again at nought; `None` where unknown, and then a
    /// fall of the total stays unexplained.
    pub modulus_l: Option<f64>,
    /// The highest rate that the meter can see; faster changes of the total are refused.
    pub max_flow_lpm: f64,
    /// Whether it counts both ways, so that a negative rate is a rate.
    pub bidirectional: bool,
    /// Whether the device begins its count at nought after each restart, so that a fall to about
    /// nought is a reset rather than unexplained.
    pub resets_on_restart: bool,
}

/// A well with a probe or a depth gauge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Well {
    /// Depth of a pressure probe below ground level.
    pub probe_depth_m: Option<f64>,
    /// Depth of the pump's intake below ground level.
    pub intake_depth_m: Option<f64>,
    /// How long the pump must have stood before the level counts as static.
    pub settle_minutes: u32,
}

impl Default for Well {
    fn default() -> Self {
        Self {
            probe_depth_m: None,
            intake_depth_m: None,
            settle_minutes: 120,
        }
    }
}

/// The deepest borewells are a tenth of it.
const MAX_DEPTH_M: f64 = 10_000.0;

impl Meter {
    /// Everything that is wrong with it; empty when it can be used.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self
            .modulus_l
            .is_some_and(|modulus| !(modulus > 0.0 && modulus <= 1e15))
        {
            errors.push(FieldError::new(
                "/modulus_l",
                "must be above 0 and at most 1e15",
            ));
        }
        if !(self.max_flow_lpm > 0.0 && self.max_flow_lpm <= 1e9) {
            errors.push(FieldError::new(
                "/max_flow_lpm",
                "must be above 0 and at most 1e9",
            ));
        }
        errors
    }
}

impl Well {
    /// Everything that is wrong with it; empty when it can be used.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (pointer, depth) in [
            ("/probe_depth_m", self.probe_depth_m),
            ("/intake_depth_m", self.intake_depth_m),
        ] {
            if depth.is_some_and(|depth| !(depth > 0.0 && depth <= MAX_DEPTH_M)) {
                errors.push(FieldError::new(
                    pointer,
                    "must be above 0 and at most 10000",
                ));
            }
        }
        if !(10..=1_440).contains(&self.settle_minutes) {
            errors.push(FieldError::new(
                "/settle_minutes",
                "must be from 10 to 1440",
            ));
        }
        errors
    }
}
