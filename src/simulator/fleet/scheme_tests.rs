//! The laws of a scheme's water, over whole days of it.

use super::{Asset, MeterSite, STEP_S, Scheme, Sight};
use crate::simulator::fleet::SECONDS_PER_DAY;
use crate::simulator::fleet::demand::DemandCurve;
use crate::simulator::fleet::plan::SchemePlan;
use crate::simulator::fleet::tank::Tank;

/// Local midnight (UTC+5:30) of a day in 2025.
const MIDNIGHT_S: i64 = 1_760_034_600;

/// Rounding of some ten thousand additions, far below a drop.
const DROP_L: f64 = 1e-4;

fn scheme(index: usize) -> Scheme {
    scheme_of(42, index)
}

fn scheme_of(seed: u64, index: usize) -> Scheme {
    Scheme::new(seed, index, SchemePlan::draw(seed, index), MIDNIGHT_S)
}

/// Runs a day, showing the scheme after every step.
fn live_a_day(scheme: &mut Scheme, mut watch: impl FnMut(&Scheme)) {
    let curve = DemandCurve::campus();
    for _ in 0..SECONDS_PER_DAY / STEP_S {
        scheme.step(&curve);
        watch(scheme);
    }
}

fn stored_l(scheme: &Scheme) -> f64 {
    scheme.sump.volume_l()
        + scheme
            .overhead
            .iter()
            .map(|o| o.tank.volume_l())
            .sum::<f64>()
}

#[test]
fn every_tank_holds_what_came_in_less_what_went_out() {
    let mut scheme = scheme(0);
    live_a_day(&mut scheme, |scheme| {
        let tanks = scheme
            .overhead
            .iter()
            .map(|o| &o.tank)
            .chain([&scheme.sump]);
        assert!(
            tanks
                .map(Tank::discrepancy_l)
                .all(|litres| litres.abs() < DROP_L)
        );
    });
}

#[test]
fn a_scheme_gains_what_its_wells_give_less_what_its_people_take() {
    let mut scheme = scheme(0);
    let before_l = stored_l(&scheme);
    live_a_day(&mut scheme, |_| {});
    let given_l = scheme.sump.received_l();
    let taken_l: f64 = scheme.overhead.iter().map(|o| o.tank.drawn_l()).sum();
    assert!(
        given_l > 50_000.0 && taken_l > 50_000.0,
        "given {given_l}, taken {taken_l}"
    );
    assert!((stored_l(&scheme) - before_l - given_l + taken_l).abs() < DROP_L);
}

#[test]
fn what_leaves_the_sump_is_what_reaches_the_tanks_and_what_the_meter_counts() {
    let mut scheme = scheme(1);
    let before_l = scheme.meters[MeterSite::PumpHouse as usize].total_l();
    live_a_day(&mut scheme, |_| {});
    let left_l = scheme.sump.drawn_l();
    let reached_l: f64 = scheme.overhead.iter().map(|o| o.tank.received_l()).sum();
    let counted_l = scheme.meters[MeterSite::PumpHouse as usize].total_l() - before_l;
    assert!((left_l - reached_l).abs() < DROP_L && (left_l - counted_l).abs() < DROP_L);
}

#[test]
fn nothing_overflows_and_nothing_runs_dry_whatever_the_seed() {
    for seed in 0..20 {
        let mut scheme = scheme_of(seed, (seed % 2) as usize);
        for _ in 0..3 {
            live_a_day(&mut scheme, |scheme| {
                for tank in scheme
                    .overhead
                    .iter()
                    .map(|o| &o.tank)
                    .chain([&scheme.sump])
                {
                    assert!(
                        tank.spilled_l() == 0.0 && tank.volume_l() > 0.0,
                        "seed {seed}"
                    );
                }
            });
        }
    }
}

