//! `/admin/database`, `/admin/queries`: how the database does, and how long it takes.

use axum::extract::State;

use super::answer::{self, Answer};
use super::extract::NoQuery;
use super::guard::{May, to};
use super::state::AppState;
use super::views::{DatabaseView, List, QueryView, ReplicaView};

/// How the database does. Asks its replica, if there is one.
#[utoipa::path(get, path = "/admin/database", tag = "Admin",
    responses((status = 200, body = DatabaseView)))]
pub(crate) async fn show(_: May<to::OpsRead>, State(app): State<AppState>, _: NoQuery) -> Answer {
    let replica = app.database.replica().await;
    answer::json(&DatabaseView {
        late_hours: app.database.late_hours(),
        waiting: app.system.persistence().waiting,
        replica: replica.map(ReplicaView::from),
    })
}

/// How long each query of the database took since the start, by name. Empty with the embedded store.
#[utoipa::path(get, path = "/admin/queries", tag = "Admin",
    responses((status = 200, body = List<QueryView>)))]
pub(crate) async fn queries(
    _: May<to::OpsRead>,
    State(app): State<AppState>,
    _: NoQuery,
) -> Answer {
    let items = app.database.queries().into_iter().map(QueryView::from);
    answer::json(&List {
        items: items.collect(),
        next_cursor: None,
    })
}
