//! The law that rollups rest on: whoever asks cannot tell where the answer was read.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evara_actors::domain::{Kind, Meter, Metric, NodeId, NodeSpec, Reason, Timestamp, Verdict};
use evara_actors::ports::{Archive, Clock};

use super::fixtures::{entry, node, row, telemetry, value};
use super::{Opened, Site};
use crate::history::aggregate::{Aggregate, Fill, Row};
use crate::history::ask::{Question, answer};
use crate::history::grid::{Span, Width};
use crate::history::plan::Source;
use crate::history::roller::{Roller, Specs};
use crate::history::testing::Unrolled;
use crate::history::{History, Rolling};

const HOUR_MILLIS: i64 = 3_600_000;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;

/// SplitMix64: chances that are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) % limit).cast_signed()
    }
}

#[derive(Debug)]
struct Set(AtomicI64);

impl Clock for Set {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A meter in a place, read at chance.
struct World {
    archive: Arc<dyn Archive>,
    rolling: Arc<dyn Rolling>,
    clock: Arc<Set>,
    spec: Arc<Mutex<Arc<NodeSpec>>>,
    roller: Roller,
    chance: Chance,
    id: NodeId,
    start: Timestamp,
    entries: u64,
    total_l: f64,
    /// How many parts of answers came from rollups.
    rolled_up: AtomicUsize,
}

impl World {
    fn new(opened: &Opened, zone: &str, start: &str, seed: u64) -> Self {
        let start: Timestamp = start.parse().unwrap();
        let mut spec = NodeSpec::blank(node(seed.into()), Kind::Flow, start);
        spec.config.time_zone = zone.to_owned();
        spec.config.meter = Some(Meter {
            modulus_l: Some(5_000.0),
            max_flow_lpm: 60.0,
            bidirectional: false,
            resets_on_restart: false,
        });
        let spec = Arc::new(Mutex::new(Arc::new(spec)));
        let described = Arc::clone(&spec);
        let specs: Specs = Arc::new(move || vec![Arc::clone(&*described.lock().unwrap())]);
        let clock = Arc::new(Set(AtomicI64::new(start.millis())));
        let (archive, rolling) = (Arc::clone(&opened.archive), Arc::clone(&opened.rolling));
        Self {
            roller: Roller::new(rolling.clone(), clock.clone(), specs),
            archive,
            rolling,
            clock,
            spec,
            chance: Chance(seed),
            id: node(seed.into()),
            start,
            entries: 0,
            total_l: 0.0,
            rolled_up: AtomicUsize::new(0),
        }
    }

    /// Commits readings of `days` from `day` on, some of them doubted, in no order.
    async fn read(&mut self, day: i64, days: u64, count: usize) {
        let from = self.start.millis() + day * DAY_MILLIS;
        let mut rows = Vec::new();
        for _ in 0..count {
            let at = from + self.chance.below(days * DAY_MILLIS.unsigned_abs());
            self.entries += 1;
            self.total_l = (self.total_l + self.chance.below(900) as f64 / 7.0) % 5_000.0;
            let mut values = vec![
                value(Metric::TotalL, self.total_l),
                value(Metric::FlowLpm, self.chance.below(600) as f64 / 10.0 - 5.0),
            ];
            values[1].verdict = match self.chance.below(8) {
                0 => Verdict::suspect(Reason::Spike),
                1 => Verdict::suspect(Reason::Gap),
                2 => Verdict::bad(Reason::Range),
                _ => Verdict::GOOD,
            };
            let mut sample = super::fixtures::sample(entry(self.entries), 0, values);
            sample.source_at = Timestamp::from_millis(at);
            let mut row = row(self.id, Kind::Flow, self.entries, sample);
            row.derived = vec![("volume_today_l", self.chance.below(4_000) as f64 / 3.0)];
            rows.push(row);
        }
        self.archive.commit(telemetry(rows)).await.unwrap();
    }

    fn describe(&self, change: fn(&mut NodeSpec)) {
        let mut held = self.spec.lock().unwrap();
        let mut spec = NodeSpec::clone(&held);
        change(&mut spec);
        *held = Arc::new(spec);
    }

    /// Rolls up whatever can be, `days` after the beginning.
    async fn roll(&mut self, days: i64) {
        let now = self.start.millis() + days * DAY_MILLIS;
        self.clock.0.store(now, Ordering::Relaxed);
        for _ in 0..100 {
            if self.roller.pass().await.unwrap().is_nothing() {
                return;
            }
        }
        panic!("rolling up does not end");
    }

    fn instant(&mut self) -> Timestamp {
        let span = 12 * DAY_MILLIS.unsigned_abs();
        let at = self.start.millis() - DAY_MILLIS + self.chance.below(span);
        let whole_hours = self.chance.below(2) == 0;
        Timestamp::from_millis(if whole_hours {
            at - at % HOUR_MILLIS
        } else {
            at
        })
    }

    fn question(&mut self, width: Width, zone: &str) -> Question {
        let (a, b) = (self.instant(), self.instant());
        Question {
            span: Span::new(a.min(b), a.max(b)),
            zone: zone.to_owned(),
            width,
            metrics: ["total_l", "flow_lpm", "volume_today_l", "ph"]
                .map(|name| name.parse().unwrap())
                .to_vec(),
            aggregates: Aggregate::ALL.to_vec(),
            fill: Fill::Null,
            max_points: None,
        }
    }

