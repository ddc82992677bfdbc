//! What a fleet must do whatever it is made of: repeat itself, keep time, and misbehave as promised.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{DeviceKind, DeviceModel, Fleet, Report, SECONDS_PER_DAY, TankShape};

/// Midnight UTC of a day in 2025; half past five in the morning on the campus.
const EPOCH_S: i64 = 1_760_054_400;
const SEED: u64 = 42;

fn day_of(nodes: usize) -> (Fleet, Vec<Report>) {
    reports_of(Fleet::new(SEED, nodes, EPOCH_S), SECONDS_PER_DAY)
}

/// Runs a day in steps of `step_s`.
fn reports_of(mut fleet: Fleet, step_s: i64) -> (Fleet, Vec<Report>) {
    let mut reports = Vec::new();
    for passed_s in (0..SECONDS_PER_DAY).step_by(step_s as usize) {
        let now_s = EPOCH_S + (passed_s + step_s).min(SECONDS_PER_DAY);
        fleet.advance_to(now_s, &mut |report| reports.push(report));
    }
    (fleet, reports)
}

fn digest(reports: &[Report]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for report in reports {
        (report.device, report.created_at_s, &report.fields).hash(&mut hasher);
    }
    hasher.finish()
}

fn index_of(fleet: &Fleet, key: &str) -> usize {
    fleet
        .devices()
        .iter()
        .position(|device| device.key == key)
        .expect("a known key")
}

/// Texts of one metric of one device with their times, nulls left out.
fn texts<'a>(fleet: &Fleet, reports: &'a [Report], key: &str, metric: &str) -> Vec<(i64, &'a str)> {
    let device = index_of(fleet, key);
    let map = fleet.devices()[device]
        .maps
        .iter()
        .find(|map| map.metric == metric);
    let field = usize::from(map.expect("a mapped metric").field) - 1;
    reports
        .iter()
        .filter(|report| report.device == device)
        .filter_map(|report| Some((report.created_at_s, report.fields[field].as_deref()?)))
        .collect()
}

fn values(fleet: &Fleet, reports: &[Report], key: &str, metric: &str) -> Vec<(i64, f64)> {
    let device = &fleet.devices()[index_of(fleet, key)];
    let map = *device
        .maps
        .iter()
        .find(|map| map.metric == metric)
        .expect("a mapped metric");
    texts(fleet, reports, key, metric)
        .into_iter()
        .filter_map(|(at_s, text)| Some((at_s, text.parse::<f64>().ok()?)))
        .map(|(at_s, raw)| (at_s, raw * map.scale + map.offset))
        .collect()
}

#[test]
fn a_day_is_the_same_however_it_is_cut_into_steps() {
    let (_, whole) = day_of(24);
    let (_, cut) = reports_of(Fleet::new(SEED, 24, EPOCH_S), 7);
    let (_, uneven) = reports_of(Fleet::new(SEED, 24, EPOCH_S), 3_601);
    assert!(whole.len() > 60_000, "{}", whole.len());
    assert_eq!(digest(&whole), digest(&cut));
    assert_eq!(digest(&whole), digest(&uneven));
}

#[test]
fn the_first_reports_of_a_known_seed_never_change() {
    let (_, reports) = day_of(24);
    let told: Vec<String> = reports[..3]
        .iter()
        .map(|r| {
            let written: Vec<&str> = r.fields.iter().flatten().map(String::as_str).collect();
            format!(
                "{} +{} {}",
                r.device,
                r.created_at_s - EPOCH_S,
                written.join(",")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "7 +0 125.2,22.6,0",
            "2 +3 27.74,2013",
            "8 +5 64.8,22.7,3.74"
        ]
    );
}

#[test]
fn two_thousand_nodes_live_through_an_hour() {
    let mut fleet = Fleet::new(SEED, 2_000, EPOCH_S);
    let mut heard = HashSet::new();
    fleet.advance_to(EPOCH_S + 3_600, &mut |report| {
        heard.insert(report.device);
    });
    assert_eq!(heard.len(), 2_000);
}

#[test]
fn another_seed_or_epoch_is_another_day() {
    let (_, ours) = day_of(3);
    let (_, other) = reports_of(Fleet::new(SEED + 1, 3, EPOCH_S), SECONDS_PER_DAY);
    let (_, later) = reports_of(Fleet::new(SEED, 3, EPOCH_S + 1), SECONDS_PER_DAY);
    assert_ne!(digest(&ours), digest(&other));
    assert_ne!(digest(&ours), digest(&later));
}

#[test]
fn a_device_reports_the_same_in_a_small_fleet_and_in_a_large_one() {
    let (small, in_small) = day_of(5);
    let (large, mut in_large) = day_of(40);
    in_large.retain(|report| report.device < 5);
    assert_eq!(small.devices(), &large.devices()[..5]);
    assert_eq!(digest(&in_small), digest(&in_large));
}

#[test]
fn reports_come_in_time_order_and_never_twice_in_a_second_from_one_device() {
    let (fleet, reports) = day_of(24);
    assert!(reports.is_sorted_by_key(|report| (report.created_at_s, report.device)));
    for device in 0..fleet.devices().len() {
        let times: Vec<i64> = reports
            .iter()
            .filter(|r| r.device == device)
            .map(|r| r.created_at_s)
            .collect();
        let interval_s = i64::from(fleet.devices()[device].interval_s);
        assert!(times[0] >= EPOCH_S && times[0] < EPOCH_S + 2 * interval_s + 2);
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= interval_s));
    }
}

