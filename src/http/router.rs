//! The whole surface of the service, on one screen.
//!
//! Whatever is added here is in the description of the API at once: there is no other way in.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::edge::Edge;
use super::extract::MAX_BODY_BYTES;
use super::guard::limits;
use super::readings::MAX_BULK_BYTES;
use super::state::AppState;
use super::{
    actors, audit, auth, dashboard, database, dead_letters, device_keys, devices, guard, health,
    history, idempotency, ip_rules, live, nodes, openapi, pollers, readings, telemetry, tenancy,
    twins, users,
};

/// Everything that is served, behind the edge.
pub fn service(state: AppState) -> Arc<Edge> {
    let (api, description) = surface(state.version, Some(&state)).split_for_parts();
    let border = state.border.clone();
    let router = api
        .merge(pages(&state, description))
        .fallback(limits::nowhere)
        .method_not_allowed_fallback(limits::no_method)
        .with_state(state);
    Edge::around(router, border)
}

/// What anyone may read, so often.
fn pages(state: &AppState, description: OpenApi) -> Router<AppState> {
    let pages = openapi::pages(&openapi::completed(description));
    pages.route_layer(from_fn_with_state(state.clone(), limits::strangers))
}

/// The description of the API, for tools that need it without a running service.
pub fn description(version: &str) -> OpenApi {
    openapi::completed(surface(version, None).into_openapi())
}

/// Every route; behind its guards, where there is a state to guard it by.
fn surface(version: &str, state: Option<&AppState>) -> OpenApiRouter<AppState> {
    let people = registry()
        .merge(known())
        .merge(tenants())
        .merge(operations())
        .merge(people());
    let (people, devices, bulk) = match state {
        Some(state) => guarded(state, people),
        None => (people, devices(), bulk()),
    };
    let doors = match state {
        Some(state) => counted(state),
        None => doors().merge(sign_in()),
    };
    let api = open().merge(doors).merge(people).merge(devices).merge(bulk);
    // Probes are told a path once and for all: they find it without the version, too.
    OpenApiRouter::with_openapi(openapi::preface(version))
        .merge(open())
        .nest("/api/v1", api)
}

/// From the outside in: what [`guard::guarded`] asks, whose turn it is, and whether it was asked before.
fn guarded(
    state: &AppState,
    people: OpenApiRouter<AppState>,
) -> (
    OpenApiRouter<AppState>,
    OpenApiRouter<AppState>,
    OpenApiRouter<AppState>,
) {
    let once = |most| from_fn_with_state((state.clone(), most), idempotency::once);
    let known = |routes: OpenApiRouter<AppState>| {
        routes.route_layer(from_fn_with_state(state.clone(), guard::guarded))
    };
    let people = people.route_layer(once(MAX_BODY_BYTES));
    let devices = devices().route_layer(once(MAX_BODY_BYTES));
    let bulk = bulk()
        .route_layer(once(MAX_BULK_BYTES))
        .route_layer(from_fn_with_state(state.clone(), readings::in_turn));
    (known(people), known(devices), known(bulk))
}

/// For everyone, without a token.
fn open() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::summary))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// Whoever is not known yet is counted by where they are.
fn counted(state: &AppState) -> OpenApiRouter<AppState> {
    let doors = doors()
        .route_layer(from_fn_with_state(state.clone(), limits::failures))
        .route_layer(from_fn_with_state(state.clone(), limits::turned_away));
    let sign_in = sign_in().route_layer(from_fn_with_state(state.clone(), limits::sign_ins));
    doors.merge(sign_in)
}

/// For whoever has a password.
fn sign_in() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(auth::login))
}

/// For whoever wants to be known: these ask for a token themselves, or for what leads to one.
fn doors() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::me))
        .routes(routes!(auth::sync))
        .routes(routes!(live::ws::ws))
}

/// For people: themselves, and each other.
fn people() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(auth::sessions))
        .routes(routes!(auth::end_session))
        .routes(routes!(auth::password))
        .routes(routes!(auth::enroll))
        .routes(routes!(auth::confirm))
        .routes(routes!(auth::disable))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::show, users::change, users::remove))
}

/// For devices, each with a key of its node, and for the operator.
fn devices() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(readings::push_to_node))
        .routes(routes!(readings::push_own))
}

/// For those who push for many.
fn bulk() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(readings::push_bulk))
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
        .routes(routes!(device_keys::list, device_keys::create))
        .routes(routes!(device_keys::revoke))
        .routes(routes!(pollers::feed))
}

/// What is known of them, and what was.
fn known() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(twins::show, twins::change))
        .routes(routes!(twins::show_part))
        .routes(routes!(history::events))
        .routes(routes!(telemetry::telemetry))
        .routes(routes!(telemetry::latest))
        .routes(routes!(dashboard::stats))
        .routes(routes!(dashboard::fleet))
        .routes(routes!(dashboard::alerts))
        .routes(routes!(live::sse::stream))
        .routes(routes!(live::stats::own))
}

/// Whose it all is.
fn tenants() -> OpenApiRouter<AppState> {
    use tenancy::{communities, customers, distributors, plans};
    OpenApiRouter::new()
        .routes(routes!(distributors::list, distributors::create))
        .routes(routes!(
            distributors::show,
            distributors::change,
            distributors::remove
        ))
        .routes(routes!(communities::list, communities::create))
        .routes(routes!(
            communities::show,
            communities::change,
            communities::remove
        ))
        .routes(routes!(customers::list, customers::create))
        .routes(routes!(
            customers::show,
            customers::change,
            customers::remove
        ))
        .routes(routes!(plans::list, plans::create))
        .routes(routes!(plans::show, plans::change, plans::remove))
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
        .routes(routes!(ip_rules::list, ip_rules::create))
        .routes(routes!(ip_rules::remove))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(database::show))
        .routes(routes!(database::queries))
        .routes(routes!(live::stats::all))
}
