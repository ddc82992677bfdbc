//! Rows as values. Nothing else in the store indexes a row of telemetry, of the change log or of a table.

use std::collections::BTreeMap;

use evara_actors::domain::{ChannelId, EntryId, NodeId, NodeSpec, Sample, ShardId, Value};
use evara_actors::ports::{CursorRow, DeadLetter, LogEntry, Record, SnapshotRow};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::error::Failure;
use super::statements;
use crate::address::Rule;
use crate::history::{Checkpoint, Due, Mark, Reading, Rollup, RuleBook, Summary};
use crate::store::sample::{self, MAX_COLUMNS, MAX_DERIVED};
use crate::store::source_key::SourceKey;
use crate::store::unreadable::Unreadable;
use crate::store::{DeviceKey, codes, json};

/// The kind of a row of the change log that is an event.
const EVENT: i64 = -1;

/// A sample: the first ten columns of `samples_by_time`, `changes_by_revision` and `tails_between`.
pub(super) fn sample(
    connection: &Connection,
    node: NodeId,
    row: &Row<'_>,
) -> Result<Sample, Failure> {
    let kind = codes::kind(row.get(0)?)?;
    let source_at = codes::timestamp(row.get(1)?)?;
    let source: SourceKey = row.get(2)?;
    let verdicts: Option<Vec<u8>> = row.get(5)?;
    let mut numbers = [None; MAX_COLUMNS];
    for (column, number) in numbers.iter_mut().enumerate() {
        *number = row.get(6 + column)?;
    }
    let elsewhere = || {
        let key = params![
            node.0.as_bytes(),
            source_at.millis(),
            source,
            codes::of_kind(kind)
        ];
        let mut statement = connection.prepare_cached(statements::OTHER_VALUES)?;
        let mut rows = statement.query(key)?;
        let mut values = Vec::new();
        while let Some(row) = rows.next()? {
            values.push(other_value(row)?);
        }
        Ok::<_, Failure>(values)
    };
    Ok(Sample {
        source: source.source()?,
        source_at,
        received_at: codes::timestamp(row.get(3)?)?,
        values: sample::join(kind, numbers, verdicts.as_deref(), elsewhere)?,
    })
}

fn other_value(row: &Row<'_>) -> Result<Value, Failure> {
    let name: String = row.get(0)?;
    let metric = name
        .parse()
        .map_err(|_| Unreadable(format!("a metric with the name {name:?}")))?;
    let raw: Option<String> = row.get(2)?;
    Ok(Value {
        metric,
        number: row.get(1)?,
        verdict: codes::verdict(row.get(3)?)?,
        raw: raw.map(String::into_boxed_str),
    })
}

/// The derived value `name` of a row of `samples_by_time`.
pub(super) fn derived(row: &Row<'_>, name: &str) -> Result<Option<f64>, Failure> {
    let kind = codes::kind(row.get(0)?)?;
    let columns = sample::derived_columns(kind).iter();
    if let Some(column) = columns.clone().position(|column| *column == name) {
        return Ok(row.get(6 + MAX_COLUMNS + column)?);
    }
    let derived: Option<String> = row.get(6 + MAX_COLUMNS + MAX_DERIVED)?;
    let Some(derived) = derived else {
        return Ok(None);
    };
    let object: BTreeMap<String, f64> = json::parse("derived values", &derived)?;
    Ok(object.get(name).copied())
}

/// Every derived value of a row of `samples_by_time`, by name.
pub(super) fn all_derived(row: &Row<'_>) -> Result<Vec<(String, f64)>, Failure> {
    let kind = codes::kind(row.get(0)?)?;
    let json: Option<String> = row.get(6 + MAX_COLUMNS + MAX_DERIVED)?;
    let unnamed: BTreeMap<String, f64> = match json {
        Some(json) => json::parse("derived values", &json)?,
        None => BTreeMap::new(),
    };
    let mut derived: Vec<_> = unnamed.into_iter().collect();
    for (column, name) in sample::derived_columns(kind).iter().enumerate() {
        let number: Option<f64> = row.get(6 + MAX_COLUMNS + column)?;
        derived.extend(number.map(|number| ((*name).to_owned(), number)));
    }
    Ok(derived)
}

/// A row of `rollup_hours_between` or `rollup_days_between`.
pub(super) fn rollup(row: &Row<'_>) -> Result<Rollup, Failure> {
    let reading = |at: usize| -> Result<Reading, Failure> {
        Ok(Reading {
            at: codes::timestamp(row.get(at)?)?,
            number: row.get(at + 1)?,
        })
    };
    Ok(Rollup {
        metric: row.get(0)?,
        from: codes::timestamp(row.get(1)?)?,
        to: codes::timestamp(row.get(2)?)?,
        summary: Summary {
            count: row.get::<_, i64>(3)?.cast_unsigned(),
            sum: row.get(4)?,
            min: row.get(5)?,
            max: row.get(6)?,
            first: reading(7)?,
            last: reading(9)?,
            passed: row.get(11)?,
            refused: row.get(12)?,
        },
    })
}

