//! Rows as values. Nothing else in the store indexes a row of telemetry, of the change log or of a table.

use std::collections::BTreeMap;

use evara_actors::domain::{
    ChannelId, EntryId, Kind, NodeId, NodeSpec, Sample, ShardId, Timestamp, Value,
};
use evara_actors::ports::{CursorRow, DeadLetter, LogEntry, Record, SnapshotRow};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use super::error::Failure;
use super::values::{At, from_stored, json_from_stored};
use crate::address::Rule;
use crate::history::{Checkpoint, Due, Mark, Reading, Rollup, RuleBook, Summary};
use crate::store::sample::{self, MAX_COLUMNS, MAX_DERIVED};
use crate::store::source_key::SourceKey;
use crate::store::unreadable::Unreadable;
use crate::store::{DeviceKey, codes, json};

/// The kind of a row of the change log that is an event.
const EVENT: i16 = -1;

/// The columns after those of a sample: of `samples_by_time` its derived values, of the two logs the
/// change and the node.
const AFTER_SAMPLE: usize = 6 + MAX_COLUMNS;

/// What other rows a sample needs to be whole: the key of its rows in `telemetry_other`.
pub(super) type Key = (Uuid, At, Vec<u8>, i16);

/// A row of a sample: the first ten columns of `samples_by_time`, `changes_by_revision` and `tails_between`.
#[derive(Debug)]
pub(super) struct SampleRow {
    pub(super) kind: Kind,
    source_at: At,
    source: Vec<u8>,
    received_at: At,
    verdicts: Option<Vec<u8>>,
    numbers: [Option<f64>; MAX_COLUMNS],
}

impl SampleRow {
    pub(super) fn of(row: &Row) -> Result<Self, Failure> {
        let kind: i16 = get(row, 0)?;
        let mut numbers = [None; MAX_COLUMNS];
        for (column, number) in numbers.iter_mut().enumerate() {
            *number = get(row, 6 + column)?;
        }
        Ok(Self {
            kind: codes::kind(kind.into())?,
            source_at: get(row, 1)?,
            source: get(row, 2)?,
            received_at: get(row, 3)?,
            verdicts: get(row, 5)?,
            numbers,
        })
    }

    /// The key of its other values, if it has any.
    pub(super) fn elsewhere(&self, node: NodeId) -> Option<Key> {
        let kind = codes::of_kind(self.kind) as i16;
        let is_elsewhere = sample::is_elsewhere(self.verdicts.as_deref());
        is_elsewhere.then(|| (node.0, self.source_at, self.source.clone(), kind))
    }

    /// The key of its source.
    pub(super) fn key(&self) -> Result<SourceKey, Failure> {
        let long = || Unreadable("a source that is no source".to_owned());
        Ok(SourceKey::stored(&self.source).ok_or_else(long)?)
    }

    /// The sample, with its other values in their order.
    pub(super) fn whole(self, elsewhere: Vec<Value>) -> Result<Sample, Failure> {
        let verdicts = self.verdicts.as_deref();
        let values = sample::join(self.kind, self.numbers, verdicts, || {
            Ok::<_, Failure>(elsewhere)
        })?;
        Ok(Sample {
            source: self.key()?.source()?,
            source_at: self.source_at.0,
            received_at: self.received_at.0,
            values,
        })
    }
}

/// Where in the order of time and source a row of `samples_by_time` stands.
pub(super) fn place(row: &Row) -> Result<(At, Vec<u8>), Failure> {
    Ok((get(row, 1)?, get(row, 2)?))
}

