//! The past over PostgreSQL: samples with what was derived from them, rollups, and how far they go.

use std::time::Duration;

use evara_actors::domain::{NodeId, Timestamp};
use evara_actors::ports::{ArchiveError, BoxFuture};

use super::error::Failure;
use super::history::whole_samples;
use super::transaction::{Params, Transaction};
use super::values::At;
use super::{PostgresStore, rows, statements};
use crate::history::{
    Checkpoint, History, PastSample, Rollup, RollupSpan, SampleSpan, Standing, Unit,
};
use crate::store::page::add_past;
use crate::store::source_key::SourceKey;

/// What a mark is of.
const HOUR: Duration = Duration::from_secs(3_600);

impl History for PostgresStore {
    fn samples(
        &self,
        node: NodeId,
        span: SampleSpan,
    ) -> BoxFuture<'_, Result<Vec<PastSample>, ArchiveError>> {
        Box::pin(async move {
            let mut transaction = self.reading().await?;
            let samples = samples(&mut transaction, node, span).await?;
            transaction.roll_back().await;
            Ok(samples)
        })
    }

    fn standing(
        &self,
        node: NodeId,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, ArchiveError>> {
        Box::pin(async move { Ok(standing(self, node, from, to).await?) })
    }

    fn rollups(
        &self,
        node: NodeId,
        span: RollupSpan,
    ) -> BoxFuture<'_, Result<Vec<Rollup>, ArchiveError>> {
        Box::pin(async move {
            let query = match span.unit {
                Unit::Hour => statements::ROLLUP_HOURS_BETWEEN,
                Unit::Day => statements::ROLLUP_DAYS_BETWEEN,
            };
            let wanted = (!span.metrics.is_empty()).then_some(span.metrics);
            let params: Params<'_> = &[&node.0, &At(span.from), &At(span.to), &wanted];
            Ok(super::history::all(self, query, params, rows::rollup).await?)
        })
    }

    fn checkpoint(
        &self,
        node: NodeId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ArchiveError>> {
        Box::pin(async move {
            let params: Params<'_> = &[&node.0, &At(at)];
            let query = statements::CHECKPOINT_AT;
            let found = super::history::all(self, query, params, rows::checkpoint);
            Ok(found.await?.pop())
        })
    }
}

async fn samples(
    transaction: &mut Transaction<'_>,
    node: NodeId,
    span: SampleSpan,
) -> Result<Vec<PastSample>, Failure> {
    let mut samples: Vec<PastSample> = Vec::new();
    // No source is as short as none: it is before all others of its instant.
    let mut after = match span.after.filter(|(at, _)| *at >= span.from) {
        Some((at, source)) => (At(at), SourceKey::last_of(source).as_bytes().to_vec()),
        None => (At(span.from), Vec::new()),
    };
    loop {
        // One more, since only the next sample tells that this one is whole.
        let limit = i64::from(span.limit) + 1 - samples.len() as i64;
        let (at, source) = &after;
        let params: Params<'_> = &[&node.0, at, source, &At(span.to), &limit];
        let found = transaction
            .rows(statements::SAMPLES_BY_TIME, params)
            .await?;
        for (row, (kind, sample)) in whole_samples(transaction, node, &found).await? {
            let next = PastSample {
                source: sample.source,
                source_at: sample.source_at,
                received_at: sample.received_at,
                revision: rows::revision(row)?,
                values: sample.values,
                derived: rows::all_derived(row, kind)?,
            };
            if !add_past(&mut samples, next, span.limit) {
                return Ok(samples);
            }
        }
        match found.last().filter(|_| found.len() as i64 == limit) {
            Some(last) => after = rows::place(last)?,
            None => return Ok(samples),
        }
    }
}

async fn standing(
    store: &PostgresStore,
    node: NodeId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Standing, Failure> {
    let touching: Params<'_> = &[&node.0, &At(from.minus(HOUR)), &At(to)];
    let within: Params<'_> = &[&node.0, &At(from), &At(to)];
    let mut transaction = store.reading().await?;
    let of_node: Params<'_> = &[&node.0];
    let queries = [
        (statements::MARKS_OF_NODE, touching),
        (statements::DUE_OF_NODE, within),
        (statements::RULE_OF_NODE, of_node),
        (statements::SEALED_BEFORE, &[]),
    ];
    let answers = transaction.all(&queries).await?;
    transaction.roll_back().await;
    let [marked, due, rule, sealed] = &answers[..] else {
        return Err(Failure::Ended);
    };
    let rule = rule.first().map(rows::rule).transpose()?;
    Ok(Standing {
        rule: rule.map(|(_, rule)| rule),
        raw_from: sealed.first().map(rows::instant).transpose()?,
        marked: marked.iter().map(rows::instant).collect::<Result<_, _>>()?,
        due: due.iter().map(rows::instant).collect::<Result<_, _>>()?,
    })
}
