//! Keeping rollups over SQLite: marks taken and settled, rollups replaced, old samples removed.
//!
//! Every call is one transaction on the writer's connection, so that none overlaps a commit.

use std::sync::Arc;

use evara_actors::domain::{Kind, NodeId, Timestamp};
use evara_actors::ports::{ArchiveError, BoxFuture};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::error::Failure;
use super::history::all;
use super::marks::Marks;
use super::{DEADLINE, SqliteStore, past, rows, statements};
use crate::history::checkpoint::day_of;
use crate::history::{CommunityDays, Due, Expired, HourRollups, Mark, Rolling, Rollup, RuleBook};

/// A mark that nobody has taken, and one that somebody has.
const OPEN: u8 = 0;
const TAKEN: u8 = 1;

const KINDS: [Kind; 4] = [Kind::Tank, Kind::Flow, Kind::Deep, Kind::Generic];

impl SqliteStore {
    /// Does `job` in a transaction of the writer's connection.
    fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, ArchiveError>> {
        Box::pin(async move {
            let job = self.writer.call(DEADLINE, move |connection| {
                let transaction = begin(connection)?;
                let done = job(&transaction)?;
                transaction.commit()?;
                Ok(done)
            });
            Ok(job.await?)
        })
    }
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>, Failure> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

impl Rolling for SqliteStore {
    fn rules(&self) -> BoxFuture<'_, Result<Vec<(NodeId, RuleBook)>, ArchiveError>> {
        Box::pin(async move { Ok(self.readers.call(DEADLINE, past::rules).await?) })
    }

    fn adopt(&self, node: NodeId, rule: RuleBook) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.write(move |transaction| adopt(transaction, node, &rule))
    }

    fn take_marks(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Mark>, ArchiveError>> {
        let marks = Arc::clone(&self.marks);
        self.write(move |transaction| take_marks(transaction, before, limit, &marks))
    }

    fn settle_hours(
        &self,
        node: NodeId,
        marks: Vec<Timestamp>,
        hours: Vec<HourRollups>,
    ) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.write(move |transaction| settle_hours(transaction, node, &marks, &hours))
    }

    fn due_days(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Due>, ArchiveError>> {
        Box::pin(async move {
            let job = self.readers.call(DEADLINE, move |connection| {
                let key = params![before.millis(), limit];
                all(connection, statements::DUE_DAYS, key, rows::due)
            });
            Ok(job.await?)
        })
    }

    fn settle_day(
        &self,
        due: Due,
        rollups: Vec<Rollup>,
    ) -> BoxFuture<'_, Result<(), ArchiveError>> {
        self.write(move |transaction| {
            let key = params![
                due.node.0.as_bytes(),
                due.from.millis(),
                due.from.millis() + 1
            ];
            execute(transaction, statements::DROP_ROLLUP_DAYS, key)?;
            put(transaction, statements::PUT_ROLLUP_DAYS, due.node, &rollups)?;
            let key = params![due.from.millis(), due.node.0.as_bytes()];
            execute(transaction, statements::SETTLE_DUE_DAY, key)
        })
    }

    fn keep_checkpoints(
        &self,
        at: Timestamp,
        after: Option<NodeId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Option<NodeId>, ArchiveError>> {
        self.write(move |transaction| {
            let after = place(after);
            let key = params![after, limit];
            let node = |row: &rusqlite::Row<'_>| rows::node_id(row, 0);
            let nodes = all(transaction, statements::NEXT_SNAPSHOTS, key, node)?;
            let Some(last) = nodes.last() else {
                return Ok(None);
            };
            let (to, day) = (last.0.as_bytes(), day_of(at).millis());
            let key = params![after, to, day, at.millis()];
            execute(transaction, statements::PUT_CHECKPOINTS, key)?;
            Ok(Some(*last))
        })
    }

    /// Whose node a community is, and what it keeps, is not told here: the service's own setting holds.
    fn raw_days(&self) -> BoxFuture<'_, Result<Vec<CommunityDays>, ArchiveError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn seal(
        &self,
        nodes: Vec<(NodeId, Timestamp)>,
    ) -> BoxFuture<'_, Result<Vec<NodeId>, ArchiveError>> {
        self.write(move |transaction| {
            let mut held = Vec::new();
            for (node, before) in &nodes {
                let key = params![node.0.as_bytes(), before.millis()];
                let mut statement = transaction.prepare_cached(statements::IS_UNROLLED_BEFORE)?;
                if statement.query_row(key, |row| row.get(0))? {
                    held.push(*node);
                } else {
                    execute(transaction, statements::SEAL, key)?;
                }
            }
            Ok(held)
        })
    }

    fn expire(
        &self,
        after: Option<NodeId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Expired, ArchiveError>> {
        self.write(move |transaction| expire(transaction, after, limit))
    }
}

