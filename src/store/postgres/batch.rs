//! One batch, one transaction, a statement a table. What is there already stays as it is, so that any
//! batch may be repeated.
//!
//! A batch becomes columns, since PostgreSQL takes an array as fast as a value: the number of turns
//! between us and the server does not depend on the number of rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use evara_actors::domain::{Kind, NodeId, Timestamp};
use evara_actors::ports::{Batch, CursorRow, DeadLetter, EventRow, SnapshotRow, TelemetryRow};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::error::Failure;
use super::logged::Fresh;
use super::months::{self, Month};
use super::ownership::Fence;
use super::statements::{self, Query};
use super::transaction::{Params, Transaction};
use super::values::{At, to_stored};
use super::{PostgresStore, UNWATCHED_DEADLINE};
use crate::failpoint::{self, Moment};
use crate::store::source_key::SourceKey;
use crate::store::{codes, json, sample};

/// Values for which a plan that was made for arrays of ten is still good, though it may try each with each.
const FEW_VALUES: usize = 128;

const DAY_MILLIS: i64 = 86_400_000;

/// A parameter of a statement: an array with an element a row.
type Column<'b> = Box<dyn ToSql + Sync + Send + 'b>;

/// A statement with its parameters.
type Written<'b> = (Query, Vec<Column<'b>>);

/// Commits all of `batch`, or nothing.
pub(super) async fn commit(store: &PostgresStore, batch: &Batch) -> Result<(), Failure> {
    make_months(store, batch).await?;
    match write(store, batch).await {
        // A month that we know was dropped by somebody else: what is of no month is checked to be so.
        Err(failure) if failure.is(&SqlState::CHECK_VIOLATION) => {
            store.known().months.clear();
            make_months(store, batch).await?;
            write(store, batch).await
        }
        done => done,
    }
}

async fn make_months(store: &PostgresStore, batch: &Batch) -> Result<(), Failure> {
    let missing = {
        let known = store.known();
        // To find the month of an instant costs much more than to find its day.
        let days = batch.telemetry.iter().map(|row| row.sample.source_at);
        let days: BTreeSet<i64> = days.map(|at| at.millis().div_euclid(DAY_MILLIS)).collect();
        let months = days
            .into_iter()
            .filter_map(|day| Month::of(Timestamp::from_millis(day.saturating_mul(DAY_MILLIS))));
        months
            .filter(|month| !known.months.contains(month))
            .collect::<BTreeSet<_>>()
    };
    if !missing.is_empty() {
        months::make(&store.connections, &missing).await?;
        store.known().months.extend(missing);
    }
    Ok(())
}