#[test]
fn time_standing_still_or_going_back_emits_nothing() {
    let mut fleet = Fleet::new(SEED, 12, EPOCH_S);
    fleet.advance_to(EPOCH_S + 3_600, &mut |_| {});
    let mut again = 0;
    fleet.advance_to(EPOCH_S + 3_600, &mut |_| again += 1);
    fleet.advance_to(EPOCH_S - 3_600, &mut |_| again += 1);
    assert_eq!(again, 0);
}

#[test]
fn any_number_of_nodes_makes_a_fleet_with_unique_keys() {
    for nodes in [0, 1, 2, 11, 12, 13, 24, 2_000] {
        let fleet = Fleet::new(SEED, nodes, EPOCH_S);
        let keys: HashSet<&str> = fleet.devices().iter().map(|d| d.key.as_str()).collect();
        assert_eq!((fleet.devices().len(), keys.len()), (nodes, nodes));
    }
}

#[test]
fn two_dozen_nodes_are_twelve_tanks_six_meters_and_six_wells_of_every_category_and_shape() {
    let fleet = Fleet::new(SEED, 24, EPOCH_S);
    let count = |kind| {
        fleet
            .devices()
            .iter()
            .filter(|device| device.kind == kind)
            .count()
    };
    assert_eq!(
        [DeviceKind::Tank, DeviceKind::Flow, DeviceKind::Deep].map(count),
        [12, 6, 6]
    );
    let categories: HashSet<&str> = fleet.devices().iter().map(|d| d.category).collect();
    assert_eq!(categories.len(), 6);
    let shapes: HashSet<_> = fleet
        .devices()
        .iter()
        .filter_map(|device| match device.model {
            DeviceModel::Tank { shape, .. } => Some(std::mem::discriminant::<TankShape>(&shape)),
            DeviceModel::Flow { .. } | DeviceModel::Deep { .. } => None,
        })
        .collect();
    assert_eq!(shapes.len(), 6);
}

#[test]
fn a_field_is_written_exactly_where_it_is_labelled_and_mapped() {
    let (fleet, reports) = day_of(24);
    for (index, device) in fleet.devices().iter().enumerate() {
        let written: [bool; 8] = std::array::from_fn(|field| {
            reports
                .iter()
                .any(|r| r.device == index && r.fields[field].is_some())
        });
        let mapped: [bool; 8] = std::array::from_fn(|field| {
            device
                .maps
                .iter()
                .any(|map| usize::from(map.field) == field + 1)
        });
        assert_eq!(
            written,
            device.fields.map(|label| label.is_some()),
            "{}",
            device.key
        );
        assert_eq!(written, mapped, "{}", device.key);
    }
}

#[test]
fn every_tank_reads_between_full_and_empty_but_for_false_echoes() {
    let (fleet, reports) = day_of(24);
    for device in fleet.devices() {
        let DeviceModel::Tank {
            sensor_height_m,
            full_height_m,
            ..
        } = device.model
        else {
            continue;
        };
        let read = values(&fleet, &reports, &device.key, "distance_cm");
        let (near, far) = (
            (sensor_height_m - full_height_m) * 100.0 - 3.0,
            sensor_height_m * 100.0,
        );
        let outside = read
            .iter()
            .filter(|(_, cm)| !(near..far).contains(cm))
            .count();
        assert!(
            outside * 100 < read.len(),
            "{}: {outside} of {}",
            device.key,
            read.len()
        );
    }
}

#[test]
fn a_small_register_rolls_over_within_a_day() {
    let (fleet, reports) = day_of(24);
    let DeviceModel::Flow { modulus_l, .. } = fleet.devices()[index_of(&fleet, "fm-02")].model
    else {
        panic!("a meter is a flow device");
    };
    let totals = values(&fleet, &reports, "fm-02", "total_l");
    let falls: Vec<f64> = totals
        .windows(2)
        .map(|pair| pair[1].1 - pair[0].1)
        .filter(|step| *step < 0.0)
        .collect();
    assert!(!falls.is_empty());
    assert!(
        falls.iter().all(|step| step + modulus_l < 2_000.0),
        "{falls:?}"
    );
    assert!(
        totals
            .iter()
            .all(|(_, total_l)| (0.0..modulus_l).contains(total_l))
    );
}

