//! What readings come to by the bucket, as JSON and as cells.

use std::borrow::Cow;
use std::collections::BTreeMap;

use evara_actors::domain::Metric;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{List, PointView, Time};
use crate::history::aggregate::{Aggregate, Fill, Row};
use crate::history::ask::{Question, Told};
use crate::history::grid::Width;
use crate::history::plan::{Segment, Source};

/// `raw`, or the width of buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum BucketWidth {
    #[serde(rename = "raw")]
    Raw,
    #[serde(rename = "1m")]
    Minute,
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "15m")]
    QuarterHour,
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "1d")]
    Day,
}

impl BucketWidth {
    /// `None` of readings as they came.
    pub(crate) const fn width(self) -> Option<Width> {
        match self {
            Self::Raw => None,
            Self::Minute => Some(Width::Minutes(1)),
            Self::FiveMinutes => Some(Width::Minutes(5)),
            Self::QuarterHour => Some(Width::Minutes(15)),
            Self::Hour => Some(Width::Hour),
            Self::Day => Some(Width::Day),
        }
    }
}

impl From<Width> for BucketWidth {
    fn from(width: Width) -> Self {
        match width {
            Width::Minutes(0..=4) => Self::Minute,
            Width::Minutes(5..=14) => Self::FiveMinutes,
            Width::Minutes(15..) => Self::QuarterHour,
            Width::Hour => Self::Hour,
            Width::Day => Self::Day,
        }
    }
}

/// What is told of a bucket.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AggregateView {
    Min,
    Max,
    Avg,
    Sum,
    Count,
    First,
    Last,
    Difference,
}

impl From<AggregateView> for Aggregate {
    fn from(view: AggregateView) -> Self {
        match view {
            AggregateView::Min => Self::Min,
            AggregateView::Max => Self::Max,
            AggregateView::Avg => Self::Avg,
            AggregateView::Sum => Self::Sum,
            AggregateView::Count => Self::Count,
            AggregateView::First => Self::First,
            AggregateView::Last => Self::Last,
            AggregateView::Difference => Self::Difference,
        }
    }
}

/// What stands where a bucket is empty.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FillView {
    None,
    Null,
    Previous,
    Linear,
}

impl From<FillView> for Fill {
    fn from(view: FillView) -> Self {
        match view {
            FillView::None => Self::None,
            FillView::Null => Self::Null,
            FillView::Previous => Self::Previous,
            FillView::Linear => Self::Linear,
        }
    }
}

/// The past of a node: readings where no bucket was asked for, and buckets otherwise.
#[derive(Debug, ToSchema)]
#[schema(as = Telemetry)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "describes answers, each of which is written as what it is"
)]
pub(crate) enum TelemetryView<'a> {
    Readings(List<PointView>),
    Buckets(BucketsView<'a>),
}

/// What readings come to, by metric and then by time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Buckets)]
pub(crate) struct BucketsView<'a> {
    items: Vec<BucketView<'a>>,
    /// Always null: buckets are told at once.
    next_cursor: Option<String>,
    /// How wide they are.
    bucket: BucketWidth,
    /// The zone whose days and hours they are.
    tz: &'a str,
    /// Readings before this instant do not count.
    from: Time,
    /// Readings from this instant on do not count.
    to: Time,
    /// Of each metric.
    units: BTreeMap<&'a str, &'static str>,
    /// The parts that were told from rollups rather than from readings.
    rolled_up: Vec<RolledUpView>,
}

/// A part that was told from rollups.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RolledUp)]
struct RolledUpView {
    from: Time,
    to: Time,
    /// What was rolled up: hours or days.
    by: BucketWidth,
}

/// What readings of a metric in a bucket come to: of the aggregates, those that were asked for.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Bucket)]
pub(crate) struct BucketView<'a> {
    metric: &'a str,
    /// The bucket's first instant.
    at: Option<Time>,
    /// The first instant after it.
    until: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    min: Option<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    max: Option<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    avg: Option<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    sum: Option<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    first: Option<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    last: Option<Option<f64>>,
    /// Of a register what passed the meter, of anything else the last reading less the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    difference: Option<Option<f64>>,
    /// Whether numbers were carried on from other buckets, since this one is empty.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    filled: bool,
    /// Pairs of a register's readings that nothing explains: what passed in them is not in the difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<u32>,
}

