//! Reading back: pages of telemetry, the change log, and all that twins come back from. Each call sees one
//! state of the database, whatever is committed meanwhile.

use std::ops::RangeInclusive;

use evara_actors::domain::{Kind, NodeId, Revision, Sample, Value, Verdict};
use evara_actors::ports::{
    Cursors, DeadLetter, LogEntry, Point, Record, SavedTwins, TelemetryQuery,
};
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::Failure;
use super::rows::{self, Key, Logged, SampleRow};
use super::statements::{self, Query};
use super::transaction::{Params, Transaction};
use super::values::At;
use super::{LOAD_DEADLINE, PostgresStore};
use crate::store::codes;
use crate::store::page::Page;
use crate::store::source_key::SourceKey;

/// Rows that are fetched at once: few turns for a long page, little memory for a wide one.
const ROWS_AT_ONCE: u32 = 5_000;

/// Fewer are not worth a turn: not every sample has the metric that is asked for.
const FEWEST_AT_ONCE: u32 = 200;

/// The points of at most `query.limit` samples. What was reported; a derived value is given to those who
/// ask for its name, unless the device reported a metric of that name itself.
pub(super) async fn telemetry(
    transaction: &mut Transaction<'_>,
    node: NodeId,
    query: &TelemetryQuery,
) -> Result<Vec<Point>, Failure> {
    let mut page = Page::of(query.limit);
    let mut after = begin_after(query);
    loop {
        let limit = i64::from(page.room().clamp(FEWEST_AT_ONCE, ROWS_AT_ONCE));
        let (at, source) = &after;
        let params: Params<'_> = &[&node.0, at, source, &At(query.to), &limit];
        let found = transaction
            .rows(statements::SAMPLES_BY_TIME, params)
            .await?;
        let mut is_full = false;
        for (row, (kind, sample)) in whole_samples(transaction, node, &found).await? {
            is_full = !page.begins((sample.source_at, sample.source));
            if is_full {
                break;
            }
            for point in points_of(row, kind, sample, query)? {
                page.add(point);
            }
        }
        match found
            .last()
            .filter(|_| found.len() as i64 == limit && !is_full)
        {
            Some(last) => after = rows::place(last)?,
            None => break,
        }
    }
    Ok(page.into_points())
}

/// The place in the order of time and source that the page begins after. No source is as short as none.
fn begin_after(query: &TelemetryQuery) -> (At, Vec<u8>) {
    match query.after {
        Some((at, source)) if at >= query.from => {
            (At(at), SourceKey::last_of(source).as_bytes().to_vec())
        }
        Some(_) | None => (At(query.from), Vec::new()),
    }
}