async fn write(store: &PostgresStore, batch: &Batch) -> Result<(), Failure> {
    let _until_committed = store.marks.relying().await;
    let fresh = store.known().logged.missing(batch);
    let unmarked = store.marks.missing(&batch.telemetry);
    let fence = store.fence(&batch.shards);
    let mut written = statements_of(batch, &fresh, &fence)?;
    if !unmarked.is_empty() {
        let keys: Vec<_> = unmarked.iter().collect();
        let hours = each(&keys, |(hour, _)| At(*hour));
        let nodes = each(&keys, |(_, node)| node.0);
        written.push((statements::MARK_HOURS, vec![hours, nodes]));
    }
    if written.is_empty() {
        return Ok(());
    }
    let params: Vec<Vec<&(dyn ToSql + Sync)>> = written
        .iter()
        .map(|(_, columns)| columns.iter().map(|column| &**column as _).collect())
        .collect();
    let held = fence.params();
    let mut queries: Vec<(Query, Params<'_>)> = vec![(Fence::QUERY, &held)];
    let rows = written.iter().zip(&params);
    queries.extend(rows.map(|((query, _), params)| (*query, params.as_slice())));
    queries.push((statements::CURRENT_TRANSACTION, &[]));
    let values = batch.telemetry.iter().map(|row| row.sample.values.len());
    let mut transaction = match values.sum::<usize>() {
        ..=FEW_VALUES => Transaction::writing_few(&store.connections, UNWATCHED_DEADLINE).await?,
        _ => Transaction::writing(&store.connections, UNWATCHED_DEADLINE).await?,
    };
    let answers = store.unless_lost(&fence, send(&mut transaction, &queries).await)?;
    let number = answers.last().and_then(|rows| rows.first());
    let number: String = number.ok_or(Failure::Ended)?.try_get(0)?;
    failpoint::reach(Moment::BeforeCommit);
    transaction.commit_as(number).await?;
    failpoint::reach(Moment::AfterCommit);
    store.known().logged.remember(fresh);
    store.marks.remember(unmarked);
    Ok(())
}

/// Sends all of a batch at once; one after the other where a test wants to come in between.
async fn send(
    transaction: &mut Transaction<'_>,
    queries: &[(Query, Params<'_>)],
) -> Result<Vec<Vec<Row>>, Failure> {
    if !failpoint::is_armed() {
        return transaction.all(queries).await;
    }
    let mut answers = Vec::new();
    for (query, params) in queries {
        if query.name == statements::PUT_CURSORS.name {
            failpoint::reach(Moment::CursorWrite);
        }
        answers.push(transaction.rows(*query, params).await?);
        if answers.len() == 1 {
            failpoint::reach(Moment::InCommit);
        }
    }
    Ok(answers)
}

/// In the order in which every statement takes the tables.
fn statements_of<'b>(
    batch: &'b Batch,
    fresh: &Fresh,
    fence: &Fence,
) -> Result<Vec<Written<'b>>, Failure> {
    let mut written = Vec::new();
    written.extend(logged(fresh));
    for kind in [Kind::Tank, Kind::Flow, Kind::Deep, Kind::Generic] {
        written.extend(samples(kind, &batch.telemetry));
    }
    written.extend(events(&batch.events)?);
    written.extend(snapshots(&batch.snapshots, fence));
    written.extend(cursors(&batch.cursors));
    written.extend(dead_letters(&batch.dead_letters));
    Ok(written)
}

fn column<'b, T: ToSql + Sync + Send + 'b>(values: Vec<T>) -> Column<'b> {
    Box::new(values)
}

fn each<'b, R, T: ToSql + Sync + Send + 'b>(rows: &[R], value: impl Fn(&R) -> T) -> Column<'b> {
    column(rows.iter().map(value).collect())
}

/// Of several writers each takes its rows in the same order, so that none waits for another that waits
/// for it.
fn logged<'b>(fresh: &Fresh) -> Vec<Written<'b>> {
    let mut written: Vec<Written<'b>> = Vec::new();
    if !fresh.nodes.is_empty() {
        let nodes = fresh.nodes.iter().map(|node| node.0).collect::<Vec<_>>();
        written.push((statements::INSERT_LOGGED_NODES, vec![column(nodes)]));
    }
    if !fresh.spans.is_empty() {
        let spans: Vec<_> = fresh.spans.iter().collect();
        let columns = vec![
            each(&spans, |span| span.node.0),
            each(&spans, |span| codes::of_kind(span.kind) as i16),
            each(&spans, |span| At(span.from)),
            each(&spans, |span| At(span.to)),
        ];
        written.push((statements::INSERT_LOGGED_SPANS, columns));
    }
    written
}

fn samples(kind: Kind, telemetry: &[TelemetryRow]) -> Option<Written<'_>> {
    let mut rows: Vec<&TelemetryRow> = telemetry.iter().filter(|row| row.kind == kind).collect();
    if rows.is_empty() {
        return None;
    }
    // In the order of the primary key: rows that share a page meet it while it is at hand, and writers
    // do not wait for each other in a circle. The sort is stable: of two rows with one key the first stays.
    let key = |row: &&TelemetryRow| (row.node, row.sample.source_at, SourceKey::of(&row.sample));
    rows.sort_by_cached_key(key);
    rows.dedup_by_key(|row| key(row));
    let divided: Vec<_> = rows
        .iter()
        .map(|row| sample::divide(kind, &row.sample.values))
        .collect();
    let named = sample::derived_columns(kind);
    let mut columns = vec![
        each(&rows, |row| row.node.0),
        each(&rows, |row| At(row.sample.source_at)),
        each(&rows, |row| SourceKey::of(&row.sample).as_bytes().to_vec()),
        each(&rows, |row| At(row.sample.received_at)),
        each(&rows, |row| codes::of_revision(row.revision, row.late)),
        each(&divided, |sample| sample.verdicts.clone()),
    ];
    for number in 0..sample::columns(kind).len() {
        columns.push(each(&divided, |sample| sample.numbers[number]));
    }
    for name in named {
        columns.push(each(&rows, |row| derived(row, name)));
    }
    columns.push(each(&rows, |row| {
        json::unnamed_derived(&row.derived, named)
    }));
    columns.extend(other_values(&rows, &divided));
    Some((statements::insert_samples(kind), columns))
}

