//! `/nodes/{id}/telemetry`: readings as they came, and what they come to by the bucket.
//!
//! Which of the two is asked for is decided by `bucket`; [`query`] says what can be asked of each.

mod buckets;
mod query;
mod raw;

use axum::extract::State;

use super::answer::{self, Answer};
use super::extract::{NoQuery, Params};
use super::format::Format;
use super::guard::{Located, to};
use super::page::Pages;
use super::state::AppState;
use super::views::{List, PointView, TelemetryView};
use super::watched::Reader;
use crate::history::ask;
use query::{Asked, HistoryQuery};
use raw::Readings;

/// The past of a node, oldest first: readings as they came, or what they come to by the bucket.
///
/// Only good readings count into a bucket, and those that are suspect for when they came (`gap`,
/// `flat_line`). The `difference` of a register, `total_l`, is what passed the meter: wraps are counted, falls
/// that nothing explains are not, and a pair of readings in two buckets is shared between them by time. Any
/// other difference is the last reading less the first. `fill` carries on where something stood (`min`, `max`,
/// `avg`, `first`, `last`), and never a sum or a count.
#[utoipa::path(get, path = "/nodes/{id}/telemetry", tag = "Telemetry",
    params(("id" = String, Path), HistoryQuery),
    responses((status = 200, content(
        (TelemetryView<'_> = "application/json"),
        (String = "application/x-ndjson"),
        (String = "text/csv"),
    ))))]
pub(crate) async fn telemetry(
    State(app): State<AppState>,
    Located { handle, scope, .. }: Located<to::TelemetryRead>,
    Params(query): Params<HistoryQuery>,
    format: Format,
    pages: Pages,
    reader: Reader,
) -> Answer {
    let twin = handle.view();
    let seen = (scope, Some(handle.id()));
    match query.asked(&twin, app.clock.now(), (format, pages))? {
        Asked::Page(page) => raw::page(&*app.history, twin.spec().id, page).await,
        Asked::Stream(wanted) => {
            let readings = Readings::of(app.history.clone(), handle.id(), wanted, format);
            Ok(reader.answer(seen, format, readings))
        }
        Asked::Curve(curve) => raw::curve(&*app.history, twin.spec().id, curve, format).await,
        Asked::Buckets(question) => {
            let told = ask::answer(&*app.history, twin.spec(), &question).await?;
            let by_the_row = |rows| reader.answer(seen, format, rows);
            buckets::answer((question, told), format, by_the_row)
        }
    }
}

/// The current values of a node, from memory.
#[utoipa::path(get, path = "/nodes/{id}/telemetry/latest", tag = "Telemetry",
    params(("id" = String, Path)), responses((status = 200, body = List<PointView>)))]
pub(crate) async fn latest(
    Located { handle, .. }: Located<to::TelemetryRead>,
    _: NoQuery,
) -> Answer {
    let twin = handle.view();
    let items = twin.reported().iter().map(PointView::from).collect();
    answer::json(&List {
        items,
        next_cursor: None,
    })
}
