//! The levels of a well, in metres below ground: standing, pumped, and between the two.
//!
//! A level that has not settled is none: a well in recovery has no static level yet.

use std::time::Duration;

use super::regression::{Fit, slope};
use crate::domain::{Timestamp, Well};

/// Pressure of a metre of water.
const KPA_PER_M: f64 = 9.80665;

/// Water that moves by a centimetre in ten minutes has not settled.
const SETTLED_M_PER_S: f64 = 0.01 / 600.0;

/// What the settling is judged by: the last hour of a stretch, which holds several points even where
/// one a quarter of an hour is kept.
const JUDGED_BY: Duration = Duration::from_secs(3_600);

/// Over less than this a centimetre of noise looks like a slope.
const MIN_JUDGED: Duration = Duration::from_secs(1_800);

/// A line through a fall and the recovery from it is level, too, but its points are not near it.
const RESTLESS_M: f64 = 0.10;

/// One depth of the water, and what the pump did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WellPoint {
    /// When.
    pub at: Timestamp,
    /// Metres below ground level.
    pub depth_m: f64,
    /// Whether the pump ran; `None` where nothing was said, and then what was said last holds.
    pub pumping: Option<bool>,
}

/// The levels of a well; `None` for what the readings do not establish.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WellState {
    /// Depth of the water at rest, below ground level.
    pub static_level_m: Option<f64>,
    /// Depth of the water once it no longer falls under pumping, below ground level.
    pub pumping_level_m: Option<f64>,
    /// How far below the static level the water is while the pump runs, or was when it last ran.
    pub drawdown_m: Option<f64>,
    /// Whether the pump runs.
    pub pumping: Option<bool>,
}

/// Depth to water below ground level, in metres, by the gauge pressure on a probe hung at
/// `probe_depth_m`.
pub fn depth_from_pressure(probe_depth_m: f64, kpa: f64) -> f64 {
    probe_depth_m - kpa / KPA_PER_M
}

/// What `slots`, oldest first, establish about `well`.
///
/// The static level is that of the latest stretch in which the pump stood for `settle_minutes` and the
/// water came to rest; the pumping level, that of the latest in which the pump ran and the water came to
/// rest. Where nothing is said of a pump, the static level is the highest at which the water rested for
/// `settle_minutes`: it rests under steady pumping too, but never higher than when nobody pumps.
pub fn well_state(slots: &[WellPoint], well: &Well) -> WellState {
    let settle = Duration::from_secs(u64::from(well.settle_minutes) * 60);
    let mut state = WellState::default();
    let mut start = 0;
    for (index, slot) in slots.iter().enumerate() {
        let said = slot.pumping.or(state.pumping);
        if said != state.pumping {
            end_run(&mut state, &slots[start..index], settle);
            state.pumping = said;
            start = index;
        }
    }
    end_run(&mut state, &slots[start..], settle);
    if state.pumping.is_none() {
        state.static_level_m = highest_rest(slots, settle);
    }
    state.drawdown_m = drawdown_m(&state, slots.last());
    state
}

/// Takes from a stretch of one pumping state the level that it establishes, if any.
fn end_run(state: &mut WellState, run: &[WellPoint], settle: Duration) {
    match state.pumping {
        Some(true) => state.pumping_level_m = rest_m(last_hour(run)).or(state.pumping_level_m),
        Some(false) if span(run) >= settle => {
            state.static_level_m = rest_m(last_hour(run)).or(state.static_level_m);
        }
        Some(false) | None => {}
    }
}

fn drawdown_m(state: &WellState, newest: Option<&WellPoint>) -> Option<f64> {
    let lowered_m = match state.pumping {
        Some(false) => state.pumping_level_m?,
        Some(true) | None => newest?.depth_m,
    };
    Some((lowered_m - state.static_level_m?).max(0.0))
}

/// The smallest depth at which the water rested for `settle`.
fn highest_rest(slots: &[WellPoint], settle: Duration) -> Option<f64> {
    let mut start = 0;
    let mut highest: Option<f64> = None;
    for end in 0..slots.len() {
        while start < end && span(&slots[start + 1..=end]) >= settle {
            start += 1;
        }
        let stretch = &slots[start..=end];
        if span(stretch) >= settle
            && let Some(depth_m) = rest_m(stretch)
        {
            highest = Some(highest.map_or(depth_m, |highest| highest.min(depth_m)));
        }
    }
    highest
}

/// The depth at the end of a stretch in which the water was at rest.
fn rest_m(stretch: &[WellPoint]) -> Option<f64> {
    let fit = slope(stretch.iter().map(|slot| (slot.at, slot.depth_m)))?;
    is_rest(&fit).then_some(fit.newest)
}

