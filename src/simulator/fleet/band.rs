//! A switch with two thresholds, as on every float switch and level relay.
//!
//! Holds one bit. It must never change while the value is between the thresholds.

/// On from the moment the value is at or below `low`, until it is at or above `high`.
#[derive(Debug, Clone)]
pub(super) struct Band {
    low: f64,
    high: f64,
    on: bool,
}

impl Band {
    pub(super) fn new(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            on: false,
        }
    }

    pub(super) fn see(&mut self, value: f64) {
        if value <= self.low {
            self.on = true;
        } else if value >= self.high {
            self.on = false;
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.on
    }
}

#[cfg(test)]
mod tests {
    use super::Band;

    #[test]
    fn a_band_keeps_its_mind_between_the_thresholds() {
        let mut band = Band::new(40.0, 90.0);
        let seen: Vec<bool> = [60.0, 40.0, 60.0, 89.9, 90.0, 60.0, 39.0]
            .into_iter()
            .map(|value| {
                band.see(value);
                band.is_on()
            })
            .collect();
        assert_eq!(seen, [false, true, true, true, false, false, true]);
    }
}
