//! Readings as they came: a page of them, all of them, or those that keep the shape of a curve.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use evara_actors::domain::{Metric, NodeId, Verdict};
use evara_actors::ports::Point;

use super::query::{Curve, Page, Wanted, next};
use crate::history::ask::{self, Pages};
use crate::history::grid::Span;
use crate::history::{History, PastSample, SampleSpan, lttb, select};
use crate::http::answer::{self, Answer};
use crate::http::format::{self, Format};
use crate::http::stream::{Broken, Parts};
use crate::http::views::{List, PointView};

/// Samples that are looked through at once for those that have the metric.
const LOOKED_THROUGH: u32 = 1_000;

/// Samples in a part of a stream: some hundred kilobytes.
const STREAMED: u32 = 2_000;

/// The most readings of one metric that a curve is chosen from: a month of one every 15 seconds. They are
/// held at once, at 16 bytes each.
const MAX_CURVE: usize = 200_000;

/// The values of a sample that are wanted: the reported ones, and derived ones to those who ask by name.
fn points(sample: PastSample, metrics: &[Metric]) -> Vec<Point> {
    let derived = |metric: &Metric| {
        let reported = sample.values.iter().any(|value| value.metric == *metric);
        let number = select::derived(&sample, metric.name()).filter(|_| !reported)?;
        Some((metric.clone(), Some(number), Verdict::GOOD, None))
    };
    let derived: Vec<_> = metrics.iter().filter_map(derived).collect();
    let reported = sample.values.into_iter();
    let reported = reported.filter(|value| metrics.is_empty() || metrics.contains(&value.metric));
    let reported = reported.map(|value| (value.metric, value.number, value.verdict, value.raw));
    let point = |(metric, number, verdict, raw)| Point {
        metric,
        number,
        verdict,
        raw,
        source: sample.source,
        source_at: sample.source_at,
        received_at: sample.received_at,
        revision: sample.revision,
    };
    reported.chain(derived).map(point).collect()
}

/// A page of JSON. Counted in samples that have any of the metrics.
pub(super) async fn page(history: &dyn History, node: NodeId, page: Page) -> Answer {
    let Page {
        wanted,
        limit,
        after,
        print,
        pages,
    } = page;
    let at_once = if wanted.metrics.is_empty() {
        limit.get()
    } else {
        LOOKED_THROUGH
    };
    let mut span = SampleSpan {
        from: wanted.span.from,
        to: wanted.span.to,
        after,
        limit: at_once,
    };
    let (mut items, mut samples) = (Vec::new(), 0);
    loop {
        let found = history.samples(node, span).await?;
        let full = found.len() >= at_once as usize;
        for sample in found {
            let place = (sample.source_at, sample.source);
            span.after = Some(place);
            let points = points(sample, &wanted.metrics);
            samples += usize::from(!points.is_empty() || wanted.metrics.is_empty());
            items.extend(points.into_iter().map(PointView::from));
            if samples == limit.size() {
                return answer::json(&List {
                    items,
                    next_cursor: Some(next((&pages, print), place)?),
                });
            }
        }
        if !full {
            return answer::json(&List {
                items,
                next_cursor: None,
            });
        }
    }
}

/// All readings, as they are read.
pub(super) struct Readings {
    history: Arc<dyn History>,
    pages: Pages,
    metrics: Vec<Metric>,
    format: Format,
    begun: bool,
}

impl Readings {
    pub(super) fn of(
        history: Arc<dyn History>,
        node: NodeId,
        wanted: Wanted,
        format: Format,
    ) -> Self {
        Self {
            pages: Pages::new(node, wanted.span, STREAMED),
            history,
            metrics: wanted.metrics,
            format,
            begun: false,
        }
    }
}

impl Parts for Readings {
    async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        let Some(page) = self.pages.next(&*self.history).await? else {
            return Ok(None);
        };
        let views = page
            .into_iter()
            .flat_map(|sample| points(sample, &self.metrics));
        let head = !std::mem::replace(&mut self.begun, true);
        written(views.map(PointView::from), self.format, head).map(Some)
    }
}

fn written(
    views: impl Iterator<Item = PointView>,
    format: Format,
    head: bool,
) -> Result<Bytes, Broken> {
    if format != Format::Csv {
        return format::lines(views);
    }
    let mut csv = format::Csv::new();
    if head {
        csv.row(PointView::HEAD.map(Into::into))?;
    }
    for view in views {
        csv.row(view.cells())?;
    }
    csv.into_bytes()
}

/// The readings that keep the shape of each metric's curve.
pub(super) async fn curve(
    history: &dyn History,
    node: NodeId,
    curve: Curve,
    format: Format,
) -> Answer {
    let mut items = Vec::new();
    for metric in &curve.metrics {
        let readings = ask::curve(history, node, curve.span, metric, MAX_CURVE).await?;
        let x_y = |reading: &crate::history::Reading| (reading.at.millis() as f64, reading.number);
        let drawn: Vec<_> = readings.iter().map(x_y).collect();
        let kept = lttb::kept(&drawn, curve.most);
        items.extend(kept_points(history, node, curve.span, metric, kept.into()).await?);
    }
    match format {
        Format::Json => answer::json(&List {
            items,
            next_cursor: None,
        }),
        Format::Lines | Format::Csv => {
            let body = written(items.into_iter(), format, true);
            let body = body.map_err(crate::http::problem::Problem::internal)?;
            Ok(format.answer(Body::from(body)))
        }
    }
}

/// The readings that count at these places. Read anew rather than held: only numbers fit in memory.
async fn kept_points(
    history: &dyn History,
    node: NodeId,
    span: Span,
    metric: &Metric,
    mut kept: VecDeque<usize>,
) -> Result<Vec<PointView>, ask::Error> {
    let only = std::slice::from_ref(metric);
    let mut pages = Pages::new(node, span, ask::PAGE);
    let mut items = Vec::new();
    let mut place = 0;
    while !kept.is_empty() {
        let Some(page) = pages.next(history).await? else {
            break;
        };
        for sample in page {
            if select::reading(&sample, metric).is_none() {
                continue;
            }
            if kept.front() == Some(&place) {
                kept.pop_front();
                items.extend(points(sample, only).into_iter().map(PointView::from));
            }
            place += 1;
        }
    }
    Ok(items)
}