fn execute(
    transaction: &Transaction<'_>,
    sql: &str,
    key: impl rusqlite::Params,
) -> Result<(), Failure> {
    transaction.prepare_cached(sql)?.execute(key)?;
    Ok(())
}

fn adopt(transaction: &Transaction<'_>, node: NodeId, rule: &RuleBook) -> Result<(), Failure> {
    let (id, since) = (node.0.as_bytes(), rule.since.millis());
    let key = params![id, rule.zone, rule.terms, since];
    execute(transaction, statements::PUT_RULE, key)?;
    let from_then_on = params![id, since, i64::MAX];
    execute(transaction, statements::DROP_ROLLUP_HOURS, from_then_on)?;
    execute(transaction, statements::DROP_ROLLUP_DAYS, from_then_on)?;
    execute(
        transaction,
        statements::DROP_DUE_OF_NODE,
        params![id, since],
    )?;
    execute(transaction, statements::MARK_ALL_HOURS, params![id, since])
}

fn take_marks(
    transaction: &Transaction<'_>,
    before: Timestamp,
    limit: u32,
    known: &Marks,
) -> Result<Vec<Mark>, Failure> {
    let key = params![before.millis(), limit];
    let taken = all(transaction, statements::OPEN_MARKS, key, rows::mark)?;
    for Mark { node, hour } in &taken {
        let (hour, node) = (hour.millis(), node.0.as_bytes());
        execute(transaction, statements::TAKE_MARK, params![hour, node])?;
        execute(
            transaction,
            statements::DROP_MARK,
            params![hour, node, OPEN],
        )?;
    }
    // Before the commit: should it fail, hours are marked once more, which is no harm.
    known.forget(&taken);
    Ok(taken)
}

fn settle_hours(
    transaction: &Transaction<'_>,
    node: NodeId,
    marks: &[Timestamp],
    hours: &[HourRollups],
) -> Result<(), Failure> {
    let id = node.0.as_bytes();
    for hour in hours {
        let span = params![id, hour.from.millis(), hour.to.millis()];
        execute(transaction, statements::DROP_ROLLUP_HOURS, span)?;
        put(
            transaction,
            statements::PUT_ROLLUP_HOURS,
            node,
            &hour.rollups,
        )?;
        execute(
            transaction,
            statements::MAKE_DAY_DUE,
            params![hour.day.millis(), id],
        )?;
    }
    for mark in marks {
        execute(
            transaction,
            statements::DROP_MARK,
            params![mark.millis(), id, TAKEN],
        )?;
    }
    Ok(())
}

fn put(
    transaction: &Transaction<'_>,
    sql: &str,
    node: NodeId,
    rollups: &[Rollup],
) -> Result<(), Failure> {
    for Rollup {
        metric,
        from,
        to,
        summary,
    } in rollups
    {
        let row = params![
            node.0.as_bytes(),
            from.millis(),
            metric,
            to.millis(),
            summary.count.cast_signed(),
            summary.sum,
            summary.min,
            summary.max,
            summary.first.at.millis(),
            summary.first.number,
            summary.last.at.millis(),
            summary.last.number,
            summary.passed,
            summary.refused,
        ];
        execute(transaction, sql, row)?;
    }
    Ok(())
}

/// What nodes are compared with; an empty blob is before every node.
fn place(after: Option<NodeId>) -> Vec<u8> {
    after.map_or_else(Vec::new, |node| node.0.as_bytes().to_vec())
}

fn expire(
    transaction: &Transaction<'_>,
    after: Option<NodeId>,
    limit: u32,
) -> Result<Expired, Failure> {
    let finished = Expired {
        finished: true,
        ..Expired::default()
    };
    let mut statement = transaction.prepare_cached(statements::NEXT_NODE_WITH_SAMPLES)?;
    let found: Option<[u8; 16]> = statement.query_row([place(after)], |row| row.get(0))?;
    let Some(id) = found else { return Ok(finished) };
    let node = NodeId(Uuid::from_bytes(id));
    let Some(before) = past::raw_from(transaction, node)? else {
        return Ok(Expired {
            after: Some(node),
            ..Expired::default()
        });
    };
    let mut left = u64::from(limit);
    for kind in KINDS {
        let mut statement = transaction.prepare_cached(statements::expire_samples(kind))?;
        let removed = statement.execute(params![id, before.millis(), left.cast_signed()])?;
        left = left.saturating_sub(removed as u64);
    }
    execute(
        transaction,
        statements::EXPIRE_OTHER,
        params![id, before.millis()],
    )?;
    execute(
        transaction,
        statements::EXPIRE_CHECKPOINTS,
        params![id, before.millis()],
    )?;
    Ok(Expired {
        samples: u64::from(limit) - left,
        after: if left == 0 { after } else { Some(node) },
        finished: false,
    })
}
