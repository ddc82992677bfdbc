//! What can be asked of the past: parameters, their limits, and which go together.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use evara_actors::domain::{Metric, NodeId, Source, Timestamp};
use evara_actors::twin::{FUTURE_TOLERANCE, Twin};
use serde::Deserialize;
use serde::de::Error as _;
use utoipa::IntoParams;

use crate::history::aggregate::{Aggregate, Fill};
use crate::history::ask::{MAX_ROWS, Question};
use crate::history::grid::{Span, Width};
use crate::history::lttb;
use crate::http::format::Format;
use crate::http::page::{AnyOf, Limit, Pages};
use crate::http::problem::{Code, Part, Problem};
use crate::http::views::{AggregateView, BucketWidth, FillView, Time};

/// How far back telemetry goes where nobody says from when.
const USUAL_SPAN: Duration = Duration::from_secs(24 * 3600);

/// A chart with more curves cannot be read.
const MAX_METRICS: usize = 16;

/// Which telemetry is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// Only these metrics, at most 16, separated by commas; also derived ones, such as `level_pct` and
    /// `volume_l`. Where not given, all that were reported.
    #[param(value_type = Option<String>, example = "level_cm,volume_l")]
    metric: Option<AnyOf<Metric>>,
    /// From this source time on; a day before `to` where not given.
    from: Option<Time>,
    /// Up to this source time, exclusive; now where not given.
    to: Option<Time>,
    /// `raw` for readings as they came, or the width of buckets. Days and hours are those of the zone.
    #[param(inline)]
    bucket: Option<BucketWidth>,
    /// What to tell of each bucket, separated by commas: `min`, `max`, `avg`, `sum`, `count`, `first`,
    /// `last`, `difference`. `avg` where not given.
    #[param(value_type = Option<String>, example = "min,max,avg")]
    agg: Option<AnyOf<AggregateView>>,
    /// What stands where a bucket is empty: `none` leaves it out.
    #[param(inline)]
    fill: Option<FillView>,
    /// The IANA name of the zone whose days and hours are meant; the community's where not given.
    #[param(value_type = Option<String>, example = "Asia/Kolkata")]
    tz: Option<ZoneName>,
    /// At most so many points a metric, 3 to 50000: those that keep the shape of its curve, by largest
    /// triangles. Of buckets, the curve of the first of `agg`.
    #[param(value_type = Option<u32>, minimum = 3, maximum = 50000)]
    max_points: Option<MaxPoints>,
    /// How many samples a page of raw JSON has, 1 to 200; 50 where not given.
    #[param(value_type = Option<u32>)]
    limit: Option<Limit>,
    /// The `next_cursor` of the page before, of raw JSON.
    cursor: Option<String>,
}

/// What is asked for.
#[derive(Debug)]
pub(super) enum Asked {
    /// A page of readings.
    Page(Page),
    /// All readings of a span.
    Stream(Wanted),
    /// The readings that keep the shape of a curve.
    Curve(Curve),
    /// What readings come to.
    Buckets(Question),
}

/// Which readings.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) span: Span,
    /// All that were reported where empty.
    pub(super) metrics: Vec<Metric>,
}

/// See [`Asked::Page`].
#[derive(Debug)]
pub(super) struct Page {
    pub(super) wanted: Wanted,
    pub(super) limit: Limit,
    pub(super) after: Option<(Timestamp, Source)>,
    /// Of the question, for the cursor of the next page.
    pub(super) print: Print,
    /// Who makes it.
    pub(super) pages: Pages,
}

/// See [`Asked::Curve`].
#[derive(Debug)]
pub(super) struct Curve {
    pub(super) span: Span,
    pub(super) metrics: Vec<Metric>,
    pub(super) most: usize,
}