    async fn told(&self, history: &dyn History, question: &Question) -> Vec<Vec<Row>> {
        let spec = Arc::clone(&*self.spec.lock().unwrap());
        let told = answer(history, &spec, question).await.unwrap();
        let rolled_up = told
            .parts
            .iter()
            .filter(|part| part.source != Source::Samples);
        self.rolled_up
            .fetch_add(rolled_up.count(), Ordering::Relaxed);
        told.series.into_iter().map(|series| series.rows).collect()
    }

    /// Asks at chance, of the samples alone and of all there is.
    async fn compare(&mut self, times: usize) {
        let rolling: Arc<dyn History> = self.rolling.clone();
        let alone = Unrolled {
            samples: Some(rolling),
            ..Unrolled::default()
        };
        let zone = self.spec.lock().unwrap().config.time_zone.clone();
        for _ in 0..times {
            for (width, zone) in [
                (Width::Hour, &*zone),
                (Width::Day, &zone),
                (Width::Day, "UTC"),
            ] {
                let question = self.question(width, zone);
                let expected = self.told(&alone, &question).await;
                let found = self.told(&*self.rolling, &question).await;
                assert_alike(&found, &expected, &question);
            }
        }
    }
}

fn assert_alike(found: &[Vec<Row>], expected: &[Vec<Row>], question: &Question) {
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.len(), "{question:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(
                (found.span, found.refused),
                (expected.span, expected.refused),
                "{question:?}"
            );
            for (a, b) in found.numbers.iter().zip(&expected.numbers) {
                let alike = match (a, b) {
                    (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * a.abs().max(1.0),
                    (a, b) => a == b,
                };
                assert!(alike, "{found:?}\nis not {expected:?}\nfor {question:?}");
            }
        }
    }
}

/// A spring and an autumn in which clocks change, and zones whose hours are not those of UTC.
const PLACES: [(&str, &str); 5] = [
    ("Asia/Kolkata", "2026-01-01T00:00:00Z"),
    ("Europe/Berlin", "2026-03-25T00:00:00Z"),
    ("America/New_York", "2026-10-28T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-01T00:00:00Z"),
    ("UTC", "2026-06-01T00:00:00Z"),
];

pub(crate) async fn nobody_can_tell_what_was_rolled_up(site: &dyn Site) {
    let opened = site.open().await;
    for (seed, (zone, start)) in (1..).zip(PLACES) {
        let mut world = World::new(&opened, zone, start, seed);
        world.read(0, 6, 300).await;
        world.roll(7).await;
        world.compare(6).await;
        // Late ones, some in hours that were rolled up, and what is not over yet.
        world.read(1, 8, 60).await;
        world.compare(6).await;
        world.roll(9).await;
        world.compare(6).await;
        let rolled_up = world.rolled_up.load(Ordering::Relaxed);
        assert!(
            rolled_up > 20,
            "only {rolled_up} parts in {zone} came from rollups"
        );
    }
}

pub(crate) async fn a_zone_or_a_meter_that_changed_leaves_no_seam(site: &dyn Site) {
    let mut world = World::new(
        &site.open().await,
        "Asia/Kolkata",
        "2026-03-25T00:00:00Z",
        9,
    );
    world.read(0, 6, 200).await;
    world.roll(7).await;
    world.describe(|spec| spec.config.time_zone = "Europe/Berlin".to_owned());
    world.compare(4).await;
    world.roll(8).await;
    world.compare(4).await;
    world.describe(|spec| spec.config.meter = None);
    world.compare(4).await;
    world.roll(9).await;
    world.compare(4).await;
}

pub(crate) async fn what_is_removed_is_still_told_and_nothing_late_undoes_it(site: &dyn Site) {
    let start = "2026-01-01T00:00:00Z";
    let mut world = World::new(&site.open().await, "Asia/Kolkata", start, 3);
    world.read(0, 9, 400).await;
    world.roll(11).await;
    let whole = Question {
        span: Span::new(
            world.start.minus(Duration::from_secs(86_400)),
            world.clock.now(),
        ),
        ..world.question(Width::Day, "Asia/Kolkata")
    };
    let before = world.told(&*world.rolling, &whole).await;
    // Without a snapshot a twin would need every sample of its log: here is one of all of them.
    let snapshot = super::fixtures::snapshot(world.id, world.entries, b"all");
    let batch = evara_actors::ports::Batch {
        snapshots: vec![snapshot],
        ..Default::default()
    };
    world.archive.commit(Arc::new(batch)).await.unwrap();
    let removed = world
        .roller
        .retire(Duration::from_secs(5 * 86_400))
        .await
        .unwrap();
    assert!(removed > 100, "{removed}");
    assert_alike(&world.told(&*world.rolling, &whole).await, &before, &whole);
    // A reading of a time that is sealed.
    world.read(1, 1, 5).await;
    world.roll(12).await;
    assert_alike(&world.told(&*world.rolling, &whole).await, &before, &whole);
    let cut = vec![(world.id, world.start)];
    let held = world.rolling.seal(cut).await.unwrap();
    assert_eq!(held, [], "its marks are gone");
    // The zone of what is sealed stays.
    world.describe(|spec| spec.config.time_zone = "UTC".to_owned());
    let sums = |rows: &[Vec<Row>]| -> f64 { rows[1].iter().filter_map(|row| row.numbers[4]).sum() };
    let in_utc = Question {
        zone: "UTC".to_owned(),
        ..whole
    };
    let counted = sums(&world.told(&*world.rolling, &in_utc).await);
    assert_eq!(counted, sums(&before));
    world.roll(13).await;
    assert_eq!(sums(&world.told(&*world.rolling, &in_utc).await), counted);
}
