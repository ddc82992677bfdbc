//! Laws of the arithmetic: what parts come to is what the whole comes to.

use evara_actors::domain::{Meter, Timestamp};
use proptest::prelude::*;

use super::grid::{Grid, Span, Width};
use super::{Reading, Rule, Summary, register};

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

fn rules() -> impl Strategy<Value = Rule> {
    let meter = Meter {
        modulus_l: Some(1_000.0),
        max_flow_lpm: 100.0,
        bidirectional: false,
        resets_on_restart: true,
    };
    prop_oneof![Just(Rule::Plain), Just(Rule::Register(meter))]
}

/// Readings of ten hours, in order, some of them at one instant.
fn readings() -> impl Strategy<Value = Vec<Reading>> {
    let reading = (0..36_000_i64, 0.0..1_000.0_f64);
    prop::collection::vec(reading, 1..60).prop_map(|mut readings| {
        readings.sort_by_key(|(second, _)| *second);
        let reading = |(second, number)| Reading {
            at: Timestamp::from_secs(second),
            number,
        };
        readings.into_iter().map(reading).collect()
    })
}

fn whole(readings: &[Reading], rule: &Rule) -> Option<Summary> {
    let mut known = None;
    for reading in readings {
        Summary::add(&mut known, Summary::of(*reading), rule);
    }
    known
}

fn alike(a: &Summary, b: &Summary) -> bool {
    close(a.sum, b.sum)
        && close(a.passed, b.passed)
        && (a.count, a.refused, a.first, a.last) == (b.count, b.refused, b.first, b.last)
        && (a.min, a.max) == (b.min, b.max)
}

proptest! {
    #[test]
    fn the_summaries_of_any_parts_joined_are_the_summary_of_the_whole(
        readings in readings(),
        cuts in prop::collection::vec(0..60_usize, 0..6),
        rule in rules(),
    ) {
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(readings.len())).collect();
        cuts.extend([0, readings.len()]);
        cuts.sort_unstable();
        let mut joined = None;
        for pair in cuts.windows(2) {
            if let Some(part) = whole(&readings[pair[0]..pair[1]], &rule) {
                Summary::add(&mut joined, part, &rule);
            }
        }
        let (joined, whole) = (joined.unwrap(), whole(&readings, &rule).unwrap());
        prop_assert!(alike(&joined, &whole), "{joined:?} is not {whole:?}");
    }

    #[test]
    fn what_passed_in_the_buckets_adds_up_to_what_passed_in_all(
        readings in readings(),
        rule in rules(),
        minutes in prop::sample::select(vec![1_u8, 15, 60]),
    ) {
        let width = if minutes == 60 { Width::Hour } else { Width::Minutes(minutes) };
        let grid = Grid::new(jiff::tz::TimeZone::get("Asia/Kolkata").unwrap(), width);
        let ends = Span::new(Timestamp::from_secs(-3_600), Timestamp::from_secs(40_000));
        let buckets: Vec<_> = grid.buckets(ends).map(|span| {
            let inside: Vec<_> = readings.iter().copied().filter(|r| span.contains(r.at)).collect();
            (span, whole(&inside, &rule))
        }).collect();
        let shares = register::passed(&buckets, &rule);
        let litres: f64 = shares.iter().flatten().map(|passed| passed.litres).sum();
        let refused: u32 = shares.iter().flatten().map(|passed| passed.refused).sum();
        let whole = whole(&readings, &rule).unwrap();
        prop_assert!(close(litres, whole.passed), "{litres} is not {}", whole.passed);
        prop_assert_eq!(refused, whole.refused);
    }
}
