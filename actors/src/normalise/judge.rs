//! The judgement of a value in itself: what the sensor cannot say, and what is not likely.

use crate::domain::{Metric, NodeSpec, Reason, Verdict};

const CM_PER_M: f64 = 100.0;

/// Judges `number`, in the unit of `metric`, without its neighbours.
///
/// Bad outside of the limits' `fail`, or where the node has none, of what such a sensor can say at all.
/// Suspect outside of the limits' `suspect`, for a distance within the tank's blind zone, and for a flow
/// above the meter's greatest.
pub fn judge(spec: &NodeSpec, metric: &Metric, number: f64) -> Verdict {
    let limits = spec.config.limits.get(metric);
    let possible = limits
        .and_then(|limits| limits.fail)
        .unwrap_or_else(|| possible(spec, metric));
    if !number.is_finite() || !within(possible, number) {
        return Verdict::bad(Reason::Range);
    }
    let likely = limits.and_then(|limits| limits.suspect);
    if likely.is_some_and(|likely| !within(likely, number)) || is_unlikely(spec, metric, number) {
        return Verdict::suspect(Reason::Range);
    }
    Verdict::GOOD
}

fn within((low, high): (f64, f64), number: f64) -> bool {
    (low..=high).contains(&number)
}

/// What a sensor of the metric can say at all; wide, and meant for error codes and mistaken units.
fn possible(spec: &NodeSpec, metric: &Metric) -> (f64, f64) {
    let meter = spec.config.meter.as_ref();
    let one_way = meter.is_some_and(|meter| !meter.bidirectional);
    match metric {
        // The longest ranges of ultrasound and radar over water are 30 m; no echo is often 9999.
        Metric::DistanceCm => (0.0, 3_000.0),
        // A gauge whose nought is a little off says less than nothing of an empty tank.
        Metric::LevelCm => (-100.0, 10_000.0),
        // What the common digital sensor measures; a broken wire makes it say -127.
        Metric::TemperatureC => (-55.0, 125.0),
        Metric::FlowLpm => (if one_way { 0.0 } else { -1e9 }, 1e9),
        Metric::TotalL => {
            let top = meter.and_then(|meter| meter.modulus_l).unwrap_or(1e15);
            (if one_way { 0.0 } else { -1e15 }, top)
        }
        // Above the ground where a well is artesian.
        Metric::DepthM => (-100.0, 10_000.0),
        // From a vacuum to ten kilometres of water.
        Metric::PressureKpa => (-110.0, 100_000.0),
        // Of the mains, too.
        Metric::BatteryV => (0.0, 1_000.0),
        // Some modems count upwards from nought, and say 99 when they do not know.
        Metric::RssiDbm => (-200.0, 50.0),
        Metric::Pump | Metric::Other(_) => (f64::MIN, f64::MAX),
    }
}

fn is_unlikely(spec: &NodeSpec, metric: &Metric, number: f64) -> bool {
    let config = &spec.config;
    if *metric == Metric::DistanceCm {
        let blind = config.tank.as_ref().map(|tank| tank.blind_zone_m);
        return blind.is_some_and(|metres| number < metres * CM_PER_M);
    }
    if *metric == Metric::FlowLpm {
        let most = config.meter.as_ref().map(|meter| meter.max_flow_lpm);
        return most.is_some_and(|most| number.abs() > most);
    }
    false
}
