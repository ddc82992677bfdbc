//! What follows from the current values, by kind of node.
//!
//! Rests on values that are believed: a spike is passed over in favour of the reading before it, and a
//! reading that cannot be true leaves the derived value null rather than wrong.

use std::time::Duration;

use super::{Derived, Property, Twin, judge};
use crate::domain::{
    Kind, Meter, Metric, Reason, Sample, StatusState, Tank, Timestamp, Verdict, Well,
};
use crate::water::{self, Delta, WellPoint};

/// A shorter stretch is noise: one centimetre on six square metres is sixty litres.
const SHORTEST_TREND: Duration = Duration::from_secs(600);

/// A longer stretch mixes what happens now with what happened before.
const LONGEST_TREND: Duration = Duration::from_secs(1_200);

/// As many as any kind of node has.
const MOST: usize = 8;

pub(super) fn derived(twin: &Twin) -> Vec<Derived> {
    let mut all = Vec::with_capacity(MOST);
    tell(twin, &mut |derived| all.push(derived));
    all
}

/// Tells the derived values one by one: at each reading only some are kept, and briefly.
fn tell(twin: &Twin, told: &mut impl FnMut(Derived)) {
    let config = &twin.spec.config;
    match (twin.spec.kind, &config.tank, &config.meter) {
        (Kind::Tank, Some(tank), _) => of_tank(twin, tank, told),
        (Kind::Flow, _, Some(meter)) => of_meter(twin, meter, told),
        (Kind::Deep, ..) => match &config.well {
            Some(well) => of_well(twin, well, told),
            None => of_well(twin, &Well::default(), told),
        },
        (Kind::Tank, None, _) | (Kind::Flow, _, None) | (Kind::Generic, ..) => {}
    }
}

impl Twin {
    /// The derived numbers that belong into the history beside a sample: those of its own instant.
    pub(super) fn derived_from(&self, sample: &Sample) -> Vec<(&'static str, f64)> {
        const KEPT: &[&str] = &[
            "level_pct",
            "volume_l",
            "rate_lpm",
            "volume_today_l",
            "depth_to_water_m",
            "drawdown_m",
        ];
        let mut kept = Vec::new();
        tell(self, &mut |derived| {
            let of_sample = derived.source_at == sample.source_at;
            if let Some(number) = derived.number.filter(|_| of_sample)
                && KEPT.contains(&derived.name)
            {
                kept.push((derived.name, number));
            }
        });
        kept
    }
}

/// What one derived value rests on.
#[derive(Clone, Copy)]
struct Basis {
    verdict: Verdict,
    source_at: Timestamp,
}

impl Basis {
    /// The believed number of a metric, if there is one, and what to say of values that rest on it.
    fn of(twin: &Twin, property: &Property) -> (Self, Option<f64>) {
        match judge::accepted(twin, property) {
            Some((source_at, number, verdict)) => (Self { verdict, source_at }, Some(number)),
            None => (
                Self {
                    verdict: property.verdict,
                    source_at: property.source_at,
                },
                None,
            ),
        }
    }

    fn doubted(self, reason: Reason) -> Self {
        Self {
            verdict: self.verdict.worse(Verdict::suspect(reason)),
            ..self
        }
    }

    fn value(self, name: &'static str, unit: &'static str, number: Option<f64>) -> Derived {
        let Self { verdict, source_at } = self;
        Derived {
            name,
            unit,
            number: number.filter(|n| n.is_finite()),
            verdict,
            source_at,
        }
    }
}

/// The height of the water that a reading stands for; `None` where it stands for none.
pub(super) fn height_m(tank: &Tank, metric: &Metric, number: f64) -> Option<f64> {
    if *metric == Metric::LevelCm {
        return Some((number / 100.0).clamp(0.0, tank.full_height_m));
    }
    water::level_m(tank, number, None)
}

