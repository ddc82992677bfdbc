//! What the database needs done now and then: months made ahead, and months dropped that are too old.

use std::collections::BTreeSet;

use evara_actors::domain::Timestamp;

use super::error::{Failure, PostgresError};
use super::months::{self, Month};
use super::ownership::Fence;
use super::retention::{Keep, plan};
use super::statements::Query;
use super::transaction::Params;
use super::values::At;
use super::{PostgresStore, rows, statements};

/// What upkeep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Months whose tables were made.
    pub made: usize,
    /// Months whose tables were dropped.
    pub dropped: usize,
}

impl PostgresStore {
    /// Makes the months that are needed soon, and drops those that no plan keeps any more. May be called
    /// as often as one likes.
    ///
    /// # Errors
    /// When the database does not answer, or another process has claimed it; what was done until then stays
    /// done.
    pub async fn keep_up(&self, now: Timestamp) -> Result<Upkeep, PostgresError> {
        let existing = months::known(&self.connections).await?;
        let plan = match self.held_month().await? {
            Some(held) => plan(now, &existing, self.raw_days().await?, held),
            None => plan(now, &existing, Keep::Forever, None),
        };
        months::make(&self.connections, &plan.make).await?;
        self.known().months.extend(plan.make.iter().copied());
        self.drop_months(&plan.drop).await?;
        Ok(Upkeep {
            made: plan.make.len(),
            dropped: plan.drop.len(),
        })
    }

    async fn raw_days(&self) -> Result<Keep, Failure> {
        let mut transaction = self.reading().await?;
        let row = transaction.row(statements::RAW_DAYS, &[]).await?;
        transaction.roll_back().await;
        let days = rows::days(&row)?;
        Ok(days.map_or(Keep::Forever, Keep::Days))
    }

    /// The first month with raw readings that rollups may still be made from: the one in which the time
    /// begins that is not sealed yet. Outer `None` where nothing is sealed, and so nothing may go.
    async fn held_month(&self) -> Result<Option<Option<Month>>, Failure> {
        let mut transaction = self.reading().await?;
        let sealed = transaction.rows(statements::SEALED_BEFORE, &[]).await?;
        transaction.roll_back().await;
        let before = sealed.first().map(rows::instant).transpose()?;
        Ok(before.map(Month::of))
    }

    /// The owner alone drops months: whoever claims after it knows of no note of theirs.
    async fn drop_months(&self, months: &BTreeSet<Month>) -> Result<(), Failure> {
        for month in months {
            let _nobody_relies = self.marks.taking().await;
            // Before its tables go, so that a batch for it makes them again rather than misses them.
            self.known().months.remove(month);
            self.known().logged.forget_spans();
            let fence = self.fence(&[]);
            let mut transaction = self.writing().await?;
            let (begin, month) = (At(month.begin()), month.to_string());
            let queries: [(Query, Params<'_>); 3] = [
                (Fence::QUERY, &fence.params()),
                (statements::FORGET_LOGGED_MONTH, &[&begin]),
                (statements::DROP_MONTH, &[&month]),
            ];
            let dropped = transaction.all(&queries).await;
            self.unless_lost(&fence, dropped)?;
            transaction.commit().await?;
            tracing::info!(month, "raw readings that no plan keeps were dropped");
        }
        Ok(())
    }
}
