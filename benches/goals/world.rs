//! A world for the twins to live in: nodes, what they say, and an outside that takes no time.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::{
    Category, ChannelBinding, ChannelId, EntryId, FieldRule, Geometry, Kind, Meter, Metric,
    NodeConfig, NodeId, NodeSpec, Revision, Sample, Source, Tank, Timestamp, Value, Verdict, Well,
};
use evara_actors::ports::{
    Archive, ArchiveError, Ask, Batch, BoxFuture, Clock, Cursors, DeadLetter, Feed, FeedError,
    LogEntry, Page, Point, Saved, SavedTwins, TelemetryQuery,
};
use evara_actors::system::{Ports, Settings, System};
use tokio::time::Instant;
use uuid::Uuid;

/// When it begins: a day on which nothing special happens, 2026-01-15T06:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_secs(1_768_456_800);

/// Between two readings of a node: the fastest that ThingSpeak takes.
const PACE: Duration = Duration::from_secs(15);

/// So many channels that each shard has about one.
const CHANNELS: usize = 1_000;

/// The node with this number, which shares its channel with others.
pub(crate) fn node(kind: Kind, number: usize) -> NodeSpec {
    NodeSpec {
        key: format!("node-{number}"),
        label: format!("Overhead tank {number}"),
        category: Category::OHT,
        location_name: Some("Block C, north roof".to_owned()),
        config: config(kind),
        channel: Some(binding(kind, number)),
        ..NodeSpec::blank(NodeId(node_id(number)), kind, START)
    }
}

/// The id of the node with this number, which is its end.
pub(crate) fn node_id(number: usize) -> Uuid {
    Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 + number as u128)
}

fn config(kind: Kind) -> NodeConfig {
    let tank = Tank {
        geometry: Geometry::VerticalCylinder { radius_m: 1.2 },
        full_height_m: 3.0,
        sensor_height_m: Some(3.2),
        blind_zone_m: 0.2,
        dead_height_m: 0.1,
    };
    let meter = Meter {
        modulus_l: Some(1e8),
        max_flow_lpm: 500.0,
        bidirectional: false,
        resets_on_restart: false,
    };
    NodeConfig {
        tank: (kind == Kind::Tank).then_some(tank),
        meter: (kind == Kind::Flow).then_some(meter),
        well: (kind == Kind::Deep).then(Well::default),
        time_zone: "Asia/Kolkata".to_owned(),
        ..NodeConfig::default()
    }
}

fn binding(kind: Kind, number: usize) -> ChannelBinding {
    let rule = |metric| FieldRule {
        metric,
        scale: 1.0,
        offset: 0.0,
    };
    ChannelBinding {
        channel_id: ChannelId(1 + (number % CHANNELS) as u64),
        field_map: (1..).zip(metrics(kind).map(rule)).collect(),
    }
}

fn metrics(kind: Kind) -> [Metric; 2] {
    match kind {
        Kind::Tank => [Metric::DistanceCm, Metric::TemperatureC],
        Kind::Flow => [Metric::FlowLpm, Metric::TotalL],
        Kind::Deep => [Metric::DepthM, Metric::Pump],
        Kind::Generic => [Metric::BatteryV, Metric::RssiDbm],
    }
}

/// What a node says for the `index`th time: its water moves slowly, and its sensor is a little restless.
pub(crate) fn sample(kind: Kind, index: usize) -> Arc<Sample> {
    let at = START.plus(PACE * index as u32);
    let wave = (index as f64 / 240.0).sin();
    let noise = (index * 7 % 5) as f64 * 0.1;
    let numbers = match kind {
        Kind::Tank => [170.0 + 90.0 * wave + noise, 24.0 + noise],
        Kind::Flow => [40.0 + 20.0 * wave + noise, 1_000.0 + 10.0 * index as f64],
        Kind::Deep => [
            42.0 + 4.0 * wave + noise,
            f64::from(u8::from(index / 240 % 2 == 1)),
        ],
        Kind::Generic => [3.7 + noise, -70.0 + noise],
    };
    let value = |(metric, number)| Value {
        metric,
        number: Some(number),
        verdict: Verdict::GOOD,
        raw: None,
    };
    Arc::new(Sample {
        source: Source::ThingSpeak {
            channel: ChannelId(1),
            entry: EntryId(index as u64),
        },
        source_at: at,
        received_at: at.plus(Duration::from_secs(1)),
        values: metrics(kind).into_iter().zip(numbers).map(value).collect(),
    })
}

/// A system of so many tanks, of which nothing is known yet, and whose feed is silent.
pub(crate) async fn tanks(count: usize) -> Arc<System> {
    let clock = Arc::new(BenchClock(Instant::now()));
    let nodes = (0..count).map(|number| node(Kind::Tank, number)).collect();
    start(Arc::new(Silence), clock, Settings::default(), nodes).await
}

/// A system whose archive takes everything and keeps nothing.
pub(crate) async fn start(
    feed: Arc<dyn Feed>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    nodes: Vec<NodeSpec>,
) -> Arc<System> {
    let archive = Arc::new(Drain);
    let ports = Ports {
        feed,
        archive,
        clock,
    };
    System::start(ports, settings, nodes, Saved::default())
        .await
        .expect("the system starts")
}

/// Waits until everything that was put into the sinks has been taken.
pub(crate) async fn drained(system: &System) {
    while system.persistence().waiting > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[derive(Debug)]
struct BenchClock(Instant);

impl Clock for BenchClock {
    fn now(&self) -> Timestamp {
        START.plus(self.0.elapsed())
    }
}

/// A feed in which nothing is ever new.
#[derive(Debug)]
struct Silence;

impl Feed for Silence {
    fn read(&self, _: ChannelId, _: Ask) -> BoxFuture<'_, Result<Page, FeedError>> {
        Box::pin(async { Ok(Page::default()) })
    }
}

/// An archive that takes everything and keeps nothing.
#[derive(Debug)]
struct Drain;

impl Archive for Drain {
    fn commit(&self, _: Arc<Batch>) -> BoxFuture<'_, Result<(), ArchiveError>> {
        Box::pin(async { Ok(()) })
    }

    fn cursors(&self) -> BoxFuture<'_, Result<Cursors, ArchiveError>> {
        Box::pin(async { Ok(Cursors::default()) })
    }

    fn twins(&self, _: RangeInclusive<NodeId>) -> BoxFuture<'_, Result<SavedTwins, ArchiveError>> {
        Box::pin(async { Ok(SavedTwins::default()) })
    }

    fn telemetry(
        &self,
        _: NodeId,
        _: TelemetryQuery,
    ) -> BoxFuture<'_, Result<Vec<Point>, ArchiveError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn changes(
        &self,
        _: NodeId,
        _: Revision,
        _: u32,
    ) -> BoxFuture<'_, Result<Vec<LogEntry>, ArchiveError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn dead_letters(&self, _: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, ArchiveError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
