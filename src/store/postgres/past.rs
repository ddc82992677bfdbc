//! The past over PostgreSQL: samples with what was derived from them, rollups, and how far they go.

use std::time::Duration;

use evara_actors::domain::{NodeId, Timestamp};
use evara_actors::ports::{ArchiveError, BoxFuture};
use tokio::time::Instant;

use super::connect::Connections;
use super::error::Failure;
use super::history::{all_in, whole_samples};
use super::replica::Replica;
use super::transaction::{Params, Transaction};
use super::values::At;
use super::{DEADLINE, PostgresStore, rows, statements};
use crate::history::{
    Checkpoint, History, PastSample, Rollup, RollupSpan, SampleSpan, Standing, Unit,
};
use crate::store::page::add_past;
use crate::store::source_key::SourceKey;

/// What a mark is of.
const HOUR: Duration = Duration::from_secs(3_600);

/// Where those who ask about the past are answered.
#[derive(Debug)]
pub(super) struct Past {
    primary: Connections,
    replica: Option<Replica>,
}

impl Past {
    /// Answered by the primary alone, or also by a replica of it.
    pub(super) const fn of(primary: Connections, replica: Option<Replica>) -> Self {
        Self { primary, replica }
    }

    pub(super) const fn replica(&self) -> Option<&Replica> {
        self.replica.as_ref()
    }

    pub(super) const fn primary(&self) -> &Connections {
        &self.primary
    }

    /// Asks a replica that knows all that the primary knows by now; the primary where there is none, and
    /// where it does not answer.
    pub(super) async fn ask<T>(
        &self,
        question: impl for<'t> Fn(&'t mut Transaction<'_>) -> Answer<'t, T>,
    ) -> Result<T, Failure> {
        let deadline = Instant::now() + DEADLINE;
        if let Some(replica) = &self.replica
            && let Some(mut transaction) = replica.reading(&self.primary).await
        {
            match question(&mut transaction).await {
                Ok(told) => {
                    transaction.roll_back().await;
                    return Ok(told);
                }
                Err(failure) => replica.failed(failure),
            }
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let mut transaction = Transaction::reading(&self.primary, left).await?;
        let told = question(&mut transaction).await?;
        transaction.roll_back().await;
        Ok(told)
    }
}

/// What a question in a transaction comes to.
pub(super) type Answer<'t, T> = BoxFuture<'t, Result<T, Failure>>;

impl History for Past {
    fn samples(
        &self,
        node: NodeId,
        span: SampleSpan,
    ) -> BoxFuture<'_, Result<Vec<PastSample>, ArchiveError>> {
        Box::pin(async move {
            let asked = self.ask(move |transaction| Box::pin(samples(transaction, node, span)));
            Ok(asked.await?)
        })
    }

    fn standing(
        &self,
        node: NodeId,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, ArchiveError>> {
        Box::pin(async move {
            let asked =
                self.ask(move |transaction| Box::pin(standing(transaction, node, from, to)));
            Ok(asked.await?)
        })
    }

    fn rollups(
        &self,
        node: NodeId,
        span: RollupSpan,
    ) -> BoxFuture<'_, Result<Vec<Rollup>, ArchiveError>> {
        Box::pin(async move {
            let asked =
                self.ask(move |transaction| Box::pin(rollups(transaction, node, span.clone())));
            Ok(asked.await?)
        })
    }

    fn checkpoint(
        &self,
        node: NodeId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ArchiveError>> {
        Box::pin(async move {
            let asked = self.ask(move |transaction| Box::pin(checkpoint(transaction, node, at)));
            Ok(asked.await?)
        })
    }
}

/// By the primary alone: what is decided or written by an answer rests on it.
impl History for PostgresStore {
    fn samples(
        &self,
        node: NodeId,
        span: SampleSpan,
    ) -> BoxFuture<'_, Result<Vec<PastSample>, ArchiveError>> {
        self.past.samples(node, span)
    }

    fn standing(
        &self,
        node: NodeId,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, ArchiveError>> {
        self.past.standing(node, from, to)
    }

    fn rollups(
        &self,
        node: NodeId,
        span: RollupSpan,
    ) -> BoxFuture<'_, Result<Vec<Rollup>, ArchiveError>> {
        self.past.rollups(node, span)
    }

    fn checkpoint(
        &self,
        node: NodeId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ArchiveError>> {
        self.past.checkpoint(node, at)
    }
}

async fn rollups(
    transaction: &mut Transaction<'_>,
    node: NodeId,
    span: RollupSpan,
) -> Result<Vec<Rollup>, Failure> {
    let query = match span.unit {
        Unit::Hour => statements::ROLLUP_HOURS_BETWEEN,
        Unit::Day => statements::ROLLUP_DAYS_BETWEEN,
    };
    let wanted = (!span.metrics.is_empty()).then_some(span.metrics);
    let params: Params<'_> = &[&node.0, &At(span.from), &At(span.to), &wanted];
    all_in(transaction, query, params, rows::rollup).await
}

async fn checkpoint(
    transaction: &mut Transaction<'_>,
    node: NodeId,
    at: Timestamp,
) -> Result<Option<Checkpoint>, Failure> {
    let (query, params): (_, Params<'_>) = (statements::CHECKPOINT_AT, &[&node.0, &At(at)]);
    let found = all_in(transaction, query, params, rows::checkpoint);
    Ok(found.await?.pop())
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
    transaction: &mut Transaction<'_>,
    node: NodeId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Standing, Failure> {
    let touching: Params<'_> = &[&node.0, &At(from.minus(HOUR)), &At(to)];
    let within: Params<'_> = &[&node.0, &At(from), &At(to)];
    let of_node: Params<'_> = &[&node.0];
    let queries = [
        (statements::MARKS_OF_NODE, touching),
        (statements::DUE_OF_NODE, within),
        (statements::RULE_OF_NODE, of_node),
        (statements::SEALED_BEFORE, of_node),
    ];
    let answers = transaction.all(&queries).await?;
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