#[test]
fn flow_over_time_is_what_the_register_counts() {
    let (fleet, reports) = day_of(24);
    let flows = values(&fleet, &reports, "ph-01", "flow_lpm");
    let totals = values(&fleet, &reports, "ph-01", "total_l");
    let flowed_l: f64 = flows
        .windows(2)
        .map(|pair| pair[1].1 * (pair[1].0 - pair[0].0) as f64 / 60.0)
        .sum();
    let counted_l = (totals[totals.len() - 1].1 - totals[0].1).rem_euclid(1_000_000.0);
    assert!(
        (flowed_l / counted_l - 1.0).abs() < 0.03,
        "{flowed_l} against {counted_l}"
    );
}

#[test]
fn a_well_reports_drawdown_while_pumping_and_recovery_after() {
    let (fleet, reports) = day_of(24);
    let depths = values(&fleet, &reports, "bw-01", "depth_m");
    let pumps = values(&fleet, &reports, "bw-01", "pump");
    let deepest_while = |on: f64| {
        let pumping = depths.iter().zip(&pumps).filter(|(_, pump)| pump.1 == on);
        pumping.map(|(depth, _)| depth.1).fold(f64::MIN, f64::max)
    };
    let shallowest = depths
        .iter()
        .map(|(_, depth_m)| *depth_m)
        .fold(f64::MAX, f64::min);
    assert!(deepest_while(1.0) > shallowest + 4.0);
    assert!(pumps.iter().any(|(_, on)| *on == 0.0) && deepest_while(0.0) > shallowest + 2.0);
}

#[test]
fn some_reports_are_lost_and_some_devices_fall_silent_for_minutes() {
    let (fleet, reports) = day_of(24);
    let (mut lost, mut silences) = (0, 0);
    for (index, device) in fleet.devices().iter().enumerate() {
        let times: Vec<i64> = reports
            .iter()
            .filter(|r| r.device == index)
            .map(|r| r.created_at_s)
            .collect();
        let interval_s = i64::from(device.interval_s);
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        for gap_s in gaps {
            lost += u32::from((2 * interval_s..3 * interval_s).contains(&gap_s));
            silences += u32::from(gap_s >= 240);
        }
    }
    assert!(
        lost > 300 && silences > 5,
        "{lost} lost, {silences} silences"
    );
}

#[test]
fn a_false_echo_lasts_one_report() {
    let (fleet, reports) = day_of(24);
    let read = values(&fleet, &reports, "oht-01", "distance_cm");
    let lonely = read
        .windows(3)
        .filter(|w| (w[1].1 - w[0].1).abs() > 20.0 && (w[1].1 - w[2].1).abs() > 20.0);
    assert!(lonely.count() >= 2);
}

#[test]
fn one_sensor_is_flat_for_hours_while_its_water_moves() {
    let (fleet, reports) = day_of(24);
    let longest_flat_s = |key: &str| {
        let read = texts(&fleet, &reports, key, "distance_cm");
        let runs = read.chunk_by(|a, b| a.1 == b.1);
        runs.map(|run| run[run.len() - 1].0 - run[0].0)
            .max()
            .unwrap_or(0)
    };
    assert!(
        longest_flat_s("oht-04") > 2 * 3_600,
        "{}",
        longest_flat_s("oht-04")
    );
    assert!(longest_flat_s("oht-01") < 600 && longest_flat_s("oht-09") < 600);
}

#[test]
fn one_device_writes_nan_and_line_ends_and_one_writes_units() {
    let (fleet, reports) = day_of(24);
    let garbled = texts(&fleet, &reports, "oht-03", "distance_cm");
    assert!(garbled.iter().any(|(_, text)| *text == "nan"));
    assert!(garbled.iter().any(|(_, text)| *text == "0\r\n\r\n"));
    let labelled = texts(&fleet, &reports, "oht-05", "distance_cm");
    let with_unit = labelled
        .iter()
        .filter(|(_, text)| text.ends_with(" cm"))
        .count();
    assert!(with_unit > 0 && with_unit * 20 < labelled.len());
}

#[test]
fn a_channel_with_two_writers_never_has_all_its_fields_at_once() {
    let (fleet, reports) = day_of(24);
    let device = index_of(&fleet, "bw-02");
    let all = fleet.devices()[device].maps.len();
    let filled = |report: &Report| report.fields.iter().flatten().count();
    let counts: HashSet<usize> = reports
        .iter()
        .filter(|r| r.device == device)
        .map(filled)
        .collect();
    assert_eq!(counts, HashSet::from([all / 2]));
}
