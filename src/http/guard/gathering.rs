//! What may be asked while twins are still being brought back: one of those that are there, and nothing
//! that would have to count or search them.

use axum::extract::{MatchedPath, Request};
use axum::http::Method;

use crate::http::state::AppState;

/// What is asked of one node, by whatever name.
const OF_ONE_NODE: &str = "/api/v1/nodes/{id}";

/// Whether twins may be missing that are needed.
pub(super) fn are_missing(app: &AppState, request: &Request) -> bool {
    !app.system.is_whole() && !reads_one_node(request)
}

fn reads_one_node(request: &Request) -> bool {
    let path = request.extensions().get::<MatchedPath>();
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    is_read && path.is_some_and(|path| path.as_str().starts_with(OF_ONE_NODE))
}
