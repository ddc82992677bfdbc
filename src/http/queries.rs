//! `/admin/queries`: how long the database takes.

use axum::extract::State;

use super::answer::{self, Answer};
use super::extract::NoQuery;
use super::state::AppState;
use super::views::{List, QueryView};

/// How long each query of the database took since the start, by name. Empty with the embedded store.
#[utoipa::path(get, path = "/admin/queries", tag = "Admin",
    responses((status = 200, body = List<QueryView>)))]
pub(crate) async fn list(State(app): State<AppState>, _: NoQuery) -> Answer {
    let items = app.queries.told().into_iter().map(QueryView::from);
    answer::json(&List {
        items: items.collect(),
        next_cursor: None,
    })
}
