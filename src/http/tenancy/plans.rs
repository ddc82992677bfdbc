//! `/admin/plans`: what communities pay for, and what that allows.

use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::{PageQuery, added, changed, page, removed, shown};
use crate::access::Plan;
use crate::app::audit::Witness;
use crate::http::answer::Answer;
use crate::http::conditions::{IfMatch, IfNoneMatch};
use crate::http::extract::{Json, MergePatch, NoQuery, Params};
use crate::http::guard::{Kind as _, May, Standing, to};
use crate::http::idempotency::{Once, Replay};
use crate::http::merge::merged;
use crate::http::page::Pages;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::http::views::{List, PlanBody, PlanView};

/// Lists those that are seen.
#[utoipa::path(get, path = "/admin/plans", tag = "Tenancy", params(PageQuery),
    responses((status = 200, body = List<PlanView>)))]
pub(crate) async fn list(
    May { scope, .. }: May<to::PlansRead>,
    Params(query): Params<PageQuery>,
    pages: Pages,
) -> Answer {
    let wanted = scope.forest().plans.values().map(|it| (it.id.0, it));
    page::<_, PlanView>(wanted, query.limit, (&pages, query.cursor.as_deref()))
}

/// Adds a plan.
#[utoipa::path(post, path = "/admin/plans", tag = "Tenancy", request_body = PlanBody,
    responses((status = 201, body = PlanView, headers(("Location"), ("ETag")))))]
pub(crate) async fn create(
    _: May<to::PlansWrite>,
    _: NoQuery,
    State(app): State<AppState>,
    once: Result<Once, Replay>,
    witness: Witness,
    Json(body): Json<PlanBody>,
) -> Answer {
    let it = body.described(Uuid::now_v7(), app.clock.now());
    let it = it.map_err(Problem::invalid)?;
    added::<_, PlanView>(&app, (once, witness), "plans", &it).await
}

/// Shows a plan.
#[utoipa::path(get, path = "/admin/plans/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header, description = "What the caller has already: 304 where that is the state.")),
    responses((status = 200, body = PlanView, headers(("ETag"))), (status = 304)))]
pub(crate) async fn show(
    _: NoQuery,
    Standing { it, .. }: Standing<to::PlansRead, Plan>,
    held: IfNoneMatch,
) -> Answer {
    shown::<_, PlanView>(&it, Some(&held))
}

/// Changes a plan: a merge patch, in which null removes.
#[utoipa::path(patch, path = "/admin/plans/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"v3\"` or `*`; else 412.")),
    request_body(content = PlanBody, content_type = "application/merge-patch+json"),
    responses((status = 200, body = PlanView, headers(("ETag")))))]
pub(crate) async fn change(
    _: NoQuery,
    State(app): State<AppState>,
    Standing { it, .. }: Standing<to::PlansWrite, Plan>,
    IfMatch(expected): IfMatch,
    witness: Witness,
    MergePatch(patch): MergePatch,
) -> Answer {
    let body = merged(&PlanBody::from(&it), patch)?;
    let after = body.onto(&it).map_err(Problem::invalid)?;
    let it = changed(&app, (&expected, &witness), it, after).await?;
    shown::<_, PlanView>(&it, None)
}

/// Removes a plan that nothing hangs on.
#[utoipa::path(delete, path = "/admin/plans/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"v3\"` or `*`; else 412.")),
    responses((status = 204), (status = 409, description = "Something hangs on it.")))]
pub(crate) async fn remove(
    _: NoQuery,
    State(app): State<AppState>,
    Standing { it, .. }: Standing<to::PlansWrite, Plan>,
    IfMatch(expected): IfMatch,
    witness: Witness,
) -> Result<Response, Problem> {
    removed(&app, (&expected, &witness), it.tenant()).await
}
