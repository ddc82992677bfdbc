//! The past over SQLite: samples with what was derived from them, rollups, and how far they go.

use evara_actors::domain::{NodeId, Timestamp};
use evara_actors::ports::{ArchiveError, BoxFuture};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::Failure;
use super::history::all;
use super::{DEADLINE, SqliteStore, rows, statements};
use crate::history::{
    Checkpoint, History, PastSample, Rollup, RollupSpan, RuleBook, SampleSpan, Standing, Unit,
};
use crate::store::codes;
use crate::store::page::add_past;
use crate::store::source_key::SourceKey;

impl History for SqliteStore {
    fn samples(
        &self,
        node: NodeId,
        span: SampleSpan,
    ) -> BoxFuture<'_, Result<Vec<PastSample>, ArchiveError>> {
        Box::pin(async move {
            let job = self
                .readers
                .call(DEADLINE, move |connection| samples(connection, node, span));
            Ok(job.await?)
        })
    }

    fn standing(
        &self,
        node: NodeId,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, ArchiveError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                standing(connection, node, from, to)
            });
            Ok(job.await?)
        })
    }

    fn rollups(
        &self,
        node: NodeId,
        span: RollupSpan,
    ) -> BoxFuture<'_, Result<Vec<Rollup>, ArchiveError>> {
        Box::pin(async move {
            let job = self
                .readers
                .call(DEADLINE, move |connection| rollups(connection, node, &span));
            Ok(job.await?)
        })
    }

    fn checkpoint(
        &self,
        node: NodeId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ArchiveError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                let key = params![node.0.as_bytes(), at.millis()];
                let found = all(connection, statements::CHECKPOINT_AT, key, rows::checkpoint);
                Ok(found?.pop())
            });
            Ok(job.await?)
        })
    }
}

fn samples(
    connection: &mut Connection,
    node: NodeId,
    span: SampleSpan,
) -> Result<Vec<PastSample>, Failure> {
    let transaction = connection.transaction()?;
    let mut statement = transaction.prepare_cached(statements::SAMPLES_BY_TIME)?;
    // No source is as short as none: it is before all others of its instant.
    let (at, source) = match span.after.filter(|(at, _)| *at >= span.from) {
        Some((at, source)) => (at, SourceKey::last_of(source).as_bytes().to_vec()),
        None => (span.from, Vec::new()),
    };
    let key = params![node.0.as_bytes(), at.millis(), source, span.to.millis()];
    let mut found = statement.query(key)?;
    let mut samples: Vec<PastSample> = Vec::new();
    while let Some(row) = found.next()? {
        let sample = rows::sample(&transaction, node, row)?;
        let next = PastSample {
            source: sample.source,
            source_at: sample.source_at,
            received_at: sample.received_at,
            revision: codes::revision(row.get(4)?),
            values: sample.values,
            derived: rows::all_derived(row)?,
        };
        if !add_past(&mut samples, next, span.limit) {
            break;
        }
    }
    Ok(samples)
}

fn standing(
    connection: &mut Connection,
    node: NodeId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Standing, Failure> {
    const HOUR_MILLIS: i64 = 3_600_000;
    let transaction = connection.transaction()?;
    let id = node.0.as_bytes();
    let instant = |row: &rusqlite::Row<'_>| Ok(codes::timestamp(row.get(0)?)?);
    let touching = params![id, from.millis() - HOUR_MILLIS, to.millis()];
    let marked = all(&transaction, statements::MARKS_OF_NODE, touching, instant)?;
    let within = params![id, from.millis(), to.millis()];
    let due = all(&transaction, statements::DUE_OF_NODE, within, instant)?;
    let mut rule = all(&transaction, statements::RULE_OF_NODE, [id], rows::rule)?;
    Ok(Standing {
        rule: rule.pop().map(|(_, rule)| rule),
        raw_from: raw_from(&transaction, node)?,
        marked,
        due,
    })
}

/// The instant before which samples of a node may be gone.
pub(super) fn raw_from(
    connection: &Connection,
    node: NodeId,
) -> Result<Option<Timestamp>, Failure> {
    let mut statement = connection.prepare_cached(statements::SEALED_BEFORE)?;
    let millis: Option<i64> = statement
        .query_row([node.0.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(millis.map(codes::timestamp).transpose()?)
}

fn rollups(
    connection: &mut Connection,
    node: NodeId,
    span: &RollupSpan,
) -> Result<Vec<Rollup>, Failure> {
    let sql = match span.unit {
        Unit::Hour => statements::ROLLUP_HOURS_BETWEEN,
        Unit::Day => statements::ROLLUP_DAYS_BETWEEN,
    };
    let wanted = (!span.metrics.is_empty()).then(|| serde_json::Value::from(span.metrics.clone()));
    let wanted = wanted.map(|names| names.to_string());
    let key = params![
        node.0.as_bytes(),
        span.from.millis(),
        span.to.millis(),
        wanted
    ];
    all(connection, sql, key, rows::rollup)
}

/// Every rule there is.
pub(super) fn rules(connection: &mut Connection) -> Result<Vec<(NodeId, RuleBook)>, Failure> {
    all(connection, statements::ALL_RULES, [], rows::rule)
}