/// A row of `other_values`: which of the keys that were asked for it belongs to, counted from 1.
pub(super) fn other_value(row: &Row) -> Result<(i64, Value), Failure> {
    let name = from_stored(get(row, 1)?)?;
    let metric = name
        .parse()
        .map_err(|_| Unreadable(format!("a metric with the name {name:?}")))?;
    let raw: Option<String> = get(row, 3)?;
    let verdict: i16 = get(row, 4)?;
    let code = u8::try_from(verdict).map_err(|_| Unreadable(format!("{verdict} is no verdict")))?;
    let value = Value {
        metric,
        number: get(row, 2)?,
        verdict: codes::verdict(code)?,
        raw: raw
            .map(from_stored)
            .transpose()?
            .map(String::into_boxed_str),
    };
    Ok((get(row, 0)?, value))
}

/// The derived value `name` of a row of `samples_by_time`.
pub(super) fn derived(row: &Row, kind: Kind, name: &str) -> Result<Option<f64>, Failure> {
    let mut columns = sample::derived_columns(kind).iter();
    if let Some(column) = columns.position(|column| *column == name) {
        return get(row, AFTER_SAMPLE + column);
    }
    let derived: Option<String> = get(row, AFTER_SAMPLE + MAX_DERIVED)?;
    let Some(derived) = derived else {
        return Ok(None);
    };
    let object: BTreeMap<String, f64> = json::parse("derived values", &derived)?;
    Ok(object.get(name).copied())
}

/// Every derived value of a row of `samples_by_time`, by name.
pub(super) fn all_derived(row: &Row, kind: Kind) -> Result<Vec<(String, f64)>, Failure> {
    let unnamed: Option<String> = get(row, AFTER_SAMPLE + MAX_DERIVED)?;
    let unnamed: BTreeMap<String, f64> = match unnamed {
        Some(object) => json::parse("derived values", &object)?,
        None => BTreeMap::new(),
    };
    let mut derived: Vec<_> = unnamed.into_iter().collect();
    for (column, name) in sample::derived_columns(kind).iter().enumerate() {
        let number: Option<f64> = get(row, AFTER_SAMPLE + column)?;
        derived.extend(number.map(|number| ((*name).to_owned(), number)));
    }
    Ok(derived)
}

/// A row of `rollup_hours_between` or `rollup_days_between`.
pub(super) fn rollup(row: &Row) -> Result<Rollup, Failure> {
    let time = |column| -> Result<_, Failure> { Ok(get::<At>(row, column)?.0) };
    let reading = |column: usize| -> Result<Reading, Failure> {
        Ok(Reading {
            at: time(column)?,
            number: get(row, column + 1)?,
        })
    };
    let refused: i64 = get(row, 12)?;
    Ok(Rollup {
        metric: get(row, 0)?,
        from: time(1)?,
        to: time(2)?,
        summary: Summary {
            count: get::<i64>(row, 3)?.cast_unsigned(),
            sum: get(row, 4)?,
            min: get(row, 5)?,
            max: get(row, 6)?,
            first: reading(7)?,
            last: reading(9)?,
            passed: get(row, 11)?,
            refused: u32::try_from(refused).unwrap_or(u32::MAX),
        },
    })
}

/// A row of `rule_of_node` or `all_rules`.
pub(super) fn rule(row: &Row) -> Result<(NodeId, RuleBook), Failure> {
    let rule = RuleBook {
        zone: get(row, 0)?,
        terms: get(row, 1)?,
        since: get::<At>(row, 2)?.0,
    };
    Ok((NodeId(get(row, 3)?), rule))
}

/// A row of `checkpoint_at`.
pub(super) fn checkpoint(row: &Row) -> Result<Checkpoint, Failure> {
    Ok(Checkpoint {
        at: instant(row)?,
        revision: codes::revision(get(row, 1)?),
        state: get(row, 2)?,
    })
}

/// A row of `take_marks`.
pub(super) fn mark(row: &Row) -> Result<Mark, Failure> {
    Ok(Mark {
        hour: instant(row)?,
        node: NodeId(get(row, 1)?),
    })
}

/// A row of `due_days`.
pub(super) fn due(row: &Row) -> Result<Due, Failure> {
    Ok(Due {
        node: NodeId(get(row, 0)?),
        from: get::<At>(row, 1)?.0,
    })
}