impl HistoryQuery {
    /// What of `twin` is asked for, or what is wrong with it.
    pub(super) fn asked(
        mut self,
        twin: &Twin,
        now: Timestamp,
        (format, pages): (Format, Pages),
    ) -> Result<Asked, Problem> {
        self.check(format)?;
        let width = self.bucket.and_then(BucketWidth::width);
        // Devices' clocks run ahead a little, and what they said is in the history; a bucket that has not
        // begun is nobody's.
        let open_end = width.map_or_else(|| now.plus(FUTURE_TOLERANCE), |_| now);
        let wanted = Wanted {
            span: self.span(open_end)?,
            metrics: self.metrics()?,
        };
        match (width, self.max_points) {
            (Some(width), _) => self.buckets(twin, wanted, width),
            (None, Some(MaxPoints(most))) => Ok(Asked::Curve(Curve {
                span: wanted.span,
                metrics: or_reported(wanted.metrics, twin),
                most,
            })),
            (None, None) if format == Format::Json => self.page(twin.spec().id, wanted, pages),
            (None, None) => Ok(Asked::Stream(wanted)),
        }
    }

    fn span(&self, open_end: Timestamp) -> Result<Span, Problem> {
        let to = self.to.map_or(open_end, |to| to.0);
        let usual = || to.minus(USUAL_SPAN);
        let from = self.from.map_or_else(usual, |from| from.0);
        if from > to {
            let detail = "must not be after to";
            return Err(Problem::malformed(Part::Query, "from", detail));
        }
        Ok(Span::new(from, to))
    }

    /// Each that is named, once.
    fn metrics(&mut self) -> Result<Vec<Metric>, Problem> {
        let mut metrics = self.metric.take().map(AnyOf::into_vec).unwrap_or_default();
        let mut seen = BTreeSet::new();
        metrics.retain(|metric| seen.insert(metric.clone()));
        if metrics.len() > MAX_METRICS {
            let detail = "must be at most 16 metrics";
            return Err(Problem::malformed(Part::Query, "metric", detail));
        }
        Ok(metrics)
    }

    fn page(self, node: NodeId, wanted: Wanted, pages: Pages) -> Result<Asked, Problem> {
        let print = Print::of(node, &wanted.metrics, [self.from, self.to]);
        let pages = pages.of_any_spelling();
        Ok(Asked::Page(Page {
            wanted,
            limit: self.limit.unwrap_or_default(),
            after: place(&pages, self.cursor.as_deref(), print)?,
            print,
            pages,
        }))
    }

    fn buckets(self, twin: &Twin, wanted: Wanted, width: Width) -> Result<Asked, Problem> {
        let zone = || twin.spec().config.time_zone.clone();
        let question = Question {
            span: wanted.span,
            zone: self.tz.map_or_else(zone, |zone| zone.0),
            width,
            metrics: or_reported(wanted.metrics, twin),
            aggregates: chosen(self.agg.map(AnyOf::into_vec).unwrap_or_default()),
            fill: self.fill.map_or(Fill::None, Fill::from),
            max_points: self.max_points.map(|most| most.0),
        };
        few_enough(&question)?;
        Ok(Asked::Buckets(question))
    }

    /// Refuses what does not go together, all of it at once.
    fn check(&self, format: Format) -> Result<(), Problem> {
        let is_raw = self.bucket.and_then(BucketWidth::width).is_none();
        let needs_buckets = "needs a bucket other than raw";
        let fills = self.fill.is_some_and(|fill| Fill::from(fill) != Fill::None);
        let needs_pages = "is for pages: raw, application/json and without max_points";
        let paged = is_raw && format == Format::Json && self.max_points.is_none();
        let wrong = [
            ("agg", is_raw && self.agg.is_some(), needs_buckets),
            ("fill", is_raw && fills, needs_buckets),
            ("tz", is_raw && self.tz.is_some(), needs_buckets),
            ("limit", !paged && self.limit.is_some(), needs_pages),
            ("cursor", !paged && self.cursor.is_some(), needs_pages),
        ];
        let detail = "Some parameters do not go together.";
        let problem = wrong.into_iter().filter(|(_, is_wrong, _)| *is_wrong).fold(
            Problem::new(Code::InvalidRequest, detail),
            |problem, (name, _, why)| problem.field(Part::Query, name, why),
        );
        if problem.has_fields() {
            Err(problem)
        } else {
            Ok(())
        }
    }
}