#[test]
fn a_tank_calls_for_water_at_forty_percent_until_it_has_ninety() {
    let mut scheme = scheme(0);
    let mut was = vec![(false, 1.0); scheme.overhead.len()];
    let (mut starts, mut stops) = (0, 0);
    live_a_day(&mut scheme, |scheme| {
        for (overhead, (called, level_when_decided)) in scheme.overhead.iter().zip(&mut was) {
            match (*called, overhead.fill.is_on()) {
                (false, true) => {
                    starts += 1;
                    assert!(*level_when_decided < 0.40 + 1e-6, "{level_when_decided}");
                }
                (true, false) => {
                    stops += 1;
                    assert!(*level_when_decided > 0.90 - 1e-6, "{level_when_decided}");
                }
                (true, true) | (false, false) => {}
            }
            assert!(!overhead.filling || overhead.fill.is_on());
            (*called, *level_when_decided) = (overhead.fill.is_on(), overhead.tank.level_share());
        }
    });
    assert!(starts >= 5 && stops >= 5, "{starts} starts, {stops} stops");
}

#[test]
fn every_level_stays_in_its_band_once_it_has_been_there() {
    let mut scheme = scheme(1);
    live_a_day(&mut scheme, |scheme| {
        for overhead in &scheme.overhead {
            let level = overhead.tank.level_share();
            assert!(level < 0.92, "{level}");
            assert!(
                level > 0.38 || scheme.sump_low.is_on() || overhead.filling,
                "{level}"
            );
        }
    });
}

#[test]
fn the_outlet_draws_most_in_the_morning_and_least_at_night() {
    let mut scheme = scheme(0);
    let mut hourly_l = [0.0; 24];
    let mut last_l = scheme.meters[MeterSite::Outlet as usize].total_l();
    live_a_day(&mut scheme, |scheme| {
        let hour = (scheme.at_s - STEP_S - MIDNIGHT_S) / 3600;
        let total_l = scheme.meters[MeterSite::Outlet as usize].total_l();
        hourly_l[hour as usize] += total_l - last_l;
        last_l = total_l;
    });
    let morning = hourly_l[5..9].iter().sum::<f64>();
    let evening = hourly_l[17..21].iter().sum::<f64>();
    let night = hourly_l[0..4].iter().sum::<f64>();
    assert!(
        morning > evening && evening > 5.0 * night,
        "{morning} {evening} {night}"
    );
}

#[test]
fn only_the_leaking_tank_falls_noticeably_at_night() {
    let mut scheme = scheme(0);
    let drawn = |scheme: &Scheme| scheme.overhead.each_ref().map(|o| o.tank.drawn_l());
    let (mut at_one, mut at_four) = ([0.0; 5], [0.0; 5]);
    live_a_day(&mut scheme, |scheme| match scheme.at_s - MIDNIGHT_S {
        3_600 => at_one = drawn(scheme),
        14_400 => at_four = drawn(scheme),
        _ => {}
    });
    let shares: Vec<f64> = (0..5)
        .map(|i| (at_four[i] - at_one[i]) / scheme.overhead[i].plan.tank.volume_at(1.0))
        .collect();
    assert!(shares[1] > 0.12, "{shares:?}");
    assert!(
        (0..5).filter(|i| *i != 1).all(|i| shares[i] < 0.05),
        "{shares:?}"
    );
}

#[test]
fn wells_fall_while_pumping_and_rise_while_resting() {
    let mut scheme = scheme(1);
    let mut was = None;
    let (mut fell, mut rose) = (0, 0);
    live_a_day(&mut scheme, |scheme| {
        let Sight::Deep {
            depth_m, pumping, ..
        } = scheme.sight(Asset::Well(0))
        else {
            panic!("a well is deep");
        };
        if let Some(before_m) = was {
            assert!(pumping || depth_m <= before_m);
            fell += u32::from(pumping && depth_m > before_m);
            rose += u32::from(!pumping && depth_m < before_m);
        }
        was = Some(depth_m);
    });
    assert!(fell > 500 && rose > 500, "fell {fell}, rose {rose}");
}
