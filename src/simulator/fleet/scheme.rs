//! One supply scheme: wells fill a sump, pumps lift it to overhead tanks, people empty those.
//!
//! Owns the water of one scheme and moves it in fixed steps, so that its history depends on the
//! seed and the epoch alone, never on when it was looked at. Sensors and their lies live in
//! [`super::instrument`]; nothing here knows that it is being measured.

use super::band::Band;
use super::demand::{DemandCurve, local_day};
use super::meter::Meter;
use super::plan::{METERS, OVERHEAD_TANKS, OverheadPlan, SchemePlan, WELLS};
use super::random::{Dice, Purpose};
use super::tank::Tank;
use super::well::Well;

/// Integrator step: short beside every time constant here (minutes), long enough to be cheap.
pub(super) const STEP_S: i64 = 5;
pub(super) const STEP_MIN: f64 = STEP_S as f64 / 60.0;

/// Pumps start and stop at these shares of the full height of the tank they fill.
const START_LEVEL: f64 = 0.40;
const STOP_LEVEL: f64 = 0.90;

/// The transfer pumps wait while the sump is between "too low" and "worth starting again".
const SUMP_LOW_LEVEL: f64 = 0.10;
const SUMP_BACK_LEVEL: f64 = 0.25;

/// Spread of a tank's demand from day to day, and of its slow wander within one.
const DAY_SPREAD: f64 = 0.08;
const WANDER_SPREAD: f64 = 0.12;
/// The wander takes a new value every minute and forgets the old one in about ten.
const WANDER_EVERY_S: i64 = 60;
const WANDER_MEMORY: f64 = 0.9;

/// Which pipe a meter sits on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MeterSite {
    /// The collecting main from all wells into the sump.
    WellField = 0,
    /// The delivery main of the transfer pumps.
    PumpHouse = 1,
    /// The distribution pipe out of the first overhead tank.
    Outlet = 2,
}

/// What a device is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asset {
    Overhead(usize),
    Sump,
    Well(usize),
    Meter(MeterSite),
}

/// The truth at an asset, before any sensor has had its say.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sight {
    Tank {
        distance_m: f64,
        filling: bool,
    },
    Flow {
        flow_lpm: f64,
        register_l: f64,
    },
    Deep {
        depth_m: f64,
        column_m: f64,
        pumping: bool,
    },
}

#[derive(Debug)]
struct Overhead {
    plan: OverheadPlan,
    tank: Tank,
    fill: Band,
    filling: bool,
    day_factor: f64,
    wander: f64,
}

/// The water of one scheme at one instant.
#[derive(Debug)]
pub(super) struct Scheme {
    at_s: i64,
    dice: Dice,
    overhead: [Overhead; OVERHEAD_TANKS],
    sump: Tank,
    sump_fill: Band,
    sump_low: Band,
    wells: [Well; WELLS],
    meters: [Meter; METERS],
}

impl Scheme {
    pub(super) fn new(seed: u64, index: usize, plan: SchemePlan, epoch_s: i64) -> Self {
        let mut dice = Dice::new(seed, Purpose::Demand, index);
        let sump = Tank::new(plan.sump);
        Self {
            // One step early: at the epoch itself pumps and meters have already seen the water.
            at_s: epoch_s - STEP_S,
            overhead: plan.overhead.map(|plan| Overhead::new(plan, &mut dice)),
            sump_fill: sump.switch_between(START_LEVEL, STOP_LEVEL),
            sump_low: sump.switch_between(SUMP_LOW_LEVEL, SUMP_BACK_LEVEL),
            sump,
            wells: plan.wells.map(Well::new),
            meters: plan
                .meters
                .map(|plan| Meter::new(plan.modulus_l, plan.initial_l)),
            dice,
        }
    }

    /// Steps until the next step would pass `now_s`.
    pub(super) fn advance_to(&mut self, now_s: i64, curve: &DemandCurve) {
        while self.at_s + STEP_S <= now_s {
            self.step(curve);
        }
    }

