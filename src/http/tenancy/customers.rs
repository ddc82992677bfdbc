//! `/admin/customers`: households and companies, each in a community.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{added, changed, nodes_below, page, removed, shown, unknown};
use crate::access::{Customer, TenantId};
use crate::app::audit::Witness;
use crate::http::answer::Answer;
use crate::http::conditions::{IfMatch, IfNoneMatch};
use crate::http::extract::{Json, MergePatch, NoQuery, Params};
use crate::http::guard::{Above, Kind as _, May, Scope, Standing, to};
use crate::http::idempotency::{Once, Replay};
use crate::http::merge::merged;
use crate::http::page::{AnyOf, Limit, Pages};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::http::views::{CustomerBody, CustomerView, List};

/// Which are wanted. Several values of one filter are separated by commas.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct CustomerQuery {
    #[param(value_type = Option<String>)]
    community_id: AnyOf<Uuid>,
    /// How many, 1 to 200; 50 where not given.
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists those that are seen.
#[utoipa::path(get, path = "/admin/customers", tag = "Tenancy", params(CustomerQuery),
    responses((status = 200, body = List<CustomerView>)))]
pub(crate) async fn list(
    May { scope, .. }: May<to::TenancyRead>,
    Params(query): Params<CustomerQuery>,
    pages: Pages,
) -> Answer {
    let seen = |it: &&Customer| {
        query.community_id.allows(&it.community.0) && scope.sees_tenant(&(*it).clone().tenant())
    };
    let all = scope.forest().customers.values();
    let wanted = all.filter(seen).map(|it| (it.id.0, it));
    page::<_, CustomerView>(wanted, query.limit, (&pages, query.cursor.as_deref()))
}

/// Adds a customer.
#[utoipa::path(post, path = "/admin/customers", tag = "Tenancy", request_body = CustomerBody,
    responses((status = 201, body = CustomerView, headers(("Location"), ("ETag")))))]
pub(crate) async fn create(
    May { scope, .. }: May<to::TenancyWrite>,
    _: Above<Customer>,
    _: NoQuery,
    State(app): State<AppState>,
    once: Result<Once, Replay>,
    witness: Witness,
    Json(body): Json<CustomerBody>,
) -> Answer {
    let it = body.described(Uuid::now_v7(), app.clock.now());
    let it = it.map_err(Problem::invalid)?;
    may_be(&scope, &it)?;
    added::<_, CustomerView>(&app, (once, witness), "customers", &it).await
}

/// Shows a customer.
#[utoipa::path(get, path = "/admin/customers/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header, description = "What the caller has already: 304 where that is the state.")),
    responses((status = 200, body = CustomerView, headers(("ETag"))), (status = 304)))]
pub(crate) async fn show(
    _: NoQuery,
    Standing { it, .. }: Standing<to::TenancyRead, Customer>,
    held: IfNoneMatch,
) -> Answer {
    shown::<_, CustomerView>(&it, Some(&held))
}

/// Changes a customer: a merge patch, in which null removes.
#[utoipa::path(patch, path = "/admin/customers/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"v3\"` or `*`; else 412.")),
    request_body(content = CustomerBody, content_type = "application/merge-patch+json"),
    responses((status = 200, body = CustomerView, headers(("ETag")))))]
pub(crate) async fn change(
    _: NoQuery,
    State(app): State<AppState>,
    Standing { it, scope, .. }: Standing<to::TenancyWrite, Customer>,
    _: Above<Customer>,
    IfMatch(expected): IfMatch,
    witness: Witness,
    MergePatch(patch): MergePatch,
) -> Answer {
    let body = merged(&CustomerBody::from(&it), patch)?;
    let after = body.onto(&it).map_err(Problem::invalid)?;
    may_be(&scope, &after)?;
    if after.community != it.community && nodes_below(&app, TenantId::Customer(it.id)) > 0 {
        let detail = "It cannot be moved: it still has nodes.";
        return Err(Problem::new(Code::Conflict, detail));
    }
    let it = changed(&app, (&expected, &witness), it, after).await?;
    shown::<_, CustomerView>(&it, None)
}

/// Removes a customer that nothing hangs on.
#[utoipa::path(delete, path = "/admin/customers/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: `\"v3\"` or `*`; else 412.")),
    responses((status = 204), (status = 409, description = "Something hangs on it.")))]
pub(crate) async fn remove(
    _: NoQuery,
    State(app): State<AppState>,
    Standing { it, .. }: Standing<to::TenancyWrite, Customer>,
    _: Above<Customer>,
    IfMatch(expected): IfMatch,
    witness: Witness,
) -> Result<Response, Problem> {
    removed(&app, (&expected, &witness), it.tenant()).await
}

/// Whether a customer may be where it is described to be, by this person.
fn may_be(scope: &Scope, it: &Customer) -> Result<(), Problem> {
    let is_below = scope.governs(&it.clone().tenant());
    is_below
        .then_some(())
        .ok_or_else(|| unknown("/community_id"))
}
