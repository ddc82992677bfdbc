//! Values to store: as few words as a law needs to say what it is about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use evara_actors::domain::{
    Category, ChannelBinding, ChannelId, EntryId, FieldMap, FieldRule, Kind, Metric, NodeId,
    NodeSpec, Revision, Sample, ShardId, Source, Timestamp, Value, Verdict,
};
use evara_actors::ports::{
    Batch, CursorRow, DeadLetter, EventRow, SnapshotRow, TelemetryQuery, TelemetryRow,
};
use evara_actors::twin::Change;
use uuid::Uuid;

pub(crate) fn node(number: u128) -> NodeId {
    NodeId(Uuid::from_u128(number))
}

/// An instant of the day on which all of it happens.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + second)
}

pub(crate) fn entry(number: u64) -> Source {
    Source::ThingSpeak {
        channel: ChannelId(2_005_329),
        entry: EntryId(number),
    }
}

pub(crate) fn pushed(number: u128) -> Source {
    Source::Pushed(Uuid::from_u128(number))
}

pub(crate) fn other(name: &str) -> Metric {
    name.parse().unwrap()
}

pub(crate) fn value(metric: Metric, number: f64) -> Value {
    Value {
        metric,
        number: Some(number),
        verdict: Verdict::GOOD,
        raw: None,
    }
}

/// A text that was refused.
pub(crate) fn refused(metric: Metric, raw: &str, verdict: Verdict) -> Value {
    Value {
        metric,
        number: None,
        verdict,
        raw: Some(raw.into()),
    }
}

pub(crate) fn sample(source: Source, second: i64, values: Vec<Value>) -> Sample {
    Sample {
        source,
        source_at: at(second),
        received_at: at(second + 3),
        values,
    }
}

/// What a tank says at a second, which is also the number of the entry and the distance.
pub(crate) fn distance(second: u32) -> Sample {
    let values = vec![value(Metric::DistanceCm, f64::from(second))];
    sample(entry(second.into()), second.into(), values)
}

pub(crate) fn row(node: NodeId, kind: Kind, revision: u64, sample: Sample) -> TelemetryRow {
    TelemetryRow {
        node,
        kind,
        revision: Revision(revision),
        late: false,
        sample: Arc::new(sample),
        derived: Vec::new(),
    }
}

pub(crate) fn tank_row(node: NodeId, revision: u64, sample: Sample) -> TelemetryRow {
    row(node, Kind::Tank, revision, sample)
}

pub(crate) fn late(row: TelemetryRow) -> TelemetryRow {
    TelemetryRow { late: true, ..row }
}

pub(crate) fn event(node: NodeId, revision: u64, change: Change) -> EventRow {
    EventRow {
        node,
        revision: Revision(revision),
        at: at(i64::try_from(revision).unwrap()),
        change,
    }
}

pub(crate) fn snapshot(node: NodeId, revision: u64, state: &[u8]) -> SnapshotRow {
    SnapshotRow {
        node,
        shard: ShardId(1023),
        revision: Revision(revision),
        state: state.to_vec(),
    }
}

pub(crate) fn cursor(channel: u64, last_entry: u64) -> CursorRow {
    CursorRow {
        channel: ChannelId(channel),
        shard: ShardId(7),
        last_entry: EntryId(last_entry),
        last_created_at: at(9),
        generation: 2,
        missed: 3,
    }
}

pub(crate) fn dead_letter(number: u128, second: i64) -> DeadLetter {
    DeadLetter {
        id: Uuid::from_u128(number),
        node: node(1),
        at: at(second),
        error: "attempt to divide by zero".to_owned(),
        message: r#"{"type":"observed"}"#.to_owned(),
    }
}

pub(crate) fn telemetry(rows: Vec<TelemetryRow>) -> Arc<Batch> {
    let shards: BTreeSet<_> = rows.iter().map(|row| ShardId::of_node(row.node)).collect();
    Arc::new(Batch {
        shards: shards.into_iter().collect(),
        telemetry: rows,
        ..Batch::default()
    })
}

/// One of everything.
pub(crate) fn full_batch(node: NodeId) -> Arc<Batch> {
    Arc::new(Batch {
        shards: vec![ShardId(7), ShardId(1023)],
        telemetry: vec![
            tank_row(node, 2, distance(1)),
            tank_row(node, 3, distance(2)),
        ],
        events: vec![event(node, 1, Change::Created)],
        snapshots: vec![snapshot(node, 2, b"two")],
        cursors: vec![cursor(5, 2)],
        dead_letters: vec![dead_letter(1, 1)],
    })
}

/// All that ever was, in one page.
pub(crate) fn everything() -> TelemetryQuery {
    TelemetryQuery {
        metric: None,
        from: Timestamp::MIN,
        to: Timestamp::MAX,
        limit: u32::MAX,
        after: None,
    }
}

pub(crate) fn of_metric(metric: Metric) -> TelemetryQuery {
    TelemetryQuery {
        metric: Some(metric),
        ..everything()
    }
}

pub(crate) fn binding(channel: u64) -> ChannelBinding {
    let rule = FieldRule {
        metric: Metric::DistanceCm,
        scale: 0.1,
        offset: -3.0,
    };
    ChannelBinding {
        channel_id: ChannelId(channel),
        field_map: FieldMap::from([(2, rule)]),
    }
}

pub(crate) fn spec(id: u128, key: &str) -> NodeSpec {
    NodeSpec {
        key: key.to_owned(),
        label: "ऊपरी टंकी № 7".to_owned(),
        category: Category::OHT,
        tags: BTreeMap::from([("block".to_owned(), "B".to_owned())]),
        ..NodeSpec::blank(node(id), Kind::Tank, at(0))
    }
}