fn derived(row: &TelemetryRow, name: &str) -> Option<f64> {
    let found = row.derived.iter().find(|(found, _)| *found == name);
    found.map(|(_, number)| *number)
}

fn other_values<'b>(rows: &[&'b TelemetryRow], divided: &[sample::Divided<'b>]) -> [Column<'b>; 8] {
    let values: Vec<_> = rows
        .iter()
        .zip(divided)
        .flat_map(|(row, sample)| {
            let values = sample.elsewhere.iter();
            values.map(|(position, value)| (*row, position.cast_signed(), *value))
        })
        .collect();
    [
        each(&values, |(row, _, _)| row.node.0),
        each(&values, |(row, _, _)| At(row.sample.source_at)),
        each(&values, |(row, _, _)| {
            SourceKey::of(&row.sample).as_bytes().to_vec()
        }),
        each(&values, |(_, position, _)| *position),
        each(&values, |(_, _, value)| to_stored(value.metric.name())),
        each(&values, |(_, _, value)| value.number),
        each(&values, |(_, _, value)| value.raw.as_deref().map(to_stored)),
        each(&values, |(_, _, value)| {
            i16::from(codes::of_verdict(value.verdict))
        }),
    ]
}

fn events(rows: &[EventRow]) -> Result<Option<Written<'_>>, Failure> {
    if rows.is_empty() {
        return Ok(None);
    }
    let changes = rows.iter().map(|row| json::of_change(&row.change));
    let changes: Vec<String> = changes.collect::<Result<_, _>>()?;
    let columns = vec![
        each(rows, |row| row.node.0),
        each(rows, |row| codes::of_revision(row.revision, false)),
        each(rows, |row| At(row.at)),
        column(changes),
    ];
    Ok(Some((statements::INSERT_EVENTS, columns)))
}

/// One statement changes a row once: of several snapshots of a twin the newest is written, the first of
/// those that are equally new.
fn snapshots<'b>(rows: &'b [SnapshotRow], fence: &Fence) -> Option<Written<'b>> {
    let mut newest: BTreeMap<NodeId, &SnapshotRow> = BTreeMap::new();
    for row in rows {
        let kept = newest.entry(row.node).or_insert(row);
        if kept.revision < row.revision {
            *kept = row;
        }
    }
    let rows: Vec<&SnapshotRow> = newest.into_values().collect();
    let columns = vec![
        each(&rows, |row| row.node.0),
        each(&rows, |row| i32::from(row.shard.0)),
        each(&rows, |row| codes::of_revision(row.revision, false)),
        column(rows.iter().map(|row| row.state.as_slice()).collect()),
        Box::new(*fence.claim.stored()),
    ];
    (!rows.is_empty()).then_some((statements::PUT_SNAPSHOTS, columns))
}

/// One statement changes a row once: of several cursors of a channel the last is written.
fn cursors(rows: &[CursorRow]) -> Option<Written<'_>> {
    let last: HashMap<_, _> = rows.iter().map(|row| (row.channel, row)).collect();
    let mut rows: Vec<&CursorRow> = last.into_values().collect();
    rows.sort_by_key(|row| row.channel);
    let columns = vec![
        each(&rows, |row| row.channel.0.cast_signed()),
        each(&rows, |row| i32::from(row.shard.0)),
        each(&rows, |row| row.last_entry.0.cast_signed()),
        each(&rows, |row| At(row.last_created_at)),
        each(&rows, |row| i64::from(row.generation)),
        each(&rows, |row| row.missed.cast_signed()),
    ];
    (!rows.is_empty()).then_some((statements::PUT_CURSORS, columns))
}

fn dead_letters(rows: &[DeadLetter]) -> Option<Written<'_>> {
    let columns = vec![
        each(rows, |letter| letter.id),
        each(rows, |letter| letter.node.0),
        each(rows, |letter| At(letter.at)),
        column(rows.iter().map(|letter| to_stored(&letter.error)).collect()),
        column(
            rows.iter()
                .map(|letter| to_stored(&letter.message))
                .collect(),
        ),
    ];
    (!rows.is_empty()).then_some((statements::INSERT_DEAD_LETTERS, columns))
}
