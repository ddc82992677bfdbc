//! What limits promise, whoever asks and however the clock is set.

use proptest::prelude::*;
use uuid::Uuid;

use super::Subject;
use super::gcra::{Quota, Standing, take};
use super::table::Table;

fn quota() -> impl Strategy<Value = Quota> {
    (1..=Quota::MOST_PER_MINUTE).prop_map(|requests| Quota::per_minute(requests).unwrap())
}

/// Quotas small enough to be spent by hand.
fn small() -> impl Strategy<Value = Quota> {
    (1..=50_u32).prop_map(|requests| Quota::per_minute(requests).unwrap())
}

const fn person(number: u128) -> Subject {
    Subject::Person(Uuid::from_u128(number))
}

fn taken(standing: Standing) -> bool {
    standing.refused.is_none()
}

#[test]
fn a_hundred_a_minute_are_a_hundred_at_once_and_then_one_every_600_milliseconds() {
    let quota = Quota::per_minute(100).unwrap();
    let mut level = 0;
    for left in (0..100).rev() {
        let (next, standing) = take(quota, level, 1_000);
        assert_eq!((standing.remaining, standing.refused), (left, None));
        level = next;
    }
    let (level, refused) = take(quota, level, 1_000);
    assert_eq!(refused.refused.unwrap().as_millis(), 600);
    assert_eq!((refused.limit, refused.remaining), (100, 0));
    assert_eq!(refused.reset.as_secs(), 60);
    let (level, standing) = take(quota, level, 601_000);
    assert!(taken(standing));
    assert!(!taken(take(quota, level, 601_000).1));
}

#[test]
fn nothing_a_minute_is_no_quota_and_neither_is_everything() {
    assert!(Quota::per_minute(0).is_none());
    assert!(Quota::per_minute(Quota::MOST_PER_MINUTE + 1).is_none());
}

proptest! {
    #[test]
    fn in_no_span_more_is_taken_than_all_at_once_and_what_came_back_in_it(
        quota in small(),
        gaps in prop::collection::vec(0..20_000_000_u64, 1..200),
    ) {
        let (mut level, mut now, mut taken_at) = (0, 0, Vec::new());
        for gap in gaps {
            now += gap;
            let (next, standing) = take(quota, level, now);
            level = next;
            if taken(standing) {
                taken_at.push(now);
            }
        }
        for (first, from) in taken_at.iter().enumerate() {
            for (last, to) in taken_at.iter().enumerate().skip(first) {
                let most = u64::from(quota.requests()) + (to - from) / quota.interval();
                prop_assert!((last - first + 1) as u64 <= most);
            }
        }
    }

    #[test]
    fn whoever_waits_as_long_as_told_is_served_and_nobody_much_sooner(
        quota in quota(),
        level in 0..u64::MAX / 4,
        now in 0..u64::MAX / 4,
    ) {
        let (level, standing) = take(quota, level, now);
        if let Some(wait) = standing.refused {
            let wait = u64::try_from(wait.as_micros()).unwrap();
            prop_assert!(taken(take(quota, level, now + wait).1));
            prop_assert!(wait < 1_000 || !taken(take(quota, level, now + wait - 1_000).1));
        }
    }

    #[test]
    fn later_never_means_less(
        quota in quota(),
        level in 0..u64::MAX / 4,
        now in 0..u64::MAX / 4,
        later in 0..200_000_000_u64,
    ) {
        // The clock goes forward: what was written is of the rule.
        let (level, sooner) = take(quota, level, now);
        let (first, second) = (take(quota, level, now).1, take(quota, level, now + later).1);
        prop_assert!(taken(second) || !taken(first));
        prop_assert!(second.remaining >= first.remaining);
        prop_assert!(sooner.remaining <= quota.requests());
    }

    #[test]
    fn however_the_clock_was_set_nobody_waits_longer_than_for_one_request(
        quota in quota(), level in any::<u64>(), now in 0..u64::MAX / 4,
    ) {
        let standing = take(quota, level, now).1;
        let wait = standing.refused.map_or(0, |wait| wait.as_micros());
        prop_assert!(wait <= u128::from(quota.interval()) + 1_000);
    }

    #[test]
    fn however_the_clock_was_set_no_more_is_taken_at_once_than_the_quota(
        quota in small(), level in any::<u64>(), now in 0..u64::MAX / 4,
    ) {
        let (mut level, mut count) = (level, 0);
        loop {
            let (next, standing) = take(quota, level, now);
            level = next;
            if !taken(standing) {
                break;
            }
            count += 1;
            prop_assert!(count <= quota.requests());
        }
    }

    #[test]
    fn no_number_of_others_gives_anyone_a_fresh_start(
        quota in small(),
        others in prop::collection::vec((0..200_u128, 0..100_000_u64), 0..400),
    ) {
        let (full, alone) = (Table::with_room_for(16), Table::with_room_for(16));
        let mut now = 0;
        for _ in 0..quota.requests().div_ceil(2) {
            prop_assert_eq!(full.take(person(9_999), quota, now), alone.take(person(9_999), quota, now));
        }
        for (other, gap) in others {
            now += gap;
            full.take(person(other), quota, now);
            prop_assert!(full.len() <= 16);
        }
        let (crowded, alone) = (full.take(person(9_999), quota, now), alone.take(person(9_999), quota, now));
        prop_assert!(crowded.remaining <= alone.remaining && taken(crowded) <= taken(alone));
    }

    #[test]
    fn a_look_tells_what_taking_would_and_takes_nothing(
        quota in small(),
        asked in prop::collection::vec((0..30_u128, 0..3_000_000_u64), 0..200),
    ) {
        let (table, mut now) = (Table::with_room_for(64), 0);
        for (who, gap) in asked {
            now += gap;
            let told = table.look(person(who), quota, now);
            prop_assert_eq!(table.look(person(who), quota, now), told);
            prop_assert_eq!(table.take(person(who), quota, now), told);
        }
    }
}

#[test]
fn those_who_find_no_room_share_one_account_until_somebody_is_level() {
    let (table, quota) = (Table::with_room_for(2), Quota::per_minute(2).unwrap());
    let take = |who, now| taken(table.take(person(who), quota, now));
    assert!(take(1, 0) && take(2, 0));
    assert!(take(3, 0) && take(4, 0));
    assert!(!take(5, 0) && !take(3, 0));
    assert!(take(1, 0) && !take(1, 0));
    // A minute later all are level again, and there is room for those who come.
    assert!(take(5, 60_000_000) && take(5, 60_000_000) && !take(5, 60_000_000));
    assert!(take(6, 60_000_000));
    assert_eq!(table.len(), 2);
}
