//! A question about the past, performed: standing first, then rollups and samples in the order of time.
//!
//! What it holds grows with the buckets that are asked for, which have a limit, and never with the
//! samples that are read. It writes nothing.

use evara_actors::domain::{Metric, NodeId, NodeSpec, Timestamp};
use evara_actors::ports::ArchiveError;

use super::aggregate::{self, Aggregate, Fill, Row};
use super::grid::{Grid, Span, Width};
use super::plan::{self, Asked, Segment, Source};
use super::register::{self, Passed};
use super::{
    History, PastSample, Reading, RollupSpan, Rule, SampleSpan, Summary, Unit, lttb, select,
};

/// The most buckets of all metrics in one answer: a month by the minute. They are held at once, at some
/// hundred bytes each.
pub(crate) const MAX_ROWS: u64 = 50_000;

/// The most samples that one answer may be worked out from: what a store reads within a request's time.
pub(crate) const MAX_SCANNED: usize = 1_000_000;

/// Samples read at once: some hundred kilobytes, and well within a call's deadline.
pub(crate) const PAGE: u32 = 5_000;

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// Readings outside of it do not count.
    pub(crate) span: Span,
    /// The zone's IANA name.
    pub(crate) zone: String,
    pub(crate) width: Width,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) aggregates: Vec<Aggregate>,
    pub(crate) fill: Fill,
    /// At most so many rows a metric.
    pub(crate) max_points: Option<usize>,
}

/// What is told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) series: Vec<Series>,
    /// Where it was read.
    pub(crate) parts: Vec<Segment>,
}

/// What is told of one metric.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) metric: Metric,
    pub(crate) rows: Vec<Row>,
}

/// Why nothing is told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The store did not answer.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// More would have to be read than [`MAX_SCANNED`].
    #[error("too many samples would have to be read")]
    TooMuch,
}

impl Question {
    fn grid(&self) -> Grid {
        Grid::new(plan::zone_of(&self.zone), self.width)
    }

    /// How many rows it leads to at most.
    pub(crate) fn most_rows(&self) -> u64 {
        let metrics = self.metrics.len() as u64;
        self.grid().most(self.span).saturating_mul(metrics)
    }
}

/// All that rollups of a node depend on beside its zone, as text.
pub(crate) fn terms(spec: &NodeSpec) -> String {
    serde_json::to_string(&spec.config.meter).unwrap_or_default()
}

/// Answers a question about the node that `spec` describes.
pub(crate) async fn answer(
    history: &dyn History,
    spec: &NodeSpec,
    question: &Question,
) -> Result<Told, Error> {
    let mut table = Table::new(spec, question);
    let (first, last) = table.ends();
    let around = Width::Day.length();
    let standing = history.standing(spec.id, first.minus(around), last.plus(around));
    let standing = standing.await?;
    let asked = Asked {
        width: question.width,
        zone: &question.zone,
        terms: &terms(spec),
    };
    let mut scanned = 0;
    let mut parts = Vec::new();
    for span in table.spans() {
        for part in plan::plan(span, &asked, &standing) {
            match part.source {
                Source::Samples => {
                    samples(history, spec.id, part.span, &mut table, &mut scanned).await?
                }
                Source::Hours => {
                    rollups(history, spec.id, Unit::Hour, part.span, &mut table).await?
                }
                Source::Days => rollups(history, spec.id, Unit::Day, part.span, &mut table).await?,
            }
            if question.span.covers(part.span) {
                parts.push(part);
            }
        }
    }
    let series = table.told(question);
    Ok(Told { series, parts })
}

/// Reads samples page after page, from the first to the last of a span.
#[derive(Debug)]
pub(crate) struct Pages {
    node: NodeId,
    next: Option<SampleSpan>,
}

impl Pages {
    pub(crate) fn new(node: NodeId, span: Span, limit: u32) -> Self {
        let next = Some(SampleSpan {
            from: span.from,
            to: span.to,
            after: None,
            limit,
        });
        Self { node, next }
    }