impl<'a> BucketsView<'a> {
    pub(crate) fn new(question: &'a Question, told: &'a Told) -> Self {
        let rows = told.series.iter().flat_map(|series| {
            let rows = series.rows.iter();
            rows.map(|row| BucketView::new(&series.metric, row, &question.aggregates))
        });
        let units = question
            .metrics
            .iter()
            .map(|metric| (metric.name(), metric.unit()));
        Self {
            items: rows.collect(),
            next_cursor: None,
            bucket: question.width.into(),
            tz: &question.zone,
            from: Time(question.span.from),
            to: Time(question.span.to),
            units: units.collect(),
            rolled_up: told.parts.iter().filter_map(RolledUpView::of).collect(),
        }
    }
}

impl RolledUpView {
    fn of(part: &Segment) -> Option<Self> {
        let by = match part.source {
            Source::Samples => return None,
            Source::Hours => BucketWidth::Hour,
            Source::Days => BucketWidth::Day,
        };
        let (from, to) = (Time(part.span.from), Time(part.span.to));
        Some(Self { from, to, by })
    }
}

impl<'a> BucketView<'a> {
    pub(crate) fn new(metric: &'a Metric, row: &Row, aggregates: &[Aggregate]) -> Self {
        let mut view = Self {
            metric: metric.name(),
            at: Some(Time(row.span.from)),
            until: Some(Time(row.span.to)),
            filled: row.filled,
            refused: (row.refused > 0).then_some(row.refused),
            ..Self::default()
        };
        for (aggregate, number) in aggregates.iter().zip(&row.numbers) {
            let place = match aggregate {
                Aggregate::Min => &mut view.min,
                Aggregate::Max => &mut view.max,
                Aggregate::Avg => &mut view.avg,
                Aggregate::Sum => &mut view.sum,
                Aggregate::Count => {
                    view.count = number.map(|count| count as u64);
                    continue;
                }
                Aggregate::First => &mut view.first,
                Aggregate::Last => &mut view.last,
                Aggregate::Difference => &mut view.difference,
            };
            *place = Some(*number);
        }
        view
    }

    /// The names of the cells.
    pub(crate) fn head(aggregates: &[Aggregate]) -> Vec<Cow<'static, str>> {
        let names = aggregates.iter().map(|aggregate| aggregate.name());
        let names = ["metric", "at", "until", "unit"].into_iter().chain(names);
        names.chain(["filled", "refused"]).map(Cow::from).collect()
    }

    /// As cells, in the order of [`BucketView::head`].
    pub(crate) fn cells(&self, aggregates: &[Aggregate]) -> Vec<Cow<'a, str>> {
        use crate::http::format::number;
        let unit = self
            .metric
            .parse::<Metric>()
            .map_or("", |metric| metric.unit());
        let time = |at: Option<Time>| Cow::from(at.map_or_else(String::new, |at| at.0.to_string()));
        let mut cells = vec![
            self.metric.into(),
            time(self.at),
            time(self.until),
            unit.into(),
        ];
        cells.extend(aggregates.iter().map(|aggregate| match aggregate {
            Aggregate::Min => number(self.min.flatten()),
            Aggregate::Max => number(self.max.flatten()),
            Aggregate::Avg => number(self.avg.flatten()),
            Aggregate::Sum => number(self.sum.flatten()),
            Aggregate::Count => Cow::from(self.count.unwrap_or_default().to_string()),
            Aggregate::First => number(self.first.flatten()),
            Aggregate::Last => number(self.last.flatten()),
            Aggregate::Difference => number(self.difference.flatten()),
        }));
        cells.push(self.filled.to_string().into());
        cells.push(self.refused.unwrap_or_default().to_string().into());
        cells
    }
}