/// A row of one instant, or one that begins with it.
pub(super) fn instant(row: &Row) -> Result<Timestamp, Failure> {
    Ok(get::<At>(row, 0)?.0)
}

pub(super) fn revision(row: &Row) -> Result<evara_actors::domain::Revision, Failure> {
    Ok(codes::revision(get(row, 4)?))
}

/// An entry of a log: an event whole, or a sample that may miss its other values.
#[derive(Debug)]
pub(super) enum Logged {
    Event(LogEntry),
    Sample(evara_actors::domain::Revision, SampleRow),
}

/// A row of `changes_by_revision` or `tails_between`.
pub(super) fn logged(row: &Row) -> Result<Logged, Failure> {
    let (kind, revision) = (get::<i16>(row, 0)?, revision(row)?);
    if kind != EVENT {
        return Ok(Logged::Sample(revision, SampleRow::of(row)?));
    }
    let (At(at), change): (At, String) = (get(row, 1)?, get(row, AFTER_SAMPLE)?);
    let record = Record::Event(at, json::change(&change)?);
    Ok(Logged::Event(LogEntry { revision, record }))
}

/// Whose entry a row of `tails_between` is.
pub(super) fn node_of_tail(row: &Row) -> Result<NodeId, Failure> {
    Ok(NodeId(get(row, AFTER_SAMPLE + 1)?))
}

pub(super) fn snapshot(row: &Row) -> Result<SnapshotRow, Failure> {
    Ok(SnapshotRow {
        node: NodeId(get(row, 0)?),
        shard: shard(row, 1)?,
        revision: codes::revision(get(row, 2)?),
        state: get(row, 3)?,
    })
}

pub(super) fn cursor(row: &Row) -> Result<CursorRow, Failure> {
    let (At(last_created_at), generation): (At, i64) = (get(row, 3)?, get(row, 4)?);
    let unknown = |_| Unreadable(format!("{generation} is no generation of a channel"));
    Ok(CursorRow {
        channel: ChannelId(unsigned(row, 0)?),
        shard: shard(row, 1)?,
        last_entry: EntryId(unsigned(row, 2)?),
        last_created_at,
        generation: u32::try_from(generation).map_err(unknown)?,
        missed: unsigned(row, 5)?,
    })
}

pub(super) fn dead_letter(row: &Row) -> Result<DeadLetter, Failure> {
    let At(at) = get(row, 2)?;
    Ok(DeadLetter {
        id: get(row, 0)?,
        node: NodeId(get(row, 1)?),
        at,
        error: from_stored(get(row, 3)?)?,
        message: from_stored(get(row, 4)?)?,
    })
}

pub(super) fn device_key(row: &Row) -> Result<DeviceKey, Failure> {
    let (name, last_used_at): (Option<String>, Option<At>) = (get(row, 2)?, get(row, 5)?);
    let At(created_at) = get(row, 4)?;
    Ok(DeviceKey {
        id: get(row, 0)?,
        node: NodeId(get(row, 1)?),
        name: name.map(from_stored).transpose()?,
        digest: digest(row, 3)?,
        created_at,
        last_used_at: last_used_at.map(|At(at)| at),
    })
}

pub(super) fn ip_rule(row: &Row) -> Result<Rule, Failure> {
    let (network, action): (String, String) = (get(row, 1)?, get(row, 2)?);
    let (network, action) = codes::rule(&network, &action)?;
    let (note, At(created_at)): (Option<String>, At) = (get(row, 3)?, get(row, 4)?);
    Ok(Rule {
        id: get(row, 0)?,
        network,
        action,
        note: note.map(from_stored).transpose()?,
        created_at,
    })
}

/// The digest of a request, when it was begun, and the answer, sealed.
pub(super) type Receipt = ([u8; 32], Timestamp, Option<Vec<u8>>);

