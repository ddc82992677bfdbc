//! The whole surface of the service, on one screen.
//!
//! Whatever is added here is in the description of the API at once: there is no other way in.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::edge::Edge;
use super::problem::Problem;
use super::state::AppState;
use super::{
    actors, auth, dashboard, dead_letters, devices, health, history, nodes, openapi, pollers,
    queries, telemetry, twins,
};

/// Everything that is served, behind the edge.
pub fn service(state: AppState) -> Arc<Edge> {
    let guard = from_fn_with_state(state.clone(), auth::guard);
    let (api, description) = surface(state.version, |api| api.route_layer(guard)).split_for_parts();
    let router = api
        .merge(openapi::pages(&openapi::completed(description)))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED)
        .with_state(state);
    Edge::around(router)
}

/// The description of the API, for tools that need it without a running service.
pub fn description(version: &str) -> OpenApi {
    openapi::completed(surface(version, |api| api).into_openapi())
}

fn surface(
    version: &str,
    guarded: impl FnOnce(OpenApiRouter<AppState>) -> OpenApiRouter<AppState>,
) -> OpenApiRouter<AppState> {
    let api = open().merge(guarded(registry().merge(live()).merge(operations())));
    // Probes are told a path once and for all: they find it without the version, too.
    OpenApiRouter::with_openapi(openapi::preface(version))
        .merge(open())
        .nest("/api/v1", api)
}

/// For everyone, without a token.
fn open() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::summary))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// What people say of nodes.
fn registry() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(nodes::list, nodes::create))
        .routes(routes!(nodes::show, nodes::change, nodes::remove))
        .routes(routes!(nodes::maintain))
        .routes(routes!(devices::map))
        .routes(routes!(devices::config, devices::set_config))
        .routes(routes!(
            devices::channel,
            devices::set_channel,
            devices::remove_channel
        ))
        .routes(routes!(pollers::feed))
}

/// What is known of them, and what was.
fn live() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(twins::show, twins::change))
        .routes(routes!(twins::show_part))
        .routes(routes!(history::events))
        .routes(routes!(telemetry::telemetry))
        .routes(routes!(telemetry::latest))
        .routes(routes!(dashboard::stats))
        .routes(routes!(dashboard::fleet))
        .routes(routes!(dashboard::alerts))
}

/// For those who run the service.
fn operations() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(actors::tree))
        .routes(routes!(actors::show))
        .routes(routes!(actors::release))
        .routes(routes!(pollers::list))
        .routes(routes!(pollers::show))
        .routes(routes!(pollers::poll))
        .routes(routes!(pollers::pause))
        .routes(routes!(pollers::resume))
        .routes(routes!(pollers::reset_breaker))
        .routes(routes!(pollers::backfill))
        .routes(routes!(dead_letters::list))
        .routes(routes!(queries::list))
}
