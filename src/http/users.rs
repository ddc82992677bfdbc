//! `/admin/users`: the accounts of others, as far as one sees them and has a say.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{self, Answer};
use super::extract::{Json, MergePatch, NoQuery, Params};
use super::guard::{May, NodeName as Id, to};
use super::page::{Limit, Pages};
use super::problem::Problem;
use super::state::AppState;
use super::views::{InvitedView, List, UserBody, UserPatch, UserView, change_of, id};
use crate::access::UserId;
use crate::app::audit::Witness;

/// Which accounts are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsersQuery {
    /// How many, 1 to 200; 50 where not given.
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists the accounts whose reach is inside one's own, in the order of their creation.
#[utoipa::path(get, path = "/admin/users", tag = "Tenancy", params(UsersQuery),
    responses((status = 200, body = List<UserView<'_>>)))]
pub(crate) async fn list(
    May { scope, .. }: May<to::UsersRead>,
    State(app): State<AppState>,
    Params(query): Params<UsersQuery>,
    pages: Pages,
) -> Answer {
    let from = pages.after(query.cursor.as_deref(), |text| {
        text.parse().ok().map(UserId)
    })?;
    let limit = query.limit.size();
    let seen = app.accounts.seen_after(scope.person(), from, limit);
    let (accounts, has_more) = seen.await?;
    let last = accounts
        .last()
        .map(|account| account.id)
        .filter(|_| has_more);
    answer::json(&List {
        items: accounts.iter().map(UserView::from).collect(),
        next_cursor: last.map(|last| pages.cursor(last)).transpose()?,
    })
}

/// Invites somebody, with less authority than one's own, inside of one's own reach.
#[utoipa::path(post, path = "/admin/users", tag = "Tenancy", request_body = UserBody,
    responses((status = 201, body = InvitedView<'_>, headers(("Location"))),
              (status = 403, description = "More authority than is one's to give."),
              (status = 409, description = "The address is taken.")))]
pub(crate) async fn create(
    May { scope, .. }: May<to::UsersManage>,
    _: NoQuery,
    State(app): State<AppState>,
    witness: Witness,
    Json(body): Json<UserBody>,
) -> Answer {
    let invited = app.accounts.invite(scope.person(), body.into(), &witness);
    let invited = invited.await?;
    let mut made = answer::json(&InvitedView::from(&invited))?;
    *made.status_mut() = StatusCode::CREATED;
    answer::located(made, &format!("/api/v1/admin/users/{}", invited.account.id))
}

/// Shows an account.
#[utoipa::path(get, path = "/admin/users/{id}", tag = "Tenancy", params(("id" = Uuid, Path)),
    responses((status = 200, body = UserView<'_>)))]
pub(crate) async fn show(
    May { scope, .. }: May<to::UsersRead>,
    _: NoQuery,
    State(app): State<AppState>,
    Id(name): Id,
) -> Answer {
    let account = app
        .accounts
        .seen(scope.person(), UserId(id(&name)?))
        .await?;
    answer::json(&UserView::from(&account))
}

/// Changes an account of less authority: a merge patch, in which null removes.
#[utoipa::path(patch, path = "/admin/users/{id}", tag = "Tenancy", params(("id" = Uuid, Path)),
    request_body(content = UserPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = UserView<'_>),
              (status = 409, description = "Nobody would be left to run the service.")))]
pub(crate) async fn change(
    May { scope, .. }: May<to::UsersManage>,
    _: NoQuery,
    State(app): State<AppState>,
    Id(name): Id,
    witness: Witness,
    MergePatch(patch): MergePatch,
) -> Answer {
    let user = UserId(id(&name)?);
    let account = app.accounts.seen(scope.person(), user).await?;
    let change = change_of(&account, patch)?;
    let changed = app.accounts.change(scope.person(), user, change, &witness);
    let changed = changed.await?;
    answer::json(&UserView::from(&changed))
}

/// Removes an account of less authority, with its sessions.
#[utoipa::path(delete, path = "/admin/users/{id}", tag = "Tenancy", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 409, description = "Nobody would be left to run the service.")))]
pub(crate) async fn remove(
    May { scope, .. }: May<to::UsersManage>,
    _: NoQuery,
    State(app): State<AppState>,
    Id(name): Id,
    witness: Witness,
) -> Result<Response, Problem> {
    let user = UserId(id(&name)?);
    let removed = app.accounts.remove(scope.person(), user, &witness);
    removed.await?;
    Ok(answer::no_content())
}