fn points_of(
    row: &Row,
    kind: Kind,
    sample: Sample,
    query: &TelemetryQuery,
) -> Result<Vec<Point>, Failure> {
    let revision = rows::revision(row)?;
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
            let number = rows::derived(row, kind, metric.name())?;
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

/// The samples of rows of `samples_by_time`.
pub(super) async fn whole_samples<'r>(
    transaction: &mut Transaction<'_>,
    node: NodeId,
    found: &'r [Row],
) -> Result<Vec<(&'r Row, (Kind, Sample))>, Failure> {
    let samples = found.iter().map(SampleRow::of);
    let samples: Vec<SampleRow> = samples.collect::<Result<_, _>>()?;
    let keys = samples.iter().map(|sample| sample.elsewhere(node));
    let others = other_values(transaction, keys.collect()).await?;
    let whole = |((row, sample), others): ((&'r Row, SampleRow), Vec<Value>)| {
        Ok((row, (sample.kind, sample.whole(others)?)))
    };
    found.iter().zip(samples).zip(others).map(whole).collect()
}

/// The other values of samples by their keys; none for a sample without a key.
async fn other_values(
    transaction: &mut Transaction<'_>,
    keys: Vec<Option<Key>>,
) -> Result<Vec<Vec<Value>>, Failure> {
    let mut values: Vec<Vec<Value>> = keys.iter().map(|_| Vec::new()).collect();
    let (mut places, mut nodes): (Vec<usize>, Vec<Uuid>) = Default::default();
    let (mut times, mut sources, mut kinds): (Vec<At>, Vec<Vec<u8>>, Vec<i16>) = Default::default();
    for (place, key) in keys.into_iter().enumerate() {
        let Some((node, source_at, source, kind)) = key else {
            continue;
        };
        places.push(place);
        nodes.push(node);
        times.push(source_at);
        sources.push(source);
        kinds.push(kind);
    }
    if places.is_empty() {
        return Ok(values);
    }
    let params: Params<'_> = &[&nodes, &times, &sources, &kinds];
    for row in transaction.rows(statements::OTHER_VALUES, params).await? {
        let (ordinal, value) = rows::other_value(&row)?;
        let place = usize::try_from(ordinal - 1).ok();
        if let Some(place) = place.and_then(|ordinal| places.get(ordinal)) {
            values[*place].push(value);
        }
    }
    Ok(values)
}

/// What changed `node` after a revision. Late rows changed nothing and are left out.
pub(super) async fn changes(
    transaction: &mut Transaction<'_>,
    node: NodeId,
    after: Revision,
    limit: u32,
) -> Result<Vec<LogEntry>, Failure> {
    let after = codes::of_revision(after, false);
    let params: Params<'_> = &[&node.0, &after, &i64::from(limit)];
    let found = transaction
        .rows(statements::CHANGES_BY_REVISION, params)
        .await?;
    let found = found.iter().map(|row| Ok((node, rows::logged(row)?)));
    let found = found.collect::<Result<_, Failure>>()?;
    let log = whole_log(transaction, found).await?;
    Ok(log.into_iter().map(|(_, entry)| entry).collect())
}

/// Entries with the other values of their samples.
async fn whole_log(
    transaction: &mut Transaction<'_>,
    log: Vec<(NodeId, Logged)>,
) -> Result<Vec<(NodeId, LogEntry)>, Failure> {
    let keys = log.iter().map(|(node, logged)| match logged {
        Logged::Event(_) => None,
        Logged::Sample(_, sample) => sample.elsewhere(*node),
    });
    let others = other_values(transaction, keys.collect()).await?;
    let whole = |((node, logged), others): ((NodeId, Logged), Vec<Value>)| {
        let entry = match logged {
            Logged::Event(entry) => entry,
            Logged::Sample(revision, sample) => LogEntry {
                revision,
                record: Record::Telemetry(sample.whole(others)?),
            },
        };
        Ok((node, entry))
    };
    log.into_iter().zip(others).map(whole).collect()
}

/// The cursors of all channels, as they were last committed.
pub(super) async fn cursors(store: &PostgresStore) -> Result<Cursors, Failure> {
    let mut transaction = Transaction::loading(&store.connections, LOAD_DEADLINE).await?;
    let found = all_in(&mut transaction, statements::ALL_CURSORS, &[], rows::cursor);
    let found = found.await?;
    transaction.roll_back().await;
    let by_channel = found.into_iter().map(|cursor| (cursor.channel, cursor));
    Ok(by_channel.collect())
}

/// What the twins of these nodes come back from, as it was last committed.
pub(super) async fn twins(
    store: &PostgresStore,
    nodes: &RangeInclusive<NodeId>,
) -> Result<SavedTwins, Failure> {
    let mut transaction = Transaction::loading(&store.connections, LOAD_DEADLINE).await?;
    let span: Params<'_> = &[&nodes.start().0, &nodes.end().0];
    // At once, so that the server goes on with the next while we take in what it gave.
    let asked = [statements::SNAPSHOTS_BETWEEN, statements::TAILS_BETWEEN];
    let answers = transaction.all(&asked.map(|query| (query, span))).await?;
    let [snapshots, tails] = answers.try_into().map_err(|_| Failure::Ended)?;
    let mut twins = SavedTwins::with_capacity(snapshots.len());
    for row in snapshots {
        let snapshot = rows::snapshot(&row)?;
        let twin = twins.entry(snapshot.node).or_default();
        twin.snapshot = Some(snapshot);
    }
    let tails = tails
        .iter()
        .map(|row| Ok((rows::node_of_tail(row)?, rows::logged(row)?)));
    let tails = tails.collect::<Result<_, Failure>>()?;
    for (node, entry) in whole_log(&mut transaction, tails).await? {
        twins.entry(node).or_default().tail.push(entry);
    }
    for twin in twins.values_mut() {
        twin.tail.sort_unstable_by_key(|entry| entry.revision);
    }
    transaction.roll_back().await;
    Ok(twins)
}

/// The newest dead letters, newest first.
pub(super) async fn dead_letters(
    transaction: &mut Transaction<'_>,
    limit: u32,
) -> Result<Vec<DeadLetter>, Failure> {
    let limit: Params<'_> = &[&i64::from(limit)];
    let query = statements::NEWEST_DEAD_LETTERS;
    all_in(transaction, query, limit, rows::dead_letter).await
}

/// Every row that `query` gives, as `value` reads it.
pub(super) async fn all<T>(
    store: &PostgresStore,
    query: Query,
    params: Params<'_>,
    value: impl Fn(&Row) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let found = store.reading().await?.only(query, params).await?;
    found.iter().map(value).collect()
}

/// The same, in a transaction that is open.
pub(super) async fn all_in<T>(
    transaction: &mut Transaction<'_>,
    query: Query,
    params: Params<'_>,
    value: impl Fn(&Row) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let found = transaction.rows(query, params).await?;
    found.iter().map(value).collect()
}
