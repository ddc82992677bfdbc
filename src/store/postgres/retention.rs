//! Which months of raw readings are made ahead, and which may be dropped once nothing is in them: decided
//! here, without a database.

use std::collections::{BTreeSet, HashSet};

use evara_actors::domain::Timestamp;

use super::months::Month;

/// Made ahead of this month: should upkeep fail for a whole season, readings still find their tables made.
pub(super) const MONTHS_AHEAD: u32 = 3;

/// What upkeep has to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Months that are needed soon and have no tables.
    pub(super) make: BTreeSet<Month>,
    /// Months that are over: readings are taken out of them one by one, as their plans say, and the last one
    /// leaves an empty table behind.
    pub(super) over: BTreeSet<Month>,
}

/// What to do at `now`, where `existing` months have tables.
pub(super) fn plan(now: Timestamp, existing: &HashSet<Month>) -> Plan {
    let Some(this) = Month::of(now) else {
        return Plan::default();
    };
    let ahead = std::iter::successors(Some(this), |month| month.next());
    let soon = ahead.take(1 + MONTHS_AHEAD as usize);
    Plan {
        make: soon.filter(|month| !existing.contains(month)).collect(),
        over: existing
            .iter()
            .copied()
            .filter(|month| *month < this)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_MS: i64 = 86_400_000;

    /// The beginning of a day, counted from the first of January 2010.
    fn at(day: i64) -> Timestamp {
        Timestamp::from_millis(1_262_304_000_000 + day * DAY_MS)
    }

    proptest! {
        #[test]
        fn this_month_and_the_next_are_made_and_only_what_is_over_may_go(
            day in 0_i64..9_000, days in prop::collection::vec(0_i64..9_000, 0..40),
        ) {
            let existing: HashSet<Month> = days.into_iter().filter_map(|day| Month::of(at(day))).collect();
            let first = plan(at(day), &existing);
            let this = Month::of(at(day)).unwrap();
            prop_assert!(first.make.iter().all(|month| *month >= this && !existing.contains(month)));
            prop_assert!(first.over.iter().all(|month| *month < this && existing.contains(month)));
            let mut after: HashSet<Month> = existing.iter().chain(&first.make).copied().collect();
            after.retain(|month| !first.over.contains(month));
            prop_assert!(after.contains(&this));
            prop_assert_eq!(plan(at(day), &after), Plan::default());
        }
    }
}
