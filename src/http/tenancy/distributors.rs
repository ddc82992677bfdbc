//! `/admin/distributors`: who looks after communities.

use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::{PageQuery, added, changed, page, removed, shown};
use crate::access::Distributor;
use crate::app::audit::Witness;
use crate::http::answer::Answer;
use crate::http::conditions::{IfMatch, IfNoneMatch};
use crate::http::extract::{Json, MergePatch, NoQuery, Params};
use crate::http::guard::{Above, Kind as _, May, Standing, to};
use crate::http::idempotency::{Once, Replay};
use crate::http::merge::merged;
use crate::http::page::Pages;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::http::views::{DistributorBody, DistributorView, List};

/// Lists those that are seen.
#[utoipa::path(get, path = "/admin/distributors", tag = "Tenancy", params(PageQuery),
    responses((status = 200, body = List<DistributorView>)))]
pub(crate) async fn list(
    May { scope, .. }: May<to::TenancyRead>,
    Params(query): Params<PageQuery>,
    pages: Pages,
) -> Answer {
    let all = scope.forest().distributors.values();
    let wanted = all.filter(|it| scope.sees_tenant(&(*it).clone().tenant()));
    let wanted = wanted.map(|it| (it.id.0, it));
    page::<_, DistributorView>(wanted, query.limit, (&pages, query.cursor.as_deref()))
}

/// Adds a distributor.
#[utoipa::path(post, path = "/admin/distributors", tag = "Tenancy", request_body = DistributorBody,
    responses((status = 201, body = DistributorView, headers(("Location"), ("ETag")))))]
pub(crate) async fn create(
    _: May<to::TenancyWrite>,
    _: Above<Distributor>,
    _: NoQuery,
    State(app): State<AppState>,
    once: Result<Once, Replay>,
    witness: Witness,
    Json(body): Json<DistributorBody>,
) -> Answer {
    let it = body.described(Uuid::now_v7(), app.clock.now());
    let it = it.map_err(Problem::invalid)?;
    added::<_, DistributorView>(&app, (once, witness), "distributors", &it).await
}

/// Shows a distributor.
#[utoipa::path(get, path = "/admin/distributors/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header, description = "What the caller has already: 304 where that is the state.")),
    responses((status = 200, body = DistributorView, headers(("ETag"))), (status = 304)))]
pub(crate) async fn show(
    _: NoQuery,
    Standing { it, .. }: Standing<to::TenancyRead, Distributor>,
    held: IfNoneMatch,
) -> Answer {
    shown::<_, DistributorView>(&it, Some(&held))
}

/// Changes a distributor: a merge patch, in which null removes.
#[utoipa::path(patch, path = "/admin/distributors/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"v3\"` or `*`; else 412.")),
    request_body(content = DistributorBody, content_type = "application/merge-patch+json"),
    responses((status = 200, body = DistributorView, headers(("ETag")))))]
pub(crate) async fn change(
    _: NoQuery,
    State(app): State<AppState>,
    Standing { it, .. }: Standing<to::TenancyWrite, Distributor>,
    _: Above<Distributor>,
    IfMatch(expected): IfMatch,
    witness: Witness,
    MergePatch(patch): MergePatch,
) -> Answer {
    let body = merged(&DistributorBody::from(&it), patch)?;
    let after = body.onto(&it).map_err(Problem::invalid)?;
    let it = changed(&app, (&expected, &witness), it, after).await?;
    shown::<_, DistributorView>(&it, None)
}

/// Removes a distributor that nothing hangs on.
#[utoipa::path(delete, path = "/admin/distributors/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"v3\"` or `*`; else 412.")),
    responses((status = 204), (status = 409, description = "Something hangs on it.")))]
pub(crate) async fn remove(
    _: NoQuery,
    State(app): State<AppState>,
    Standing { it, .. }: Standing<to::TenancyWrite, Distributor>,
    _: Above<Distributor>,
    IfMatch(expected): IfMatch,
    witness: Witness,
) -> Result<Response, Problem> {
    removed(&app, (&expected, &witness), it.tenant()).await
}
