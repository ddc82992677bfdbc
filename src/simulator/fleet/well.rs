//! One borewell: an aquifer at rest, a pump that draws it down, and the time it takes to recover.
//!
//! Owns the drawdown. The pump must never run with the water at its intake: a dry-run guard stops
//! it and lets it back only after recovery.

use super::band::Band;
use super::plan::WellPlan;
use super::scheme::{STEP_MIN, STEP_S};

/// First-order response while pumping; fast, as in fractured rock.
const DRAWDOWN_TAU_S: f64 = 20.0 * 60.0;
/// Recovery is slower: the cone of depression refills from far away.
const RECOVERY_TAU_S: f64 = 45.0 * 60.0;

/// Head the pump loses in yield per metre of drawdown.
const YIELD_LOSS_PER_M: f64 = 0.008;

/// Water left over the intake when the guard stops the pump, and when it lets it start again.
const DRY_STOP_M: f64 = 1.0;
const DRY_RESTART_M: f64 = 3.0;

/// A well and its pump.
#[derive(Debug)]
pub(super) struct Well {
    plan: WellPlan,
    drawdown_m: f64,
    dry: Band,
    pumping: bool,
    /// Share of the remaining distance covered in one step, pumping and resting.
    fall: f64,
    rise: f64,
}

impl Well {
    pub(super) fn new(plan: WellPlan) -> Self {
        let share = |tau_s: f64| 1.0 - (-(STEP_S as f64) / tau_s).exp();
        Self {
            plan,
            drawdown_m: 0.0,
            dry: Band::new(DRY_STOP_M, DRY_RESTART_M),
            pumping: false,
            fall: share(DRAWDOWN_TAU_S),
            rise: share(RECOVERY_TAU_S),
        }
    }

    /// Lives one step with the pump wanted or not; tells how many litres came up.
    pub(super) fn step(&mut self, wanted: bool) -> f64 {
        self.dry.see(self.plan.pump_intake_m - self.depth_m());
        self.pumping = wanted && !self.dry.is_on();
        let flow_lpm = if self.pumping {
            self.plan.pump_lpm * (1.0 - YIELD_LOSS_PER_M * self.drawdown_m).max(0.0)
        } else {
            0.0
        };
        let share = if self.pumping { self.fall } else { self.rise };
        self.drawdown_m += (self.plan.drawdown_at(flow_lpm) - self.drawdown_m) * share;
        flow_lpm * STEP_MIN
    }

    /// Depth to water below ground, in metres.
    pub(super) fn depth_m(&self) -> f64 {
        self.plan.static_depth_m + self.drawdown_m
    }

    /// Water above the pressure probe, in metres.
    pub(super) fn column_m(&self) -> f64 {
        self.plan.probe_depth_m - self.depth_m()
    }

    pub(super) fn is_pumping(&self) -> bool {
        self.pumping
    }
}

#[cfg(test)]
mod tests {
    use super::{RECOVERY_TAU_S, STEP_S, Well};
    use crate::simulator::fleet::plan::WellPlan;

    fn well(pump_intake_m: f64) -> Well {
        Well::new(WellPlan {
            static_depth_m: 30.0,
            pump_intake_m,
            probe_depth_m: pump_intake_m + 3.0,
            ground_elevation_m: 540.0,
            pump_lpm: 90.0,
            aquifer_loss: 0.08,
            well_loss: 0.000_3,
        })
    }

    fn run(well: &mut Well, hours: f64, wanted: bool) -> f64 {
        let steps = (hours * 3600.0) as i64 / STEP_S;
        (0..steps).map(|_| well.step(wanted)).sum()
    }

    #[test]
    fn pumping_draws_the_water_down_to_a_steady_level() {
        let mut well = well(80.0);
        run(&mut well, 3.0, true);
        let settled = well.depth_m();
        run(&mut well, 1.0, true);
        assert!(settled > 35.0, "{settled}");
        assert!((well.depth_m() - settled).abs() < 0.02);
    }

    #[test]
    fn a_resting_well_recovers_by_the_same_share_in_every_hour() {
        let mut well = well(80.0);
        run(&mut well, 3.0, true);
        let mut residuals = vec![well.depth_m() - 30.0];
        for _ in 0..3 {
            run(&mut well, 1.0, false);
            residuals.push(well.depth_m() - 30.0);
        }
        let hourly = (-3600.0 / RECOVERY_TAU_S).exp();
        assert!(
            residuals
                .windows(2)
                .all(|pair| (pair[1] / pair[0] - hourly).abs() < 1e-6)
        );
    }

    #[test]
    fn a_weak_well_stops_before_its_pump_runs_dry() {
        let mut well = well(35.0);
        let mut stopped = false;
        for _ in 0..(6 * 3600 / STEP_S) {
            well.step(true);
            stopped |= !well.is_pumping();
            assert!(well.depth_m() < 35.0);
        }
        assert!(stopped);
    }
}
