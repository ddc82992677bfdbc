//! How long each named query takes: counts in fixed buckets, without a lock, and never a value.
//!
//! A query is timed from when it was sent until its answer was read. Of several that are sent at once each
//! has waited for those before it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::statements::{self, Query};

/// Longer than any query takes whose index serves it: logged, by name.
const SLOW: Duration = Duration::from_millis(100);

/// The upper ends of the buckets in microseconds, in steps that a person reads off. What takes longer than
/// the last was given up.
const BUCKETS_US: [u64; 16] = [
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
    1_000_000, 2_000_000, 5_000_000, 60_000_000,
];

/// The times of every query since the store was opened.
#[derive(Debug)]
pub(super) struct Profile {
    /// In the order of [`statements::ALL`].
    queries: Vec<Times>,
}

#[derive(Debug, Default)]
struct Times {
    buckets: [AtomicU64; BUCKETS_US.len()],
    slow: AtomicU64,
}

/// How long one query took, over all of its calls.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryProfile {
    /// The query.
    pub name: &'static str,
    /// How often it was answered.
    pub count: u64,
    /// How often it took more than 100 ms.
    pub slow: u64,
    /// Half of the calls took no longer, in milliseconds; the upper end of a bucket, as the next two.
    pub p50_ms: f64,
    /// 95 of 100 calls took no longer.
    pub p95_ms: f64,
    /// 99 of 100 calls took no longer.
    pub p99_ms: f64,
}

impl Profile {
    pub(super) fn new() -> Self {
        let queries = statements::ALL.iter().map(|_| Times::default());
        Self {
            queries: queries.collect(),
        }
    }

    /// Notes that `query` took so long; says so where that was too long.
    pub(super) fn note(&self, query: Query, took: Duration) {
        let Some(times) = self.queries.get(query.place) else {
            return;
        };
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_US.partition_point(|end| *end < micros);
        let bucket = bucket.min(BUCKETS_US.len() - 1);
        times.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        if took > SLOW {
            times.slow.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                query = query.name,
                took_ms = micros / 1_000,
                "a query was slow"
            );
        }
    }

    /// The queries that were ever asked, by name.
    pub(super) fn told(&self) -> Vec<QueryProfile> {
        let all = statements::ALL.iter().zip(&self.queries);
        all.map(|(query, times)| times.told(query.name))
            .filter(|told| told.count > 0)
            .collect()
    }
}

impl Times {
    fn told(&self, name: &'static str) -> QueryProfile {
        let counts = self.buckets.each_ref().map(|n| n.load(Ordering::Relaxed));
        QueryProfile {
            name,
            count: counts.iter().sum(),
            slow: self.slow.load(Ordering::Relaxed),
            p50_ms: quantile_ms(&counts, 50),
            p95_ms: quantile_ms(&counts, 95),
            p99_ms: quantile_ms(&counts, 99),
        }
    }
}

/// The upper end of the first bucket up to which `percent` of the calls are; 0 where there are none.
fn quantile_ms(counts: &[u64; BUCKETS_US.len()], percent: u64) -> f64 {
    let wanted = (counts.iter().sum::<u64>() * percent).div_ceil(100);
    let mut seen = 0;
    for (count, end) in counts.iter().zip(BUCKETS_US) {
        seen += count;
        if seen >= wanted && seen > 0 {
            return end as f64 / 1_000.0;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_profile_names_what_was_asked_and_counts_what_was_slow() {
        let profile = Profile::new();
        assert!(profile.told().is_empty());
        for millis in [1, 1, 1, 101] {
            profile.note(statements::ALL_NODES, Duration::from_millis(millis));
        }
        let told = profile.told();
        assert_eq!(told.len(), 1);
        assert_eq!(
            (told[0].name, told[0].count, told[0].slow),
            ("all_nodes", 4, 1)
        );
        assert_eq!((told[0].p50_ms, told[0].p99_ms), (1.0, 200.0));
    }

    proptest! {
        #[test]
        fn quantiles_rise_and_are_no_less_than_what_was_measured(
            micros in prop::collection::vec(0_u64..100_000_000, 1..50),
        ) {
            let profile = Profile::new();
            for took in &micros {
                profile.note(statements::ALL_NODES, Duration::from_micros(*took));
            }
            let told = profile.told().remove(0);
            prop_assert_eq!(told.count, micros.len() as u64);
            prop_assert!(told.p50_ms <= told.p95_ms && told.p95_ms <= told.p99_ms);
            let mut sorted = micros;
            sorted.sort_unstable();
            let middle = sorted[(sorted.len() - 1) / 2].min(60_000_000);
            prop_assert!(told.p50_ms * 1_000.0 >= middle as f64);
        }
    }
}
