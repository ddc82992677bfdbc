//! The parameters of a read: how many rows, from when to when, and what is done to them.
//!
//! Pure. A parameter that cannot be read is as good as absent, as on the hosted service.

use super::aggregate::{Aggregate, Bucket, Fold};
use super::ask::Params;
use super::zone::Zone;

/// The most rows that one answer carries.
pub(super) const MAX_RESULTS: usize = 8_000;

/// Rows of an answer to a request that names neither a number nor a window.
const DEFAULT_RESULTS: usize = 100;

/// More decimals than a double has; asked for more, the answer stays at this.
const MAX_DECIMALS: usize = 17;

const DAY_S: i64 = 86_400;

/// Which rows a request wants and in what shape.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub(super) limit: usize,
    /// First second wanted, UTC.
    pub(super) start_s: i64,
    /// Last second wanted, UTC.
    pub(super) end_s: i64,
    pub(super) zone: Zone,
    pub(super) status: bool,
    pub(super) location: bool,
    pub(super) metadata: bool,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) decimals: Option<usize>,
    pub(super) aggregate: Option<Aggregate>,
}

impl Query {
    /// Reads the parameters of a feed at `now_s`.
    pub(super) fn of(params: &Params, now_s: i64) -> Self {
        let zone = Zone::of(params.get("timezone"), params.get("offset"));
        let window = Window::of(params, &zone, now_s);
        let results = integer(params, "results").and_then(|n| usize::try_from(n).ok());
        let default = if window.is_named {
            MAX_RESULTS
        } else {
            DEFAULT_RESULTS
        };
        Self {
            limit: results.unwrap_or(default).min(MAX_RESULTS),
            start_s: window.start_s,
            end_s: window.end_s,
            zone,
            status: params.says_true("status"),
            location: params.says_true("location"),
            metadata: params.get("metadata") == Some("true"),
            min: number(params, "min"),
            max: number(params, "max"),
            decimals: integer(params, "round")
                .and_then(|n| usize::try_from(n).ok())
                .map(|n| n.min(MAX_DECIMALS)),
            aggregate: aggregate(params),
        }
    }

    /// Reads the parameters of a status feed, which looks back one day unless told otherwise.
    pub(super) fn of_status(params: &Params, now_s: i64) -> Self {
        let mut query = Self::of(params, now_s);
        if query.start_s == i64::MIN {
            query.start_s = now_s - DAY_S;
            if integer(params, "results").is_none() {
                query.limit = MAX_RESULTS;
            }
        }
        query
    }
}

struct Window {
    start_s: i64,
    end_s: i64,
    is_named: bool,
}

impl Window {
    fn of(params: &Params, zone: &Zone, now_s: i64) -> Self {
        let back = |name, unit_s: i64| {
            integer(params, name).map(|n| now_s.saturating_sub(n.saturating_mul(unit_s)))
        };
        let at = |name| params.get(name).and_then(|text| zone.parse(text));
        let start_s = at("start")
            .or_else(|| back("minutes", 60))
            .or_else(|| back("days", DAY_S));
        let end_s = at("end");
        Self {
            start_s: start_s.unwrap_or(i64::MIN),
            end_s: end_s.unwrap_or(i64::MAX),
            is_named: start_s.is_some() || end_s.is_some(),
        }
    }
}

fn integer(params: &Params, name: &str) -> Option<i64> {
    params.get(name)?.trim().parse().ok()
}

fn number(params: &Params, name: &str) -> Option<f64> {
    let value: f64 = params.get(name)?.trim().parse().ok()?;
    value.is_finite().then_some(value)
}

/// One aggregation applies: the first of these that was asked for with a known size.
fn aggregate(params: &Params) -> Option<Aggregate> {
    [
        ("timescale", Fold::First),
        ("sum", Fold::Sum),
        ("average", Fold::Average),
        ("median", Fold::Median),
    ]
    .into_iter()
    .find_map(|(name, fold)| {
        let bucket = Bucket::of(params.get(name)?)?;
        Some(Aggregate { fold, bucket })
    })
}