/// A row of `rule_of_node` or `all_rules`.
pub(super) fn rule(row: &Row<'_>) -> Result<(NodeId, RuleBook), Failure> {
    let rule = RuleBook {
        zone: row.get(0)?,
        terms: row.get(1)?,
        since: codes::timestamp(row.get(2)?)?,
    };
    Ok((node_id(row, 3)?, rule))
}

/// A row of `checkpoint_at`.
pub(super) fn checkpoint(row: &Row<'_>) -> Result<Checkpoint, Failure> {
    Ok(Checkpoint {
        at: codes::timestamp(row.get(0)?)?,
        revision: codes::revision(row.get(1)?),
        state: row.get(2)?,
    })
}

/// A row of `open_marks`.
pub(super) fn mark(row: &Row<'_>) -> Result<Mark, Failure> {
    Ok(Mark {
        hour: codes::timestamp(row.get(0)?)?,
        node: node_id(row, 1)?,
    })
}

/// A row of `due_days`.
pub(super) fn due(row: &Row<'_>) -> Result<Due, Failure> {
    Ok(Due {
        node: node_id(row, 0)?,
        from: codes::timestamp(row.get(1)?)?,
    })
}

/// A row of `changes_by_revision` or `tails_between`.
pub(super) fn log_entry(
    connection: &Connection,
    node: NodeId,
    row: &Row<'_>,
) -> Result<LogEntry, Failure> {
    let kind: i64 = row.get(0)?;
    let record = if kind == EVENT {
        let change: String = row.get(6 + MAX_COLUMNS)?;
        Record::Event(codes::timestamp(row.get(1)?)?, json::change(&change)?)
    } else {
        Record::Telemetry(sample(connection, node, row)?)
    };
    Ok(LogEntry {
        revision: codes::revision(row.get(4)?),
        record,
    })
}

/// A row of `tails_between`.
pub(super) fn tail_entry(
    connection: &Connection,
    row: &Row<'_>,
) -> Result<(NodeId, LogEntry), Failure> {
    let node = node_id(row, 7 + MAX_COLUMNS)?;
    Ok((node, log_entry(connection, node, row)?))
}

pub(super) fn node_id(row: &Row<'_>, column: usize) -> Result<NodeId, Failure> {
    Ok(NodeId(Uuid::from_bytes(row.get(column)?)))
}

pub(super) fn channel_id(row: &Row<'_>, column: usize) -> Result<ChannelId, Failure> {
    let signed: i64 = row.get(column)?;
    Ok(ChannelId(signed.cast_unsigned()))
}

pub(super) fn snapshot(row: &Row<'_>) -> Result<SnapshotRow, Failure> {
    Ok(SnapshotRow {
        node: node_id(row, 0)?,
        shard: ShardId(row.get(1)?),
        revision: codes::revision(row.get(2)?),
        state: row.get(3)?,
    })
}

pub(super) fn cursor(row: &Row<'_>) -> Result<CursorRow, Failure> {
    let last_entry: i64 = row.get(2)?;
    let missed: i64 = row.get(5)?;
    Ok(CursorRow {
        channel: channel_id(row, 0)?,
        shard: ShardId(row.get(1)?),
        last_entry: EntryId(last_entry.cast_unsigned()),
        last_created_at: codes::timestamp(row.get(3)?)?,
        generation: row.get(4)?,
        missed: missed.cast_unsigned(),
    })
}

pub(super) fn dead_letter(row: &Row<'_>) -> Result<DeadLetter, Failure> {
    Ok(DeadLetter {
        id: Uuid::from_bytes(row.get(0)?),
        node: node_id(row, 1)?,
        at: codes::timestamp(row.get(2)?)?,
        error: row.get(3)?,
        message: row.get(4)?,
    })
}

pub(super) fn device_key(row: &Row<'_>) -> Result<DeviceKey, Failure> {
    let last_used_at: Option<i64> = row.get(5)?;
    Ok(DeviceKey {
        id: Uuid::from_bytes(row.get(0)?),
        node: node_id(row, 1)?,
        name: row.get(2)?,
        digest: row.get(3)?,
        created_at: codes::timestamp(row.get(4)?)?,
        last_used_at: last_used_at.map(codes::timestamp).transpose()?,
    })
}

pub(super) fn ip_rule(row: &Row<'_>) -> Result<Rule, Failure> {
    let (network, action): (String, String) = (row.get(1)?, row.get(2)?);
    let (network, action) = codes::rule(&network, &action)?;
    Ok(Rule {
        id: Uuid::from_bytes(row.get(0)?),
        network,
        action,
        note: row.get(3)?,
        created_at: codes::timestamp(row.get(4)?)?,
    })
}

pub(super) fn node_spec(row: &Row<'_>) -> Result<NodeSpec, Failure> {
    let spec: String = row.get(0)?;
    Ok(json::spec(&spec)?)
}
