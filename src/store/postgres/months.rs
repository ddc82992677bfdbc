//! Which months of the history have tables, and making those that are missing.
//!
//! A reading of a month that nobody foresaw makes the month; one from outside of all months goes where
//! the rest goes. No reading is ever refused for its time.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use evara_actors::domain::Timestamp;
use jiff::tz::TimeZone;

use super::connect::Connections;
use super::error::Failure;
use super::transaction::Transaction;
use super::{DEADLINE, UNWATCHED_DEADLINE, statements};
use crate::store::unreadable::Unreadable;

/// The first year with tables of its own. ThingSpeak began in it. The migration says so too.
const FIRST_YEAR: i16 = 2010;

/// The first year without; 360 months make at most so many tables of each kind.
const LAST_YEAR: i16 = 2040;

/// A month of the calendar in UTC, within the years that have tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month of an instant; none where it has no table of its own.
    pub(super) fn of(instant: Timestamp) -> Option<Self> {
        let instant = jiff::Timestamp::from_millisecond(instant.millis()).ok()?;
        let date = instant.to_zoned(TimeZone::UTC).date();
        let is_kept = (FIRST_YEAR..LAST_YEAR).contains(&date.year());
        is_kept.then_some(Self {
            year: date.year(),
            month: date.month(),
        })
    }

    /// The month after it; none after the last that has tables.
    pub(super) fn next(&self) -> Option<Self> {
        Self::of(self.end())
    }

    /// The first that has tables.
    pub(super) const fn first() -> Self {
        Self {
            year: FIRST_YEAR,
            month: 1,
        }
    }

    /// The last that has tables.
    pub(super) const fn last() -> Self {
        Self {
            year: LAST_YEAR - 1,
            month: 12,
        }
    }

    /// The first instant of it.
    pub(super) fn begin(&self) -> Timestamp {
        self.in_months(0)
    }

    /// The first instant after it.
    pub(super) fn end(&self) -> Timestamp {
        self.in_months(1)
    }

    fn in_months(&self, months: i32) -> Timestamp {
        let first = jiff::civil::Date::new(self.year, self.month, 1);
        let then = first.and_then(|date| date.checked_add(jiff::Span::new().months(months)));
        let then = then.and_then(|date| date.to_zoned(TimeZone::UTC));
        // A month of these years has a first day, and so has the one after it.
        then.map_or(Timestamp::MAX, |then| {
            Timestamp::from_millis(then.timestamp().as_millisecond())
        })
    }

    /// From the end of a table's name, such as `2026_11`.
    fn of_name(name: &str) -> Option<Self> {
        let (year, month) = name.split_once('_')?;
        Some(Self {
            year: year.parse().ok()?,
            month: month
                .parse()
                .ok()
                .filter(|month| (1..=12).contains(month))?,
        })
    }
}

impl fmt::Display for Month {
    /// Its first day, as SQL has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-01", self.year, self.month)
    }
}

/// Every month that has tables.
pub(super) async fn known(connections: &Connections) -> Result<HashSet<Month>, Failure> {
    let transaction = Transaction::reading(connections, DEADLINE).await?;
    let rows = transaction.only(statements::MONTHS, &[]).await?;
    let month = |row: tokio_postgres::Row| {
        let name: String = row.try_get(0)?;
        let unknown = || Unreadable(format!("a table of the month {name:?}"));
        Ok(Month::of_name(&name).ok_or_else(unknown)?)
    };
    rows.into_iter().map(month).collect()
}

/// Makes the tables of `months`, each where it is not there yet.
pub(super) async fn make(
    connections: &Connections,
    months: &BTreeSet<Month>,
) -> Result<(), Failure> {
    // One transaction a month: what keeps others out is held for as short as can be.
    for month in months {
        let mut transaction = Transaction::writing(connections, UNWATCHED_DEADLINE).await?;
        transaction
            .rows(statements::MAKE_MONTH, &[&month.to_string()])
            .await?;
        transaction.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Option<String> {
        let instant: jiff::Timestamp = text.parse().unwrap();
        let instant = Timestamp::from_millis(instant.as_millisecond());
        Month::of(instant).map(|month| month.to_string())
    }

    #[test]
    fn a_month_begins_and_ends_in_utc() {
        for (instant, expected) in [
            ("2026-02-28T23:59:59.999Z", "2026-02-01"),
            ("2026-03-01T00:00:00Z", "2026-03-01"),
            ("2026-03-01T01:00:00+05:30", "2026-02-01"),
            ("2010-01-01T00:00:00Z", "2010-01-01"),
            ("2039-12-31T23:59:59.999Z", "2039-12-01"),
        ] {
            assert_eq!(month(instant).as_deref(), Some(expected), "{instant}");
        }
    }

    #[test]
    fn what_is_outside_of_the_years_with_tables_has_no_month() {
        for instant in ["2009-12-31T23:59:59.999Z", "2040-01-01T00:00:00Z"] {
            assert_eq!(month(instant), None);
        }
        assert_eq!(Month::of(Timestamp::MIN), None);
        assert_eq!(Month::of(Timestamp::MAX), None);
    }

    #[test]
    fn a_month_is_known_by_the_end_of_its_tables_name() {
        let name = Month::of_name("2026_11").unwrap();
        assert_eq!(name.to_string(), "2026-11-01");
        assert!(Month::of_name("2026_13").is_none() && Month::of_name("er_rest").is_none());
    }
}