fn is_rest(fit: &Fit) -> bool {
    fit.span >= MIN_JUDGED
        && fit.per_second.abs() < SETTLED_M_PER_S
        && fit.residual_error < RESTLESS_M
}

fn last_hour(run: &[WellPoint]) -> &[WellPoint] {
    let Some(newest) = run.last() else {
        return run;
    };
    let early = run.partition_point(|slot| newest.at.since(slot.at) > JUDGED_BY);
    &run[early..]
}

fn span(run: &[WellPoint]) -> Duration {
    match run {
        [first, .., last] => last.at.since(first.at),
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Well {
        Well {
            probe_depth_m: Some(60.0),
            ..Well::default()
        }
    }

    /// A point a quarter of an hour, at the depths that `depth_m` gives.
    fn quarters(
        from: i64,
        count: i64,
        pumping: Option<bool>,
        depth_m: impl Fn(i64) -> f64,
    ) -> Vec<WellPoint> {
        let point = |index| WellPoint {
            at: Timestamp::from_secs(900 * (from + index)),
            depth_m: depth_m(index),
            pumping,
        };
        (0..count).map(point).collect()
    }

    #[test]
    fn a_probe_hangs_below_the_water_by_its_pressure() {
        let depth = depth_from_pressure(60.0, 196.133);
        assert!((depth - 40.0).abs() < 1e-9);
    }

    #[test]
    fn a_rested_well_has_its_static_level() {
        let state = well_state(&quarters(0, 9, Some(false), |_| 20.0), &well());
        assert_eq!(state.static_level_m, Some(20.0));
        assert_eq!(state.pumping, Some(false));
        assert_eq!((state.pumping_level_m, state.drawdown_m), (None, None));
    }

    #[test]
    fn a_well_that_rested_too_briefly_or_still_recovers_has_none() {
        let brief = quarters(0, 8, Some(false), |_| 20.0);
        assert_eq!(well_state(&brief, &well()).static_level_m, None);
        let recovering = quarters(0, 12, Some(false), |i| 25.0 - 0.02 * i as f64);
        assert_eq!(well_state(&recovering, &well()).static_level_m, None);
    }

    #[test]
    fn drawdown_is_known_at_once_and_the_pumping_level_once_it_settles() {
        let mut slots = quarters(0, 12, Some(false), |_| 20.0);
        slots.extend(quarters(12, 3, Some(true), |i| 22.0 + 2.0 * i as f64));
        let falling = well_state(&slots, &well());
        assert_eq!(falling.pumping_level_m, None);
        assert_eq!(falling.drawdown_m, Some(6.0));
        slots.extend(quarters(15, 6, Some(true), |_| 27.0));
        let settled = well_state(&slots, &well());
        assert_eq!(settled.static_level_m, Some(20.0));
        assert_eq!(settled.pumping_level_m, Some(27.0));
        assert_eq!(settled.drawdown_m, Some(7.0));
        slots.extend(quarters(21, 2, Some(false), |_| 23.0));
        let recovering = well_state(&slots, &well());
        assert_eq!(recovering.static_level_m, Some(20.0));
        assert_eq!(recovering.drawdown_m, Some(7.0));
        assert_eq!(recovering.pumping, Some(false));
    }

    #[test]
    fn what_was_said_of_the_pump_holds_until_it_is_said_again() {
        let mut slots = quarters(0, 1, Some(false), |_| 20.0);
        slots.extend(quarters(1, 10, None, |_| 20.0));
        assert_eq!(well_state(&slots, &well()).static_level_m, Some(20.0));
    }

    #[test]
    fn without_a_pump_signal_the_highest_rest_is_the_static_level() {
        let mut slots = quarters(0, 10, None, |_| 20.0);
        slots.extend(quarters(10, 4, None, |i| 20.0 + 2.0 * i as f64));
        slots.extend(quarters(14, 12, None, |_| 27.0));
        let state = well_state(&slots, &well());
        assert_eq!(state.static_level_m, Some(20.0));
        assert_eq!(state.drawdown_m, Some(7.0));
        assert_eq!(state.pumping, None);
    }

    #[test]
    fn a_fall_with_its_recovery_is_no_rest() {
        let dip = quarters(0, 9, None, |i| 24.0 - (i - 4).abs() as f64);
        assert_eq!(well_state(&dip, &well()).static_level_m, None);
    }

    #[test]
    fn nothing_is_known_of_a_well_without_readings() {
        assert_eq!(well_state(&[], &well()), WellState::default());
    }
}
