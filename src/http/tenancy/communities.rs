//! `/admin/communities`: the tenants, each with a distributor, in a region.

use axum::extract::State;
use axum::response::Response;
use evara_actors::domain::FieldError;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{added, changed, page, removed, shown, unknown};
use crate::access::{Community, Permission, Place, PlanId, Reach, TenancyFault};
use crate::app::audit::Witness;
use crate::http::answer::Answer;
use crate::http::conditions::{IfMatch, IfNoneMatch};
use crate::http::extract::{Json, MergePatch, NoQuery, Params};
use crate::http::guard::{Above, Kind as _, May, Scope, Standing, to};
use crate::http::idempotency::{Once, Replay};
use crate::http::merge::merged;
use crate::http::page::{AnyOf, Limit, Pages};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::http::views::{CommunityBody, CommunityView, List};

/// Which are wanted. Several values of one filter are separated by commas.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct CommunityQuery {
    #[param(value_type = Option<String>)]
    distributor_id: AnyOf<Uuid>,
    #[param(value_type = Option<String>)]
    plan_id: AnyOf<Uuid>,
    #[param(value_type = Option<String>)]
    region: AnyOf<String>,
    /// How many, 1 to 200; 50 where not given.
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists those that are seen.
#[utoipa::path(get, path = "/admin/communities", tag = "Tenancy", params(CommunityQuery),
    responses((status = 200, body = List<CommunityView>)))]
pub(crate) async fn list(
    May { scope, .. }: May<to::TenancyRead>,
    Params(query): Params<CommunityQuery>,
    pages: Pages,
) -> Answer {
    let seen = |it: &&Community| {
        query.distributor_id.allows(&it.distributor.0)
            && query.plan_id.any(|plan| it.plan == Some(PlanId(*plan)))
            && query.region.allows(&it.region)
            && scope.sees_tenant(&(*it).clone().tenant())
    };
    let all = scope.forest().communities.values();
    let wanted = all.filter(seen).map(|it| (it.id.0, it));
    page::<_, CommunityView>(wanted, query.limit, (&pages, query.cursor.as_deref()))
}

/// Adds a community.
#[utoipa::path(post, path = "/admin/communities", tag = "Tenancy", request_body = CommunityBody,
    responses((status = 201, body = CommunityView, headers(("Location"), ("ETag")))))]
pub(crate) async fn create(
    May { scope, .. }: May<to::TenancyWrite>,
    _: Above<Community>,
    _: NoQuery,
    State(app): State<AppState>,
    once: Result<Once, Replay>,
    witness: Witness,
    Json(body): Json<CommunityBody>,
) -> Answer {
    let it = body.described(Uuid::now_v7(), app.clock.now());
    let it = it.map_err(Problem::invalid)?;
    let base = base(&scope);
    let it = Community {
        plan: it.plan.or(base),
        ..it
    };
    may_be(&scope, base, &it)?;
    added::<_, CommunityView>(&app, (once, witness), "communities", &it).await
}

/// Shows a community.
#[utoipa::path(get, path = "/admin/communities/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header, description = "What the caller has already: 304 where that is the state.")),
    responses((status = 200, body = CommunityView, headers(("ETag"))), (status = 304)))]
pub(crate) async fn show(
    _: NoQuery,
    Standing { it, .. }: Standing<to::TenancyRead, Community>,
    held: IfNoneMatch,
) -> Answer {
    shown::<_, CommunityView>(&it, Some(&held))
}

/// Changes a community: a merge patch, in which null removes.
#[utoipa::path(patch, path = "/admin/communities/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"v3\"` or `*`; else 412.")),
    request_body(content = CommunityBody, content_type = "application/merge-patch+json"),
    responses((status = 200, body = CommunityView, headers(("ETag")))))]
pub(crate) async fn change(
    _: NoQuery,
    State(app): State<AppState>,
    Standing { it, scope, .. }: Standing<to::TenancyWrite, Community>,
    _: Above<Community>,
    IfMatch(expected): IfMatch,
    witness: Witness,
    MergePatch(patch): MergePatch,
) -> Answer {
    let body = merged(&CommunityBody::from(&it), patch)?;
    let after = body.onto(&it).map_err(Problem::invalid)?;
    may_be(&scope, it.plan, &after)?;
    let it = changed(&app, (&expected, &witness), it, after).await?;
    shown::<_, CommunityView>(&it, None)
}

/// Removes a community that nothing hangs on.
#[utoipa::path(delete, path = "/admin/communities/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"v3\"` or `*`; else 412.")),
    responses((status = 204), (status = 409, description = "Something hangs on it.")))]
pub(crate) async fn remove(
    _: NoQuery,
    State(app): State<AppState>,
    Standing { it, .. }: Standing<to::TenancyWrite, Community>,
    _: Above<Community>,
    IfMatch(expected): IfMatch,
    witness: Witness,
) -> Result<Response, Problem> {
    removed(&app, (&expected, &witness), it.tenant()).await
}

/// What a new community is given, unless somebody who may says otherwise.
const BASE: &str = "base";

fn base(scope: &Scope) -> Option<PlanId> {
    let mut plans = scope.forest().plans.values();
    plans.find(|plan| plan.name == BASE).map(|plan| plan.id)
}

/// Whether a community may be as it is described, by this person; `plan` is the one that it needs no right for.
fn may_be(scope: &Scope, plan: Option<PlanId>, it: &Community) -> Result<(), Problem> {
    if it.plan != plan {
        scope.needs(Permission::PlansWrite)?;
    }
    let is_astray = || {
        if reaches_distributor(scope, it) {
            not_yours()
        } else {
            unknown("/distributor_id")
        }
    };
    match scope.forest().check_community(it) {
        Err(TenancyFault::NoParent(field)) => Err(unknown(&format!("/{field}"))),
        Err(TenancyFault::HasChildren(_)) => {
            Err(Problem::internal("a community that is not removed"))
        }
        Ok(()) if scope.governs(&it.clone().tenant()) => Ok(()),
        Ok(()) => Err(is_astray()),
    }
}

/// Whether it is for its region alone that a community is out of reach.
fn reaches_distributor(scope: &Scope, it: &Community) -> bool {
    let reach = &scope.person().reach;
    let Reach::Region(_, region) = reach else {
        return false;
    };
    reach.governs(&Place {
        distributor: Some(it.distributor),
        region,
        community: Some(it.id),
        customer: None,
    })
}

fn not_yours() -> Problem {
    Problem::invalid(vec![FieldError::new("/region", "must be your own")])
}
