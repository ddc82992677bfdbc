//! Reading back: pages of telemetry, the change log, and all that twins come back from. Each call sees one
//! state of the database, whatever is committed meanwhile.

use std::ops::RangeInclusive;

use evara_actors::domain::{NodeId, Revision, Sample, Value, Verdict};
use evara_actors::ports::{Cursors, DeadLetter, LogEntry, Point, SavedTwins, TelemetryQuery};
use rusqlite::{Connection, Params, Row, params};

use super::error::Failure;
use super::{rows, statements};
use crate::store::codes;
use crate::store::page::Page;
use crate::store::source_key::SourceKey;

/// The points of at most `query.limit` samples. What was reported; a derived value is given to those who
/// ask for its name, unless the device reported a metric of that name itself.
pub(super) fn telemetry(
    connection: &mut Connection,
    node: NodeId,
    query: &TelemetryQuery,
) -> Result<Vec<Point>, Failure> {
    let transaction = connection.transaction()?;
    let mut statement = transaction.prepare_cached(statements::SAMPLES_BY_TIME)?;
    let (at, source) = begin_after(query);
    let mut found = statement.query(params![node.0.as_bytes(), at, source, query.to.millis()])?;
    let mut page = Page::of(query.limit);
    while let Some(row) = found.next()? {
        let sample = rows::sample(&transaction, node, row)?;
        if !page.begins((sample.source_at, sample.source)) {
            break;
        }
        for point in points_of(row, sample, query)? {
            page.add(point);
        }
    }
    Ok(page.into_points())
}

/// The place in the order of time and source that the page begins after. No source is as short as none.
fn begin_after(query: &TelemetryQuery) -> (i64, Vec<u8>) {
    match query.after {
        Some((at, source)) if at >= query.from => {
            (at.millis(), SourceKey::last_of(source).as_bytes().to_vec())
        }
        Some(_) | None => (query.from.millis(), Vec::new()),
    }
}

fn points_of(row: &Row<'_>, sample: Sample, query: &TelemetryQuery) -> Result<Vec<Point>, Failure> {
    let revision = codes::revision(row.get(4)?);
    let point = |value: Value| Point {
        metric: value.metric,
        number: value.number,
        verdict: value.verdict,
        raw: value.raw,
        source: sample.source,
        source_at: sample.source_at,
        received_at: sample.received_at,
        revision,
    };
    let mut values = sample.values;
    if let Some(metric) = &query.metric {
        values.retain(|value| value.metric == *metric);
        if values.is_empty() {
            let number = rows::derived(row, metric.name())?;
            values.extend(number.map(|number| Value {
                metric: metric.clone(),
                number: Some(number),
                verdict: Verdict::GOOD,
                raw: None,
            }));
        }
    }
    Ok(values.into_iter().map(point).collect())
}

/// What changed `node` after a revision. Late rows changed nothing and are left out.
pub(super) fn changes(
    connection: &mut Connection,
    node: NodeId,
    after: Revision,
    limit: u32,
) -> Result<Vec<LogEntry>, Failure> {
    let transaction = connection.transaction()?;
    let after = codes::of_revision(after, false);
    let key = params![node.0.as_bytes(), after, limit];
    let entry = |row: &Row<'_>| rows::log_entry(&transaction, node, row);
    all(&transaction, statements::CHANGES_BY_REVISION, key, entry)
}

/// The cursors of all channels, as they were last committed.
pub(super) fn cursors(connection: &mut Connection) -> Result<Cursors, Failure> {
    let transaction = connection.transaction()?;
    let found = all(&transaction, statements::ALL_CURSORS, [], rows::cursor)?;
    let by_channel = found.into_iter().map(|cursor| (cursor.channel, cursor));
    Ok(by_channel.collect())
}

/// What the twins of these nodes come back from, as it was last committed.
pub(super) fn twins(
    connection: &mut Connection,
    nodes: &RangeInclusive<NodeId>,
) -> Result<SavedTwins, Failure> {
    let transaction = connection.transaction()?;
    let mut twins = SavedTwins::default();
    let span = params![nodes.start().0.as_bytes(), nodes.end().0.as_bytes()];
    for snapshot in all(
        &transaction,
        statements::SNAPSHOTS_BETWEEN,
        span,
        rows::snapshot,
    )? {
        let twin = twins.entry(snapshot.node).or_default();
        twin.snapshot = Some(snapshot);
    }
    let tail = |row: &Row<'_>| rows::tail_entry(&transaction, row);
    for (node, entry) in all(&transaction, statements::TAILS_BETWEEN, span, tail)? {
        twins.entry(node).or_default().tail.push(entry);
    }
    for twin in twins.values_mut() {
        twin.tail.sort_unstable_by_key(|entry| entry.revision);
    }
    Ok(twins)
}

/// The newest dead letters, newest first.
pub(super) fn dead_letters(
    connection: &mut Connection,
    limit: u32,
) -> Result<Vec<DeadLetter>, Failure> {
    all(
        connection,
        statements::NEWEST_DEAD_LETTERS,
        [limit],
        rows::dead_letter,
    )
}

/// Every row that `sql` gives, as `value` reads it.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    key: impl Params,
    value: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query(key)?;
    let mut values = Vec::new();
    while let Some(row) = found.next()? {
        values.push(value(row)?);
    }
    Ok(values)
}
