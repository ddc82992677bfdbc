//! What may be asked while twins are still being brought back: one of those that are there, and nothing
//! that would have to count or search them.

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::problem::Problem;
use crate::http::state::AppState;

/// What is asked of one node, by whatever name.
const OF_ONE_NODE: &str = "/api/v1/nodes/{id}";

/// Refuses what needs all twins, as long as some may be missing.
pub(crate) async fn gathering(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    if app.system.is_whole() || reads_one_node(&request) {
        return next.run(request).await;
    }
    Problem::starting().into_response()
}

fn reads_one_node(request: &Request) -> bool {
    let path = request.extensions().get::<MatchedPath>();
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    is_read && path.is_some_and(|path| path.as_str().starts_with(OF_ONE_NODE))
}