/// The newest of two metrics that tell the same.
fn newer<'a>(twin: &'a Twin, one: &Metric, other: &Metric) -> Option<&'a Property> {
    let (one, other) = (twin.property(one), twin.property(other));
    match (one, other) {
        (Some(a), Some(b)) => Some(if b.source_at > a.source_at { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// The reading that tells how full a tank is, what it is worth, and the height that it stands for.
fn surface<'a>(twin: &'a Twin, tank: &Tank) -> Option<(&'a Property, Basis, Option<f64>)> {
    let level = newer(twin, &Metric::LevelCm, &Metric::DistanceCm)?;
    let (basis, number) = Basis::of(twin, level);
    let height = number.and_then(|number| height_m(tank, &level.metric, number));
    Some((level, basis, height))
}

/// What a tank holds and could hold, in litres: the `volume_l` and `capacity_l` of [`derived`], without
/// the trends, which cost many times as much.
pub(super) fn stored(twin: &Twin) -> Option<(f64, f64)> {
    let tank = twin.spec.config.tank.as_ref();
    let tank = tank.filter(|_| twin.spec.kind == Kind::Tank)?;
    let (.., height) = surface(twin, tank)?;
    let state = water::tank_state(tank, height?);
    let finite = state.volume_l.is_finite() && state.capacity_l.is_finite();
    finite.then_some((state.volume_l, state.capacity_l))
}

fn of_tank(twin: &Twin, tank: &Tank, told: &mut impl FnMut(Derived)) {
    let Some((level, basis, height)) = surface(twin, tank) else {
        return;
    };
    let state = height.map(|height| water::tank_state(tank, height));
    let rate = height.and_then(|height| tank_rate_lpm(twin, tank, &level.metric, height));
    let both = state.zip(rate).filter(|_| !is_silent(twin));
    let to_empty = both.and_then(|(s, rate)| water::time_to(s.volume_l - s.dead_l, -rate));
    let to_full = both.and_then(|(s, rate)| water::time_to(s.capacity_l - s.volume_l, rate));
    told(basis.value("level_m", "m", state.map(|s| s.level_m)));
    told(basis.value("level_pct", "%", state.map(|s| s.level_pct)));
    told(basis.value("volume_l", "L", state.map(|s| s.volume_l)));
    told(basis.value("volume_pct", "%", state.map(|s| s.volume_pct)));
    told(basis.value("capacity_l", "L", state.map(|s| s.capacity_l)));
    told(basis.value("net_rate_lpm", "L/min", rate));
    told(basis.value("time_to_empty_s", "s", to_empty));
    told(basis.value("time_to_full_s", "s", to_full));
}

/// Whether a forecast would begin in the past.
fn is_silent(twin: &Twin) -> bool {
    matches!(twin.status.state, StatusState::Late | StatusState::Offline)
}

/// When the pump was last switched, as far as the window tells: a trend must not reach across that.
fn switched_at(twin: &Twin) -> Timestamp {
    let mut switched = Timestamp::MIN;
    let mut ran = None;
    for (at, number) in twin.window.points(&Metric::Pump) {
        let runs = number != 0.0;
        if ran.is_some_and(|ran| ran != runs) {
            switched = at;
        }
        ran = Some(runs);
    }
    switched
}

/// How far above and below its height the water's surface is measured.
const SURFACE_STEP_M: f64 = 0.01;

/// How fast the volume changes: the slope of the level times the area of the water's surface, so that
/// the form is asked twice and not once a point. 0 where the change is within the noise.
fn tank_rate_lpm(twin: &Twin, tank: &Tank, metric: &Metric, height: f64) -> Option<f64> {
    let longest = twin.window.newest()?.at.minus(LONGEST_TREND);
    let oldest = longest.max(switched_at(twin));
    let heights = twin
        .window
        .points(metric)
        .filter(|(at, _)| *at >= oldest)
        .filter_map(|(at, number)| Some((at, height_m(tank, metric, number)?)));
    let metres_per_minute = water::net_rate(heights, SHORTEST_TREND)?;
    let (low, high) = (height - SURFACE_STEP_M, height + SURFACE_STEP_M);
    let (low, high) = (low.max(0.0), high.min(tank.full_height_m));
    let slice_m3 = water::volume_m3(&tank.geometry, high) - water::volume_m3(&tank.geometry, low);
    Some(metres_per_minute * slice_m3 / (high - low) * 1_000.0)
}

fn of_meter(twin: &Twin, meter: &Meter, told: &mut impl FnMut(Derived)) {
    let total = twin.property(&Metric::TotalL);
    let reported = twin.property(&Metric::FlowLpm);
    if let Some(rate) = reported {
        let (basis, number) = Basis::of(twin, rate);
        told(basis.value("rate_lpm", "L/min", number));
    }
    let Some(total) = total else { return };
    let delta = newest_delta(twin, meter);
    let (basis, _) = Basis::of(twin, total);
    let basis = match delta {
        Some((_, Delta::TooFast | Delta::Unexplained)) => basis.doubted(Reason::Unexplained),
        _ => basis,
    };
    let litres = delta.and_then(|(_, delta)| delta.litres());
    if reported.is_none() {
        let minutes = delta.map(|(span, _)| span.as_secs_f64() / 60.0);
        let rate = litres
            .zip(minutes)
            .map(|(litres, minutes)| litres / minutes);
        told(basis.value("rate_lpm", "L/min", rate));
    }
    told(basis.value("delta_l", "L", litres));
    if let Some((litres, doubt)) = volume_today(twin, meter) {
        let basis = doubt.map_or(basis, |reason| basis.doubted(reason));
        told(basis.value("volume_today_l", "L", Some(litres)));
    }
}

/// What the newest two readings of the register say, and the time between them.
fn newest_delta(twin: &Twin, meter: &Meter) -> Option<(Duration, Delta)> {
    let mut newest_first = twin.window.points(&Metric::TotalL).rev();
    let (next, prev) = (newest_first.next()?, newest_first.next()?);
    Some((next.0.since(prev.0), water::classify(prev, next, meter)))
}

/// Litres since the community's midnight, and why they may not be all: a stretch that could not be
/// accounted for, or one without readings, such as before the node was first heard of.
fn volume_today(twin: &Twin, meter: &Meter) -> Option<(f64, Option<Reason>)> {
    let day = twin.today.as_ref()?.day();
    let slots = twin.slots_of(&Metric::TotalL)?;
    let volume = slots.passed(day, meter);
    let passed = twin.window.newest()?.at.since(day.start);
    let doubt = if volume.refused > 0 {
        Some(Reason::Unexplained)
    } else {
        let uncovered = passed.saturating_sub(volume.covered);
        (uncovered > twin.interval.mul_f64(twin.spec.config.offline_after)).then_some(Reason::Gap)
    };
    Some((volume.litres, doubt))
}

fn of_well(twin: &Twin, well: &Well, told: &mut impl FnMut(Derived)) {
    let Some(depth) = newer(twin, &Metric::DepthM, &Metric::PressureKpa) else {
        return;
    };
    let (basis, number) = Basis::of(twin, depth);
    let depth_m = number.and_then(|number| to_depth_m(well, &depth.metric, number));
    let points = well_points(twin, well, &depth.metric);
    let state = water::well_state(&points, well);
    let column = well.intake_depth_m.zip(state.static_level_m);
    let available_m = column.map(|(intake, level)| intake - level);
    told(basis.value("depth_to_water_m", "m", depth_m));
    told(basis.value("static_level_m", "m", state.static_level_m));
    told(basis.value("pumping_level_m", "m", state.pumping_level_m));
    told(basis.value("drawdown_m", "m", state.drawdown_m));
    told(basis.value("available_column_m", "m", available_m));
}

fn to_depth_m(well: &Well, metric: &Metric, number: f64) -> Option<f64> {
    if *metric == Metric::PressureKpa {
        return Some(water::depth_from_pressure(well.probe_depth_m?, number));
    }
    Some(number)
}

/// A day of depths, each with what the pump did in the same quarter of an hour.
fn well_points(twin: &Twin, well: &Well, metric: &Metric) -> Vec<WellPoint> {
    let Some(depths) = twin.slots_of(metric) else {
        return Vec::new();
    };
    let mut pump = twin
        .slots_of(&Metric::Pump)
        .map(|slots| slots.iter().peekable());
    let mut points = Vec::with_capacity(depths.len());
    for slot in depths.iter() {
        let Some(depth_m) = to_depth_m(well, metric, slot.number) else {
            continue;
        };
        let pumping = pump.as_mut().and_then(|pump| {
            while pump
                .next_if(|earlier| earlier.index() < slot.index())
                .is_some()
            {}
            pump.peek()
                .filter(|same| same.index() == slot.index())
                .map(|same| same.number != 0.0)
        });
        points.push(WellPoint {
            at: slot.at,
            depth_m,
            pumping,
        });
    }
    points
}
