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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture::node;
    use super::*;
    use crate::domain::Limits;

    const BAD: Verdict = Verdict::bad(Reason::Range);
    const SUSPECT: Verdict = Verdict::suspect(Reason::Range);

    fn limited(fail: Option<(f64, f64)>, suspect: Option<(f64, f64)>) -> NodeSpec {
        let mut spec = node(&[]);
        let limits = Limits {
            fail,
            suspect,
            ..Limits::default()
        };
        spec.config.limits.insert(Metric::DistanceCm, limits);
        spec
    }

    #[test]
    fn limits_divide_the_good_from_the_suspect_and_the_bad() {
        let spec = limited(Some((0.0, 450.0)), Some((30.0, 400.0)));
        let verdict = |number| judge(&spec, &Metric::DistanceCm, number);
        assert_eq!(
            (verdict(30.0), verdict(400.0)),
            (Verdict::GOOD, Verdict::GOOD)
        );
        assert_eq!((verdict(29.9), verdict(400.1)), (SUSPECT, SUSPECT));
        assert_eq!((verdict(-0.1), verdict(450.1)), (BAD, BAD));
        assert_eq!((verdict(f64::NAN), verdict(f64::INFINITY)), (BAD, BAD));
    }

    #[test]
    fn without_limits_only_what_no_sensor_says_is_bad() {
        let spec = node(&[]);
        for (metric, good, bad) in [
            (Metric::DistanceCm, 130.0, 9999.0),
            (Metric::LevelCm, -1.0, 1e5),
            (Metric::TemperatureC, 25.0, -127.0),
            (Metric::FlowLpm, 0.0, -1.0),
            (Metric::TotalL, 999_999.0, 1_000_001.0),
            (Metric::DepthM, -2.0, 20_000.0),
            (Metric::PressureKpa, 101.3, -200.0),
            (Metric::BatteryV, 230.0, -3.0),
            (Metric::RssiDbm, -71.0, 99.0),
        ] {
            assert_eq!(
                judge(&spec, &metric, good),
                Verdict::GOOD,
                "{metric} {good}"
            );
            assert_eq!(judge(&spec, &metric, bad), BAD, "{metric} {bad}");
        }
    }

    #[test]
    fn limits_of_the_node_stand_in_for_those_of_any_sensor() {
        let spec = limited(Some((0.0, 5_000.0)), None);
        assert_eq!(judge(&spec, &Metric::DistanceCm, 4_000.0), Verdict::GOOD);
    }

    #[test]
    fn an_echo_from_the_blind_zone_is_suspect() {
        let verdict = |number| judge(&node(&[]), &Metric::DistanceCm, number);
        assert_eq!(verdict(19.9), SUSPECT);
        assert_eq!(verdict(20.0), Verdict::GOOD);
    }

    #[test]
    fn a_flow_is_judged_by_what_the_meter_can_see_and_whether_it_counts_both_ways() {
        let mut spec = node(&[]);
        assert_eq!(judge(&spec, &Metric::FlowLpm, 100.1), SUSPECT);
        if let Some(meter) = &mut spec.config.meter {
            meter.bidirectional = true;
        }
        assert_eq!(judge(&spec, &Metric::FlowLpm, -50.0), Verdict::GOOD);
        assert_eq!(judge(&spec, &Metric::FlowLpm, -100.1), SUSPECT);
    }

    proptest! {
        #[test]
        fn every_number_has_a_verdict(number in any::<f64>(), index in 0..Metric::KNOWN.len()) {
            let verdict = judge(&node(&[]), &Metric::KNOWN[index], number);
            prop_assert!(verdict.is_good() || verdict.reason == Some(Reason::Range));
            prop_assert!(number.is_finite() || verdict == BAD);
        }
    }
}
