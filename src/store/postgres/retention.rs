//! Which months of raw readings are made ahead, and which are dropped: decided here, without a database.

use std::collections::{BTreeSet, HashSet};

use evara_actors::domain::Timestamp;

use super::months::Month;

/// Made ahead of this month: should upkeep fail for a whole season, readings still find their tables made.
pub(super) const MONTHS_AHEAD: u32 = 3;

/// For how long readings are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Nothing is ever dropped.
    Forever,
    /// So many days after it was measured.
    Days(u32),
}

/// What upkeep has to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Months that are needed soon and have no tables.
    pub(super) make: BTreeSet<Month>,
    /// Months whose last reading is too old.
    pub(super) drop: BTreeSet<Month>,
}

/// What to do at `now`, where `existing` months have tables. No month from `held` on is dropped, however
/// old: what is added up from raw readings says there how far it has come.
pub(super) fn plan(
    now: Timestamp,
    existing: &HashSet<Month>,
    keep: Keep,
    held: Option<Month>,
) -> Plan {
    let Some(this) = Month::of(now) else {
        return Plan::default();
    };
    let ahead = std::iter::successors(Some(this), |month| month.next());
    let soon = ahead.take(1 + MONTHS_AHEAD as usize);
    let is_old = |month: &Month| match keep {
        Keep::Forever => false,
        Keep::Days(days) => month.end().millis_since(now) < -i64::from(days) * DAY_MS,
    };
    let is_free = |month: &Month| held.is_none_or(|held| *month < held);
    Plan {
        make: soon.filter(|month| !existing.contains(month)).collect(),
        drop: existing
            .iter()
            .copied()
            .filter(|month| *month < this && is_old(month) && is_free(month))
            .collect(),
    }
}

const DAY_MS: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_secs(1_262_304_000 + day * 86_400)
    }

    /// Any instant of the years 2010 to 2039.
    fn nows() -> impl Strategy<Value = Timestamp> {
        (0_i64..10_957).prop_map(at)
    }

    fn months() -> impl Strategy<Value = HashSet<Month>> {
        prop::collection::hash_set(nows().prop_filter_map("a month", Month::of), 0..20)
    }

    fn keeps() -> impl Strategy<Value = Keep> {
        prop_oneof![Just(Keep::Forever), (1_u32..1_000).prop_map(Keep::Days)]
    }

    proptest! {
        #[test]
        fn nothing_is_dropped_that_holds_a_reading_that_is_to_be_kept(
            now in nows(), existing in months(), days in 1_u32..1_000, ago in 0_i64..1_000,
        ) {
            let plan = plan(now, &existing, Keep::Days(days), None);
            let ago = ago.min(i64::from(days)) * DAY_MS;
            let kept = Month::of(Timestamp::from_millis(now.millis() - ago));
            prop_assert!(kept.is_none_or(|month| !plan.drop.contains(&month)));
        }

        #[test]
        fn what_is_dropped_was_there_is_past_and_is_not_held(
            now in nows(), existing in months(), keep in keeps(), held in prop::option::of(nows()),
        ) {
            let held = held.and_then(Month::of);
            let plan = plan(now, &existing, keep, held);
            let this = Month::of(now).unwrap();
            for month in plan.drop {
                prop_assert!(existing.contains(&month) && month < this);
                prop_assert!(keep != Keep::Forever && held.is_none_or(|held| month < held));
            }
        }

        #[test]
        fn once_it_is_done_nothing_is_left_to_do(
            now in nows(), existing in months(), keep in keeps(),
        ) {
            let first = plan(now, &existing, keep, None);
            let mut after: HashSet<Month> = existing.union(&first.make.iter().copied().collect()).copied().collect();
            after.retain(|month| !first.drop.contains(month));
            prop_assert!(first.make.len() <= 4 && first.make.is_disjoint(&first.drop));
            prop_assert_eq!(plan(now, &after, keep, None), Plan::default());
        }
    }

    #[test]
    fn a_month_goes_when_its_last_day_is_too_old() {
        let month = |day| Month::of(at(day)).unwrap();
        let existing = HashSet::from([month(0), month(31)]);
        // January 2010 has 31 days: its last reading is 30 days old when the 2nd of March ends.
        for (day, dropped) in [(60, 0), (61, 0), (62, 1), (89, 1), (90, 2)] {
            let plan = plan(at(day), &existing, Keep::Days(30), None);
            assert_eq!(plan.drop.len(), dropped, "day {day}");
        }
        let held = plan(at(400), &existing, Keep::Days(30), Some(month(31)));
        assert_eq!(held.drop, BTreeSet::from([month(0)]));
    }
}