    pub(super) fn sight(&self, asset: Asset) -> Sight {
        match asset {
            Asset::Overhead(index) => {
                let overhead = &self.overhead[index];
                Sight::Tank {
                    distance_m: overhead.tank.distance_m(),
                    filling: overhead.filling,
                }
            }
            Asset::Sump => Sight::Tank {
                distance_m: self.sump.distance_m(),
                filling: self.wells.iter().any(Well::is_pumping),
            },
            Asset::Well(index) => {
                let well = &self.wells[index];
                Sight::Deep {
                    depth_m: well.depth_m(),
                    column_m: well.column_m(),
                    pumping: well.is_pumping(),
                }
            }
            Asset::Meter(site) => {
                let meter = &self.meters[site as usize];
                Sight::Flow {
                    flow_lpm: meter.flow_lpm(),
                    register_l: meter.register_l(),
                }
            }
        }
    }

    fn step(&mut self, curve: &DemandCurve) {
        self.vary_demand();
        self.lift();
        self.transfer();
        self.consume(curve);
        self.at_s += STEP_S;
    }

    fn vary_demand(&mut self) {
        if local_day(self.at_s) != local_day(self.at_s - STEP_S) {
            for overhead in &mut self.overhead {
                overhead.day_factor = day_factor(&mut self.dice);
            }
        }
        if self.at_s.div_euclid(WANDER_EVERY_S) != (self.at_s - STEP_S).div_euclid(WANDER_EVERY_S) {
            let push = WANDER_SPREAD * (1.0 - WANDER_MEMORY * WANDER_MEMORY).sqrt();
            for overhead in &mut self.overhead {
                overhead.wander = WANDER_MEMORY * overhead.wander + push * self.dice.bell();
            }
        }
    }

    fn lift(&mut self) {
        self.sump_fill.see(self.sump.volume_l());
        let wanted = self.sump_fill.is_on();
        let litres: f64 = self.wells.iter_mut().map(|well| well.step(wanted)).sum();
        self.sump.pour(litres);
        self.meter(MeterSite::WellField, litres);
    }

    fn transfer(&mut self) {
        let mut total_l = 0.0;
        for overhead in &mut self.overhead {
            self.sump_low.see(self.sump.volume_l());
            overhead.fill.see(overhead.tank.volume_l());
            overhead.filling = overhead.fill.is_on() && !self.sump_low.is_on();
            if overhead.filling {
                let litres = self.sump.draw(overhead.plan.fill_lpm * STEP_MIN);
                overhead.tank.pour(litres);
                total_l += litres;
            }
        }
        self.meter(MeterSite::PumpHouse, total_l);
    }

    fn consume(&mut self, curve: &DemandCurve) {
        let mut drawn_l = [0.0; OVERHEAD_TANKS];
        for (overhead, drawn_l) in self.overhead.iter_mut().zip(&mut drawn_l) {
            *drawn_l = overhead
                .tank
                .draw(overhead.demand_lpm(self.at_s, curve) * STEP_MIN);
            // A leak leaves through the tank's wall: no meter sees it.
            overhead.tank.draw(overhead.plan.leak_lpm * STEP_MIN);
        }
        self.meter(MeterSite::Outlet, drawn_l[0]);
    }

    fn meter(&mut self, site: MeterSite, litres: f64) {
        self.meters[site as usize].pass(litres, STEP_MIN);
    }
}

impl Overhead {
    fn new(plan: OverheadPlan, dice: &mut Dice) -> Self {
        let tank = Tank::new(plan.tank);
        Self {
            fill: tank.switch_between(START_LEVEL, STOP_LEVEL),
            tank,
            plan,
            filling: false,
            day_factor: day_factor(dice),
            wander: 0.0,
        }
    }

    fn demand_lpm(&self, at_s: i64, curve: &DemandCurve) -> f64 {
        let mean_lpm = self.plan.daily_demand_l / 1440.0;
        let hour = curve.at(at_s - self.plan.habit_shift_s);
        mean_lpm * hour * self.day_factor * (1.0 + self.wander)
    }
}

fn day_factor(dice: &mut Dice) -> f64 {
    1.0 + DAY_SPREAD * dice.bell()
}

#[cfg(test)]
#[path = "scheme_tests.rs"]
mod tests;