/// What a question comes to, as far as its pages follow from it: the node, the metrics, and the times as they were
/// named. How long a page is may change from one to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Print(u64);

impl Print {
    fn of(node: NodeId, metrics: &[Metric], times: [Option<Time>; 2]) -> Self {
        let mut names: Vec<_> = metrics.iter().map(Metric::name).collect();
        names.sort_unstable();
        let [from, to] = times.map(|time| time.map(|Time(at)| at.millis()));
        let question = format!("{node} {from:?} {to:?} {}", names.join(","));
        let digest = digest(&SHA256, question.as_bytes());
        let first = digest.as_ref().iter().take(8);
        Self(first.fold(0, |print, byte| print << 8 | u64::from(*byte)))
    }
}

/// The cursor of what comes after a place, for the question of `print`.
pub(super) fn next(
    (pages, print): (&Pages, Print),
    (at, source): (Timestamp, Source),
) -> Result<String, Problem> {
    pages.cursor(format_args!("{} {source} {:x}", at.millis(), print.0))
}

fn place(
    pages: &Pages,
    cursor: Option<&str>,
    print: Print,
) -> Result<Option<(Timestamp, Source)>, Problem> {
    let found = pages.after(cursor, |text| {
        let (millis, rest) = text.split_once(' ')?;
        let (source, of) = rest.rsplit_once(' ')?;
        let at = Timestamp::from_millis(millis.parse().ok()?);
        let of = u64::from_str_radix(of, 16).ok().map(Print)?;
        Some(((at, source.parse().ok()?), of))
    })?;
    match found {
        Some((_, of)) if of != print => {
            let detail = "is of another question: node, metric, from and to must stay as they were";
            Err(Problem::malformed(Part::Query, "cursor", detail))
        }
        found => Ok(found.map(|(place, _)| place)),
    }
}

/// The metrics that the node reports now, where none is named.
fn or_reported(metrics: Vec<Metric>, twin: &Twin) -> Vec<Metric> {
    if !metrics.is_empty() {
        return metrics;
    }
    let reported = twin
        .reported()
        .iter()
        .map(|property| property.metric.clone());
    reported.take(MAX_METRICS).collect()
}

fn chosen(asked: Vec<AggregateView>) -> Vec<Aggregate> {
    let mut chosen: Vec<Aggregate> = Vec::new();
    for aggregate in asked.into_iter().map(Aggregate::from) {
        if !chosen.contains(&aggregate) {
            chosen.push(aggregate);
        }
    }
    if chosen.is_empty() {
        chosen.push(Aggregate::Avg);
    }
    chosen
}

fn few_enough(question: &Question) -> Result<(), Problem> {
    let rows = question.most_rows();
    if rows <= MAX_ROWS {
        return Ok(());
    }
    let detail = format!(
        "leads to {rows} rows, and {MAX_ROWS} are the most: widen it, or ask for less time or fewer metrics"
    );
    Err(
        Problem::new(Code::ValidationFailed, "The answer would be too long.").field(
            Part::Query,
            "bucket",
            detail,
        ),
    )
}

/// See [`HistoryQuery::max_points`].
#[derive(Debug, Clone, Copy)]
struct MaxPoints(usize);

impl<'de> Deserialize<'de> for MaxPoints {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let fits = |most: &usize| (lttb::FEWEST as u64..=MAX_ROWS).contains(&(*most as u64));
        let most = text.parse().ok().filter(fits);
        most.map(Self)
            .ok_or_else(|| D::Error::custom("must be from 3 to 50000"))
    }
}

/// The name of a zone that there is.
#[derive(Debug, Clone)]
struct ZoneName(String);

impl<'de> Deserialize<'de> for ZoneName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match jiff::tz::TimeZone::get(&name) {
            Ok(_) => Ok(Self(name)),
            Err(_) => Err(D::Error::custom("is no IANA time zone")),
        }
    }
}
