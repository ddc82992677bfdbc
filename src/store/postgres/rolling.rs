//! Keeping rollups over PostgreSQL: marks taken and settled, rollups replaced, old samples removed.

use evara_actors::domain::{Kind, NodeId, Timestamp};
use evara_actors::ports::{ArchiveError, BoxFuture};
use uuid::Uuid;

use super::error::Failure;
use super::history::all;
use super::statements::{self, Query};
use super::transaction::{Params, Transaction};
use super::values::At;
use super::{DEADLINE, PostgresStore, rows};
use crate::history::checkpoint::day_of;
use crate::history::{CommunityDays, Due, Expired, HourRollups, Mark, Rolling, Rollup, RuleBook};

/// Sealed nodes that are looked at for samples at once: some milliseconds where none has any.
const LOOKED_AT: i64 = 500;

const KINDS: [Kind; 4] = [Kind::Tank, Kind::Flow, Kind::Deep, Kind::Generic];

impl PostgresStore {
    /// Does `queries` about one node in a transaction. Its rows are found by their keys, however many they are, and to
    /// plan for every month takes longer than to find them: by plans that are kept.
    async fn write(&self, queries: &[(Query, Params<'_>)]) -> Result<(), Failure> {
        let mut transaction = Transaction::writing_few(&self.connections, DEADLINE).await?;
        transaction.all(queries).await?;
        transaction.commit().await
    }
}

impl Rolling for PostgresStore {
    fn rules(&self) -> BoxFuture<'_, Result<Vec<(NodeId, RuleBook)>, ArchiveError>> {
        Box::pin(async move { Ok(all(self, statements::ALL_RULES, &[], rows::rule).await?) })
    }

    fn adopt(&self, node: NodeId, rule: RuleBook) -> BoxFuture<'_, Result<(), ArchiveError>> {
        Box::pin(async move {
            let (since, ever) = (At(rule.since), [At(Timestamp::MAX)]);
            let (put, from, spans): (Params<'_>, Params<'_>, Params<'_>) = (
                &[&node.0, &rule.zone, &rule.terms, &since],
                &[&node.0, &since],
                &[&node.0, &&[since][..], &&ever[..]],
            );
            let queries = [
                (statements::PUT_RULE, put),
                (statements::DROP_ROLLUP_HOURS, spans),
                (statements::DROP_ROLLUP_DAYS, spans),
                (statements::DROP_DUE_OF_NODE, from),
                (statements::MARK_ALL_HOURS, from),
            ];
            Ok(self.write(&queries).await?)
        })
    }

