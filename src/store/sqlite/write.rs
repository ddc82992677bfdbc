//! One batch, one transaction. What is there already stays as it is, so that any batch may be repeated.

use evara_actors::ports::{Batch, CursorRow, DeadLetter, EventRow, SnapshotRow, TelemetryRow};
use rusqlite::{CachedStatement, Connection, ToSql, Transaction, TransactionBehavior, params};

use super::error::Failure;
use super::marks::{Marks, Touched};
use super::statements;
use crate::failpoint::{self, Moment};
use crate::store::source_key::SourceKey;
use crate::store::{codes, json, sample};

/// Commits all of `batch`, or nothing.
pub(super) fn commit(
    connection: &mut Connection,
    batch: &Batch,
    marks: &Marks,
) -> Result<(), Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // In the order of the tables: rows that share a page meet it while it is at hand. The sort is
    // stable, so that of two rows with one key the first stays.
    let mut telemetry: Vec<&TelemetryRow> = batch.telemetry.iter().collect();
    telemetry.sort_by_key(|row| (row.kind, row.node, row.sample.source_at));
    let mut touched = Touched::default();
    for row in telemetry {
        if write_sample(&transaction, row)? {
            touched.add(row.node, row.sample.source_at);
        }
    }
    let unmarked = marks.without(touched);
    for (node, hour) in unmarked.iter() {
        transaction
            .prepare_cached(statements::MARK_HOUR)?
            .execute(params![hour.millis(), node.0.as_bytes()])?;
    }
    failpoint::reach(Moment::InCommit);
    for row in &batch.events {
        write_event(&transaction, row)?;
    }
    for row in &batch.snapshots {
        write_snapshot(&transaction, row)?;
    }
    for row in &batch.cursors {
        failpoint::reach(Moment::CursorWrite);
        write_cursor(&transaction, row)?;
    }
    for letter in &batch.dead_letters {
        write_dead_letter(&transaction, letter)?;
    }
    failpoint::reach(Moment::BeforeCommit);
    transaction.commit()?;
    failpoint::reach(Moment::AfterCommit);
    marks.remember(unmarked);
    Ok(())
}

/// Tells whether the sample was not there yet.
fn write_sample(transaction: &Transaction<'_>, row: &TelemetryRow) -> Result<bool, Failure> {
    let sample = &*row.sample;
    let source = SourceKey::of(sample);
    let divided = sample::divide(row.kind, &sample.values);
    let mut insert = Insert::prepare(transaction, statements::insert_sample(row.kind))?;
    insert.bind(row.node.0.as_bytes())?;
    insert.bind(sample.source_at.millis())?;
    insert.bind(source)?;
    insert.bind(sample.received_at.millis())?;
    insert.bind(codes::of_revision(row.revision, row.late))?;
    insert.bind(divided.verdicts)?;
    for (number, _column) in divided.numbers.iter().zip(sample::columns(row.kind)) {
        insert.bind(number)?;
    }
    let named = sample::derived_columns(row.kind);
    for name in named {
        let derived = row.derived.iter().find(|(found, _)| found == name);
        insert.bind(derived.map(|(_, number)| number))?;
    }
    insert.bind(json::unnamed_derived(&row.derived, named))?;
    let is_new = insert.statement.raw_execute()? == 1;
    if !is_new {
        return Ok(false);
    }
    for (position, value) in divided.elsewhere {
        transaction
            .prepare_cached(statements::INSERT_OTHER)?
            .execute(params![
                row.node.0.as_bytes(),
                sample.source_at.millis(),
                source,
                codes::of_kind(row.kind),
                position,
                value.metric.name(),
                value.number,
                value.raw.as_deref(),
                codes::of_verdict(value.verdict),
            ])?;
    }
    Ok(true)
}

fn write_event(transaction: &Transaction<'_>, row: &EventRow) -> Result<(), Failure> {
    let change = json::of_change(&row.change)?;
    transaction
        .prepare_cached(statements::INSERT_EVENT)?
        .execute(params![
            row.node.0.as_bytes(),
            codes::of_revision(row.revision, false),
            row.at.millis(),
            change,
        ])?;
    Ok(())
}

fn write_snapshot(transaction: &Transaction<'_>, row: &SnapshotRow) -> Result<(), Failure> {
    transaction
        .prepare_cached(statements::PUT_SNAPSHOT)?
        .execute(params![
            row.node.0.as_bytes(),
            row.shard.0,
            codes::of_revision(row.revision, false),
            row.state,
        ])?;
    Ok(())
}

fn write_cursor(transaction: &Transaction<'_>, row: &CursorRow) -> Result<(), Failure> {
    transaction
        .prepare_cached(statements::PUT_CURSOR)?
        .execute(params![
            row.channel.0.cast_signed(),
            row.shard.0,
            row.last_entry.0.cast_signed(),
            row.last_created_at.millis(),
            row.generation,
            row.missed.cast_signed(),
        ])?;
    Ok(())
}

fn write_dead_letter(transaction: &Transaction<'_>, letter: &DeadLetter) -> Result<(), Failure> {
    transaction
        .prepare_cached(statements::INSERT_DEAD_LETTER)?
        .execute(params![
            letter.id.as_bytes(),
            letter.node.0.as_bytes(),
            letter.at.millis(),
            letter.error,
            letter.message,
        ])?;
    Ok(())
}

/// A statement whose parameters are bound from first to last: how many there are depends on the table.
struct Insert<'t> {
    statement: CachedStatement<'t>,
    bound: usize,
}

impl<'t> Insert<'t> {
    fn prepare(transaction: &'t Transaction<'_>, sql: &str) -> Result<Self, Failure> {
        let statement = transaction.prepare_cached(sql)?;
        Ok(Self {
            statement,
            bound: 0,
        })
    }

    fn bind(&mut self, value: impl ToSql) -> Result<(), Failure> {
        self.bound += 1;
        Ok(self.statement.raw_bind_parameter(self.bound, value)?)
    }
}
