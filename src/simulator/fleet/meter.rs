//! A water meter on a pipe: what flows now, and a register with a last digit to roll over from.
//!
//! Owns the register. It counts every litre that passed; it never runs backwards except by wrapping.

/// A meter whose register shows litres modulo its size.
#[derive(Debug)]
pub(super) struct Meter {
    modulus_l: f64,
    /// Since manufacture, never wrapped: the truth behind the register.
    total_l: f64,
    flow_lpm: f64,
}

impl Meter {
    pub(super) fn new(modulus_l: f64, initial_l: f64) -> Self {
        Self {
            modulus_l,
            total_l: initial_l,
            flow_lpm: 0.0,
        }
    }

    /// Counts `litres` that passed in `minutes`.
    pub(super) fn pass(&mut self, litres: f64, minutes: f64) {
        self.total_l += litres;
        self.flow_lpm = litres / minutes;
    }

    pub(super) fn flow_lpm(&self) -> f64 {
        self.flow_lpm
    }

    /// The register: whole litres, below the modulus.
    pub(super) fn register_l(&self) -> f64 {
        self.total_l.floor() % self.modulus_l
    }
}

#[cfg(test)]
impl Meter {
    pub(super) fn total_l(&self) -> f64 {
        self.total_l
    }
}

#[cfg(test)]
mod tests {
    use super::Meter;

    #[test]
    fn a_register_rolls_over_at_its_modulus() {
        let mut meter = Meter::new(10_000.0, 9_990.0);
        meter.pass(9.9, 1.0);
        assert_eq!(meter.register_l(), 9_999.0);
        meter.pass(12.5, 1.0);
        assert_eq!((meter.register_l(), meter.flow_lpm()), (12.0, 12.5));
    }
}