/// A row of `receipt`.
pub(super) fn receipt(row: &Row) -> Result<Receipt, Failure> {
    let At(begun_at) = get(row, 1)?;
    Ok((digest(row, 0)?, begun_at, get(row, 2)?))
}

fn digest(row: &Row, column: usize) -> Result<[u8; 32], Failure> {
    let bytes: Vec<u8> = get(row, column)?;
    let short = |_| Unreadable("a digest of another length".to_owned());
    Ok(bytes.try_into().map_err(short)?)
}

pub(super) fn node_spec(row: &Row) -> Result<NodeSpec, Failure> {
    Ok(json::spec(&json_from_stored(get(row, 0)?)?)?)
}

/// A row of `all_read_keys`: the node, its channel, and the key, sealed.
pub(super) fn read_key(row: &Row) -> Result<(NodeId, ChannelId, Vec<u8>), Failure> {
    let channel = ChannelId(unsigned(row, 1)?);
    Ok((NodeId(get(row, 0)?), channel, get(row, 2)?))
}

pub(super) fn is_there(row: &Row) -> Result<bool, Failure> {
    get(row, 0)
}

/// A row that is one node.
pub(super) fn node(row: &Row) -> Result<NodeId, Failure> {
    Ok(NodeId(get(row, 0)?))
}

/// A row of `raw_days`: a community, and none for ever.
pub(super) fn raw_days(row: &Row) -> Result<(Uuid, Option<u32>), Failure> {
    let days: Option<i32> = get(row, 1)?;
    let unknown = |_| Unreadable("a plan that keeps readings for less than no time".to_owned());
    Ok((
        get(row, 0)?,
        days.map(u32::try_from).transpose().map_err(unknown)?,
    ))
}

/// A row of `plan_of_newcomer`: what the plan is called, and how many nodes it allows.
pub(super) fn allowance(row: &Row) -> Result<(String, u32), Failure> {
    let nodes: i32 = get(row, 1)?;
    let below = |_| Unreadable("a plan with a limit below nought".to_owned());
    let nodes = u32::try_from(nodes).map_err(below)?;
    Ok((from_stored(get(row, 0)?)?, nodes))
}

/// A row that is a number of rows.
pub(super) fn count(row: &Row) -> Result<u64, Failure> {
    unsigned(row, 0)
}

/// A row of `next_sealed_samples`: the last node that was looked at, and the one that was found with the
/// instant before which it is sealed.
pub(super) fn sealed_samples(row: &Row) -> Result<(NodeId, Option<(NodeId, Timestamp)>), Failure> {
    let found: Option<Uuid> = get(row, 1)?;
    let before: Option<At> = get(row, 2)?;
    let found = found.map(NodeId).zip(before.map(|before| before.0));
    Ok((NodeId(get(row, 0)?), found))
}

/// A row that is one text.
pub(super) fn text(row: &Row) -> Result<String, Failure> {
    get(row, 0)
}

fn unsigned(row: &Row, column: usize) -> Result<u64, Failure> {
    Ok(get::<i64>(row, column)?.cast_unsigned())
}

fn shard(row: &Row, column: usize) -> Result<ShardId, Failure> {
    let number: i32 = get(row, column)?;
    let unknown = |_| Unreadable(format!("{number} is no shard"));
    Ok(ShardId(u16::try_from(number).map_err(unknown)?))
}

fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Failure> {
    Ok(row.try_get(column)?)
}

/// A row of `replica_standing`: whether it follows us, whether it is there, and how far it is behind in
/// bytes and milliseconds.
pub(super) fn replica_standing(row: &Row) -> Result<(bool, bool, u64, u64), Failure> {
    let lag = |place| Ok::<_, Failure>(get::<Option<i64>>(row, place)?.unwrap_or(0).unsigned_abs());
    // A server that never followed anybody has replayed nothing.
    let is_there: Option<bool> = get(row, 1)?;
    Ok((get(row, 0)?, is_there.unwrap_or(false), lag(2)?, lag(3)?))
}
