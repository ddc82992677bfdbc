//! What the database needs done now and then: months made ahead, those dropped that nothing is in any more,
//! and rows removed that no plan keeps.

use std::collections::BTreeSet;

use evara_actors::domain::Timestamp;

use super::error::{Failure, PostgresError};
use super::months::{self, Month};
use super::ownership::Fence;
use super::retention::plan;
use super::statements::{self, Query};
use super::transaction::Params;
use super::values::At;
use super::{PostgresStore, rows};

/// Rows that are removed in one transaction: some milliseconds of others' time.
const AT_ONCE: i64 = 1_000;

/// Transactions for one table in one run: what is left is for the next.
const MOST_RUNS: u32 = 1_000;

/// What upkeep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Months whose tables were made.
    pub made: usize,
    /// Months whose tables were dropped.
    pub dropped: usize,
    /// Alarms that are over, commands that came to their end, and messages that nobody took, that were removed
    /// for their age.
    pub expired: u64,
}

impl PostgresStore {
    /// Makes the months that are needed soon, drops those that nothing is in any more, and removes what is
    /// older than it is kept. May be called as often as one likes.
    ///
    /// # Errors
    /// When the database does not answer, or another process has claimed it; what was done until then stays
    /// done.
    pub async fn keep_up(&self, now: Timestamp) -> Result<Upkeep, PostgresError> {
        let existing = months::known(&self.connections).await?;
        let plan = plan(now, &existing);
        months::make(&self.connections, &plan.make).await?;
        self.known().months.extend(plan.make.iter().copied());
        Ok(Upkeep {
            made: plan.make.len(),
            dropped: self.drop_empty(&plan.over).await?,
            expired: self.expire_rows(now).await?,
        })
    }

    /// The owner alone drops months: whoever claims after it knows of no note of theirs.
    async fn drop_empty(&self, months: &BTreeSet<Month>) -> Result<usize, Failure> {
        let mut dropped = 0;
        for month in months {
            let _nobody_relies = self.marks.taking().await;
            // Before its tables go, so that a batch for it makes them again rather than misses them.
            let was_known = self.known().months.remove(month);
            self.known().logged.forget_spans();
            let name = month.to_string();
            let is_gone = self.drop_if_empty(*month, &name).await?;
            if is_gone {
                dropped += 1;
                tracing::info!(
                    month = name,
                    "a month was dropped that nothing was in any more"
                );
            } else if was_known {
                self.known().months.insert(*month);
            }
        }
        Ok(dropped)
    }

    async fn drop_if_empty(&self, month: Month, name: &String) -> Result<bool, Failure> {
        let fence = self.fence(&[]);
        let mut transaction = self.writing().await?;
        let fenced = transaction.all(&[(Fence::QUERY, &fence.params())]).await;
        self.unless_lost(&fence, fenced)?;
        let row = transaction.row(statements::DROP_MONTH, &[name]).await?;
        let is_gone = rows::is_there(&row)?;
        if is_gone {
            let begin = At(month.begin());
            let forgotten: Params<'_> = &[&begin];
            transaction
                .all(&[(statements::FORGET_LOGGED_MONTH, forgotten)])
                .await?;
        }
        transaction.commit().await?;
        Ok(is_gone)
    }

    async fn expire_rows(&self, now: Timestamp) -> Result<u64, Failure> {
        let mut expired = 0;
        for query in [
            statements::EXPIRE_ALARMS,
            statements::EXPIRE_COMMANDS,
            statements::EXPIRE_OUTBOX,
        ] {
            for _ in 0..MOST_RUNS {
                let gone = self.remove(query, now).await?.len();
                expired += gone as u64;
                if (gone as i64) < AT_ONCE {
                    break;
                }
            }
        }
        Ok(expired)
    }

    async fn remove(
        &self,
        query: Query,
        now: Timestamp,
    ) -> Result<Vec<tokio_postgres::Row>, Failure> {
        let params: Params<'_> = &[&At(now), &AT_ONCE];
        let mut transaction = self.writing().await?;
        let rows = transaction.rows(query, params).await?;
        transaction.commit().await?;
        Ok(rows)
    }
}