    fn take_marks(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Mark>, ArchiveError>> {
        Box::pin(async move {
            let _no_commit_relies_on_them = self.marks.taking().await;
            let params: Params<'_> = &[&At(before), &i64::from(limit)];
            let mut transaction = self.writing().await?;
            let taken = transaction.rows(statements::TAKE_MARKS, params).await?;
            transaction.commit().await?;
            let taken = taken.iter().map(rows::mark);
            Ok(taken.collect::<Result<_, Failure>>()?)
        })
    }

    fn settle_hours(
        &self,
        node: NodeId,
        marks: Vec<Timestamp>,
        hours: Vec<HourRollups>,
    ) -> BoxFuture<'_, Result<(), ArchiveError>> {
        Box::pin(async move {
            let marks: Vec<At> = marks.into_iter().map(At).collect();
            let begins: Vec<At> = hours.iter().map(|hour| At(hour.from)).collect();
            let ends: Vec<At> = hours.iter().map(|hour| At(hour.to)).collect();
            let days: Vec<At> = hours.iter().map(|hour| At(hour.day)).collect();
            let rollups: Vec<Rollup> = hours.into_iter().flat_map(|hour| hour.rollups).collect();
            let columns = Columns::of(node, &rollups);
            let queries: [(Query, Params<'_>); 4] = [
                (statements::DROP_ROLLUP_HOURS, &[&node.0, &begins, &ends]),
                (statements::PUT_ROLLUP_HOURS, &columns.params()),
                (statements::MAKE_DAYS_DUE, &[&days, &node.0]),
                (statements::DROP_TAKEN_MARKS, &[&node.0, &marks]),
            ];
            Ok(self.write(&queries).await?)
        })
    }

    fn due_days(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Due>, ArchiveError>> {
        Box::pin(async move {
            let params: Params<'_> = &[&At(before), &i64::from(limit)];
            Ok(all(self, statements::DUE_DAYS, params, rows::due).await?)
        })
    }

    fn settle_day(
        &self,
        due: Due,
        rollups: Vec<Rollup>,
    ) -> BoxFuture<'_, Result<(), ArchiveError>> {
        Box::pin(async move {
            let node = due.node;
            let (day, next) = (
                At(due.from),
                At(Timestamp::from_millis(due.from.millis() + 1)),
            );
            let columns = Columns::of(node, &rollups);
            let queries: [(Query, Params<'_>); 3] = [
                (
                    statements::DROP_ROLLUP_DAYS,
                    &[&node.0, &&[day][..], &&[next][..]],
                ),
                (statements::PUT_ROLLUP_DAYS, &columns.params()),
                (statements::SETTLE_DUE_DAY, &[&day, &node.0]),
            ];
            Ok(self.write(&queries).await?)
        })
    }

    fn keep_checkpoints(
        &self,
        at: Timestamp,
        after: Option<NodeId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Option<NodeId>, ArchiveError>> {
        Box::pin(async move {
            let after = after.map_or(Uuid::nil(), |node| node.0);
            let (day, limit) = (At(day_of(at)), i64::from(limit));
            let params: Params<'_> = &[&after, &day, &At(at), &limit];
            let mut transaction = self.writing().await?;
            let last = transaction
                .rows(statements::PUT_CHECKPOINTS, params)
                .await?;
            transaction.commit().await?;
            let last = last.first().map(|row| row.try_get(0)).transpose();
            Ok(last.map_err(Failure::from)?.map(NodeId))
        })
    }

    fn raw_days(&self) -> BoxFuture<'_, Result<Vec<CommunityDays>, ArchiveError>> {
        Box::pin(async move { Ok(all(self, statements::RAW_DAYS, &[], rows::raw_days).await?) })
    }

    fn seal(
        &self,
        nodes: Vec<(NodeId, Timestamp)>,
    ) -> BoxFuture<'_, Result<Vec<NodeId>, ArchiveError>> {
        Box::pin(async move {
            let ids: Vec<Uuid> = nodes.iter().map(|(node, _)| node.0).collect();
            let before: Vec<At> = nodes.iter().map(|(_, before)| At(*before)).collect();
            let params: Params<'_> = &[&ids, &before];
            let mut transaction = self.writing().await?;
            let held = transaction.rows(statements::SEAL, params).await?;
            transaction.commit().await?;
            Ok(held.iter().map(rows::node).collect::<Result<_, _>>()?)
        })
    }

    fn expire(
        &self,
        after: Option<NodeId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Expired, ArchiveError>> {
        Box::pin(async move { Ok(expire(self, after, limit).await?) })
    }
}

async fn expire(
    store: &PostgresStore,
    after: Option<NodeId>,
    limit: u32,
) -> Result<Expired, Failure> {
    let finished = Expired {
        finished: true,
        ..Expired::default()
    };
    let mut transaction = store.writing().await?;
    let place = after.map_or(Uuid::nil(), |node| node.0);
    let looked = transaction
        .rows(statements::NEXT_SEALED_SAMPLES, &[&place, &LOOKED_AT])
        .await?;
    let Some((last, found)) = looked.first().map(rows::sealed_samples).transpose()? else {
        transaction.roll_back().await;
        return Ok(finished);
    };
    let Some((node, before)) = found else {
        transaction.roll_back().await;
        return Ok(Expired {
            after: Some(last),
            ..Expired::default()
        });
    };
    let node = node.0;
    let mut left = i64::from(limit);
    for kind in KINDS {
        let params: Params<'_> = &[&node, &At(before), &left];
        let gone = transaction
            .row(statements::expire_samples(kind), params)
            .await?;
        left -= gone.try_get::<_, i64>(0)?;
    }
    let params: Params<'_> = &[&node, &At(before)];
    transaction
        .rows(statements::EXPIRE_CHECKPOINTS, params)
        .await?;
    transaction.commit().await?;
    Ok(Expired {
        samples: (i64::from(limit) - left).unsigned_abs(),
        after: if left == 0 { after } else { Some(NodeId(node)) },
        finished: false,
    })
}

/// Rollups as columns: one statement writes all of them.
struct Columns {
    node: Uuid,
    at: Vec<At>,
    metric: Vec<String>,
    until: Vec<At>,
    count: Vec<i64>,
    numbers: [Vec<f64>; 6],
    first_at: Vec<At>,
    last_at: Vec<At>,
    refused: Vec<i64>,
}

impl Columns {
    fn of(node: NodeId, rollups: &[Rollup]) -> Self {
        let numbers = |of: fn(&Rollup) -> f64| rollups.iter().map(of).collect();
        let times = |of: fn(&Rollup) -> Timestamp| rollups.iter().map(|r| At(of(r))).collect();
        Self {
            node: node.0,
            at: times(|rollup| rollup.from),
            metric: rollups.iter().map(|rollup| rollup.metric.clone()).collect(),
            until: times(|rollup| rollup.to),
            count: rollups
                .iter()
                .map(|rollup| rollup.summary.count.cast_signed())
                .collect(),
            numbers: [
                numbers(|rollup| rollup.summary.sum),
                numbers(|rollup| rollup.summary.min),
                numbers(|rollup| rollup.summary.max),
                numbers(|rollup| rollup.summary.first.number),
                numbers(|rollup| rollup.summary.last.number),
                numbers(|rollup| rollup.summary.passed),
            ],
            first_at: times(|rollup| rollup.summary.first.at),
            last_at: times(|rollup| rollup.summary.last.at),
            refused: rollups
                .iter()
                .map(|rollup| i64::from(rollup.summary.refused))
                .collect(),
        }
    }

    fn params(&self) -> [&(dyn tokio_postgres::types::ToSql + Sync); 14] {
        let [sum, min, max, first, last, passed] = &self.numbers;
        [
            &self.node,
            &self.at,
            &self.metric,
            &self.until,
            &self.count,
            sum,
            min,
            max,
            &self.first_at,
            first,
            &self.last_at,
            last,
            passed,
            &self.refused,
        ]
    }
}
