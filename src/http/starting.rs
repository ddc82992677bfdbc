//! What is answered before anything is known: that the process lives, and that all else is worth another try.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::border::Border;
use super::edge::Edge;
use super::health;
use super::problem::Problem;

/// The face of a service that has not read its store yet.
pub fn starting(border: Border) -> Arc<Edge> {
    let router = Router::new()
        .route("/health/live", get(health::live))
        .route("/api/v1/health/live", get(health::live))
        .fallback(async || Problem::starting());
    Edge::around(router, border)
}