    /// The next page; `None` after the last.
    pub(crate) async fn next(
        &mut self,
        history: &dyn History,
    ) -> Result<Option<Vec<PastSample>>, ArchiveError> {
        let Some(span) = self.next else {
            return Ok(None);
        };
        let page = history.samples(self.node, span).await?;
        let full = page.len() >= span.limit as usize;
        let last = page.last().filter(|_| full);
        self.next = last.map(|last| SampleSpan {
            after: Some((last.source_at, last.source)),
            ..span
        });
        Ok(Some(page))
    }
}

async fn samples(
    history: &dyn History,
    node: NodeId,
    span: Span,
    table: &mut Table,
    scanned: &mut usize,
) -> Result<(), Error> {
    let mut pages = Pages::new(node, span, PAGE);
    while let Some(page) = pages.next(history).await? {
        *scanned += page.len();
        if *scanned > MAX_SCANNED {
            return Err(Error::TooMuch);
        }
        page.iter().for_each(|sample| table.add_sample(sample));
    }
    Ok(())
}

async fn rollups(
    history: &dyn History,
    node: NodeId,
    unit: Unit,
    span: Span,
    table: &mut Table,
) -> Result<(), Error> {
    let span = RollupSpan {
        unit,
        metrics: table
            .columns
            .iter()
            .map(|column| column.metric.to_string())
            .collect(),
        from: span.from,
        to: span.to,
    };
    for rollup in history.rollups(node, span).await? {
        table.add_rollup(&rollup.metric, rollup.from, rollup.summary);
    }
    Ok(())
}

/// Buckets and what is known of them so far.
struct Table {
    buckets: Vec<Bucket>,
    columns: Vec<Column>,
    /// The bucket that was added to last: readings come in the order of time.
    here: usize,
}

struct Bucket {
    /// `None` of the stretches beside the span, whose readings are neighbours and do not count.
    told: Option<Span>,
    /// The part of it that is in the span.
    counted: Span,
}

struct Column {
    metric: Metric,
    rule: Rule,
    summaries: Vec<Option<Summary>>,
}

impl Table {
    fn new(spec: &NodeSpec, question: &Question) -> Self {
        let rules = question.metrics.iter().map(|metric| Rule::of(spec, metric));
        let rules: Vec<Rule> = rules.collect();
        let differs = question.aggregates.contains(&Aggregate::Difference);
        let neighbours = differs && rules.iter().any(|rule| *rule != Rule::Plain);
        let span = question.span;
        // What a meter counted across an end is known by the reading on the other side of it.
        let beside = question.width.length().max(Width::Hour.length());
        let next_to = |from, to| Bucket {
            told: None,
            counted: Span::new(from, to),
        };
        let mut buckets = Vec::new();
        if neighbours {
            buckets.push(next_to(span.from.minus(beside), span.from));
        }
        buckets.extend(question.grid().buckets(span).map(|bucket| Bucket {
            told: Some(bucket),
            counted: bucket.within(span),
        }));
        if neighbours {
            buckets.push(next_to(span.to, span.to.plus(beside)));
        }
        let count = buckets.len();
        let column = |(metric, rule): (&Metric, Rule)| Column {
            metric: metric.clone(),
            rule,
            summaries: vec![None; count],
        };
        Self {
            columns: question.metrics.iter().zip(rules).map(column).collect(),
            buckets,
            here: 0,
        }
    }

    /// The first instant and the last.
    fn ends(&self) -> (Timestamp, Timestamp) {
        let ends = self.buckets.first().zip(self.buckets.last());
        ends.map_or((Timestamp::MIN, Timestamp::MIN), |(first, last)| {
            (first.counted.from, last.counted.to)
        })
    }

    /// The stretch before, the span itself, and the stretch after.
    fn spans(&self) -> Vec<Span> {
        let same = |a: &Bucket, b: &Bucket| a.told.is_some() == b.told.is_some();
        let ends =
            |run: &[Bucket]| Some(Span::new(run.first()?.counted.from, run.last()?.counted.to));
        self.buckets.chunk_by(same).filter_map(ends).collect()
    }

