//! For how long readings are kept as they came: by the plan of the node's community. Pure.

use std::collections::HashMap;
use std::time::Duration;

use evara_actors::domain::Timestamp;
use uuid::Uuid;

use super::CommunityDays;
use super::grid::{Grid, Width};

const DAY: Duration = Duration::from_secs(86_400);

/// What plans say, and what holds where they say nothing.
#[derive(Debug)]
pub(super) struct Keeping {
    /// `None` for ever.
    communities: HashMap<Uuid, Option<u32>>,
    otherwise: Duration,
}

impl Keeping {
    pub(super) fn new(communities: Vec<CommunityDays>, otherwise: Duration) -> Self {
        Self {
            communities: communities.into_iter().collect(),
            otherwise,
        }
    }

    /// The instant before which readings of a node of `community` are not kept at `now`: the beginning of a
    /// day of UTC, so that it moves once a day. `None` where all are kept.
    pub(super) fn cut(&self, now: Timestamp, community: Option<Uuid>) -> Option<Timestamp> {
        let age = match community.and_then(|community| self.communities.get(&community)) {
            Some(Some(days)) => *days * DAY,
            Some(None) => return None,
            None => self.otherwise,
        };
        let days = Grid::new(jiff::tz::TimeZone::UTC, Width::Day);
        Some(days.bucket(now.minus(age)).from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COMMUNITY: Uuid = Uuid::from_u128(1);

    fn keeping(days: Option<u32>) -> Keeping {
        Keeping::new(vec![(COMMUNITY, days)], 30 * DAY)
    }

    proptest! {
        #[test]
        fn no_reading_goes_before_its_plan_says_and_none_stays_a_day_longer(
            now in 1_000_000_000_000_i64..4_000_000_000_000, days in 1_u32..3_650,
        ) {
            let now = Timestamp::from_millis(now);
            let cut = keeping(Some(days)).cut(now, Some(COMMUNITY)).unwrap();
            prop_assert!(cut <= now.minus(days * DAY) && cut > now.minus((days + 1) * DAY));
        }
    }

    #[test]
    fn what_no_plan_speaks_of_is_kept_as_the_service_was_told() {
        let now: Timestamp = "2026-03-31T12:00:00Z".parse().unwrap();
        let month: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        for community in [None, Some(Uuid::from_u128(2))] {
            assert_eq!(keeping(Some(1)).cut(now, community), Some(month));
        }
        assert_eq!(keeping(None).cut(now, Some(COMMUNITY)), None);
    }
}
