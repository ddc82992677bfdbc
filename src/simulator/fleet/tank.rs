//! The water in one tank, and the account of every litre that came and went.
//!
//! Owns the volume. No litre may appear or vanish: what does not fit is booked as spilled, and
//! nobody draws more than there is.

use super::band::Band;
use super::plan::TankPlan;

/// A body of water of known shape.
#[derive(Debug)]
pub(super) struct Tank {
    plan: TankPlan,
    capacity_l: f64,
    volume_l: f64,
    received_l: f64,
    drawn_l: f64,
    spilled_l: f64,
}

impl Tank {
    pub(super) fn new(plan: TankPlan) -> Self {
        let volume_l = plan.volume_at(plan.initial_level);
        Self {
            plan,
            capacity_l: plan.volume_at(1.0),
            volume_l,
            received_l: 0.0,
            drawn_l: 0.0,
            spilled_l: 0.0,
        }
    }

    /// Lets `litres` in; what is above the rim is lost.
    pub(super) fn pour(&mut self, litres: f64) {
        let kept = litres.min(self.capacity_l - self.volume_l);
        self.volume_l += kept;
        self.received_l += litres;
        self.spilled_l += litres - kept;
    }

    /// Takes up to `litres`, and tells how much came.
    pub(super) fn draw(&mut self, litres: f64) -> f64 {
        let taken = litres.min(self.volume_l);
        self.volume_l -= taken;
        self.drawn_l += taken;
        taken
    }

    /// A switch between two levels, given as shares of the full height.
    pub(super) fn switch_between(&self, low_level: f64, high_level: f64) -> Band {
        Band::new(
            self.plan.volume_at(low_level),
            self.plan.volume_at(high_level),
        )
    }

    pub(super) fn volume_l(&self) -> f64 {
        self.volume_l
    }

    /// From the sensor's face down to the water, in metres.
    pub(super) fn distance_m(&self) -> f64 {
        self.plan.sensor_height_m - self.plan.shape.level_m(self.volume_l)
    }
}

#[cfg(test)]
impl Tank {
    pub(super) fn received_l(&self) -> f64 {
        self.received_l
    }

    pub(super) fn drawn_l(&self) -> f64 {
        self.drawn_l
    }

    /// Litres gained or lost against the books; zero when the account is true.
    pub(super) fn discrepancy_l(&self) -> f64 {
        let booked = self.plan.volume_at(self.plan.initial_level) + self.received_l
            - self.drawn_l
            - self.spilled_l;
        self.volume_l - booked
    }

    pub(super) fn spilled_l(&self) -> f64 {
        self.spilled_l
    }

    pub(super) fn level_share(&self) -> f64 {
        self.plan.shape.level_m(self.volume_l) / self.plan.full_height_m
    }
}

#[cfg(test)]
mod tests {
    use super::Tank;
    use crate::simulator::fleet::plan::TankPlan;
    use crate::simulator::fleet::shape::TankShape;

    fn half_full() -> Tank {
        let shape = TankShape::Rectangular {
            length_m: 1.0,
            width_m: 1.0,
            height_m: 2.0,
        };
        Tank::new(TankPlan {
            shape,
            full_height_m: 2.0,
            sensor_height_m: 2.3,
            initial_level: 0.5,
        })
    }

    #[test]
    fn a_full_tank_spills_what_it_cannot_hold() {
        let mut tank = half_full();
        tank.pour(1500.0);
        assert_eq!((tank.volume_l(), tank.spilled_l()), (2000.0, 500.0));
    }

    #[test]
    fn nobody_draws_more_than_there_is() {
        let mut tank = half_full();
        assert_eq!(tank.draw(1200.0), 1000.0);
        assert_eq!((tank.volume_l(), tank.discrepancy_l()), (0.0, 0.0));
    }

    #[test]
    fn the_sensor_sees_the_water_from_above() {
        assert!((half_full().distance_m() - 1.3).abs() < 1e-6);
    }
}