    fn add_sample(&mut self, sample: &PastSample) {
        for index in 0..self.columns.len() {
            if let Some(reading) = select::reading(sample, &self.columns[index].metric) {
                self.add(index, reading.at, Summary::of(reading));
            }
        }
    }

    fn add_rollup(&mut self, metric: &str, from: Timestamp, summary: Summary) {
        let found = self
            .columns
            .iter()
            .position(|column| column.metric.name() == metric);
        if let Some(index) = found {
            self.add(index, from, summary);
        }
    }

    fn add(&mut self, column: usize, at: Timestamp, summary: Summary) {
        let later = |bucket: &Bucket| at < bucket.counted.to;
        while self
            .buckets
            .get(self.here)
            .is_some_and(|bucket| !later(bucket))
        {
            self.here += 1;
        }
        let Column {
            rule, summaries, ..
        } = &mut self.columns[column];
        if let Some(known) = summaries.get_mut(self.here) {
            Summary::add(known, summary, rule);
        }
    }

    fn told(self, question: &Question) -> Vec<Series> {
        let buckets = self.buckets;
        let told = |column: Column| Series {
            rows: thinned(rows(&buckets, &column, question), question),
            metric: column.metric,
        };
        self.columns.into_iter().map(told).collect()
    }
}

fn rows(buckets: &[Bucket], column: &Column, question: &Question) -> Vec<Row> {
    let asked = &question.aggregates;
    let is_register = column.rule != Rule::Plain && asked.contains(&Aggregate::Difference);
    let passed: Vec<Option<Passed>> = if is_register {
        let counted = buckets.iter().map(|bucket| bucket.counted);
        let pairs: Vec<_> = counted.zip(column.summaries.iter().copied()).collect();
        register::passed(&pairs, &column.rule)
    } else {
        vec![None; buckets.len()]
    };
    let mut rows = Vec::with_capacity(buckets.len());
    let mut empty = Vec::with_capacity(buckets.len());
    for ((bucket, summary), passed) in buckets.iter().zip(&column.summaries).zip(passed) {
        let Some(span) = bucket.told else { continue };
        rows.push(aggregate::row(span, summary.as_ref(), passed, asked));
        empty.push(summary.is_none());
    }
    aggregate::fill(rows, &empty, asked, question.fill)
}

/// The rows that the curve of the first aggregate needs, where fewer were asked for than there are.
fn thinned(rows: Vec<Row>, question: &Question) -> Vec<Row> {
    let Some(most) = question.max_points.filter(|most| rows.len() > *most) else {
        return rows;
    };
    let mut drawn: Vec<Row> = rows
        .into_iter()
        .filter(|row| row.numbers[0].is_some())
        .collect();
    let x = |row: &Row| row.span.from.millis() as f64;
    let points: Vec<_> = drawn
        .iter()
        .map(|row| (x(row), row.numbers[0].unwrap_or_default()))
        .collect();
    let mut kept = lttb::kept(&points, most).into_iter().peekable();
    let mut places = 0_usize..;
    drawn.retain(|_| {
        let place = places.next();
        kept.next_if(|kept| Some(*kept) == place).is_some()
    });
    drawn
}

/// The readings of one metric in a span, where they are few enough to be held.
pub(crate) async fn curve(
    history: &dyn History,
    node: NodeId,
    span: Span,
    metric: &Metric,
    most: usize,
) -> Result<Vec<Reading>, Error> {
    let mut pages = Pages::new(node, span, PAGE);
    let mut readings = Vec::new();
    while let Some(page) = pages.next(history).await? {
        readings.extend(
            page.iter()
                .filter_map(|sample| select::reading(sample, metric)),
        );
        if readings.len() > most {
            return Err(Error::TooMuch);
        }
    }
    Ok(readings)
}
