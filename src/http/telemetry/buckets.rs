//! What readings come to by the bucket, in any form.

use axum::response::Response;
use bytes::Bytes;

use crate::history::aggregate::Aggregate;
use crate::history::ask::{Question, Series, Told};
use crate::http::answer::{self, Answer};
use crate::http::format::{self, Format};
use crate::http::stream::{Broken, Parts};
use crate::http::views::{BucketView, BucketsView};

/// Rows in a part of a stream: some hundred kilobytes.
const STREAMED: usize = 2_000;

/// What was told of a question, at once or by the row. What is held is bounded by the rows that may be asked for.
pub(super) fn answer(
    (question, told): (Question, Told),
    format: Format,
    by_the_row: impl FnOnce(Rows) -> Response,
) -> Answer {
    match format {
        Format::Json => answer::json(&BucketsView::new(&question, &told)),
        Format::Lines | Format::Csv => Ok(by_the_row(Rows {
            told,
            aggregates: question.aggregates,
            format,
            next: Some((0, 0)),
        })),
    }
}

/// The rows of an answer, some at a time.
pub(super) struct Rows {
    told: Told,
    aggregates: Vec<Aggregate>,
    format: Format,
    /// The series and its row to go on with.
    next: Option<(usize, usize)>,
}

impl Parts for Rows {
    async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        let Some((index, from)) = self.next else {
            return Ok(None);
        };
        let head = (index, from) == (0, 0);
        let Some(series) = self.told.series.get(index) else {
            self.next = None;
            // Also what has no rows has a head.
            return if head {
                self.written(&[], head).map(Some)
            } else {
                Ok(None)
            };
        };
        let to = series.rows.len().min(from + STREAMED);
        let views = views(series, from..to, &self.aggregates);
        self.next = Some(if to == series.rows.len() {
            (index + 1, 0)
        } else {
            (index, to)
        });
        self.written(&views, head).map(Some)
    }
}

fn views<'a>(
    series: &'a Series,
    rows: std::ops::Range<usize>,
    aggregates: &[Aggregate],
) -> Vec<BucketView<'a>> {
    let view = |row| BucketView::new(&series.metric, row, aggregates);
    series.rows[rows].iter().map(view).collect()
}

impl Rows {
    fn written(&self, views: &[BucketView<'_>], head: bool) -> Result<Bytes, Broken> {
        if self.format != Format::Csv {
            return format::lines(views.iter());
        }
        let mut csv = format::Csv::new();
        if head {
            csv.row(BucketView::head(&self.aggregates))?;
        }
        for view in views {
            csv.row(view.cells(&self.aggregates))?;
        }
        csv.into_bytes()
    }
}
