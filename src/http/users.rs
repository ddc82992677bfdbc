//! `/admin/users`: the accounts of others, as far as one sees them and has a say.

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{self, Answer};
use super::conditions::{IfMatch, IfNoneMatch, version_tag};
use super::extract::{Json, MergePatch, NoQuery, Params};
use super::guard::{May, NodeName as Id, to};
use super::idempotency::{Once, Replay};
use super::page::{Limit, Pages};
use super::problem::Problem;
use super::state::AppState;
use super::views::{InvitedView, List, UserBody, UserPatch, UserView, change_of, id};
use crate::access::UserId;
use crate::app::accounts::Account;
use crate::app::audit::Witness;
use crate::app::nodes::{Expected, Precondition};

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
    responses((status = 201, body = InvitedView<'_>, headers(("Location"), ("ETag"))),
              (status = 403, description = "More authority than is one's to give."),
              (status = 409, description = "The address is taken.")))]
pub(crate) async fn create(
    May { scope, .. }: May<to::UsersManage>,
    _: NoQuery,
    State(app): State<AppState>,
    once: Result<Once, Replay>,
    witness: Witness,
    Json(body): Json<UserBody>,
) -> Answer {
    let new = body.into();
    app.accounts.check_invitation(scope.person(), &new)?;
    let once = match once {
        Ok(once) => once,
        Err(replay) => return Ok(replay.into_response()),
    };
    let invited = app.accounts.invite(scope.person(), &new).await?;
    let location = format!("/api/v1/admin/users/{}", invited.account.id);
    let view = InvitedView::from(&invited);
    let made = answer::created(&location, tag(&invited.account)?, &view)?;
    // What is kept with the account is its answer, which so comes before it.
    let (made, kept) = once.keep(made).await?;
    app.accounts.keep(&invited, &witness, kept).await?;
    Ok(made)
}

/// Shows an account.
#[utoipa::path(get, path = "/admin/users/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header, description = "What the caller has already: 304 where that is the state.")),
    responses((status = 200, body = UserView<'_>, headers(("ETag"))), (status = 304)))]
pub(crate) async fn show(
    May { scope, .. }: May<to::UsersRead>,
    _: NoQuery,
    State(app): State<AppState>,
    Id(name): Id,
    held: IfNoneMatch,
) -> Answer {
    let user = UserId(id(&name)?);
    let account = app.accounts.seen(scope.person(), user).await?;
    let tag = tag(&account)?;
    if held.has(&tag) {
        return Ok(answer::not_modified(tag));
    }
    answer::tagged(tag, &UserView::from(&account))
}

/// Changes an account of less authority: a merge patch, in which null removes.
#[utoipa::path(patch, path = "/admin/users/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The change is made only where this is the state: what `ETag` said, or `*`; else 412.")),
    request_body(content = UserPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = UserView<'_>, headers(("ETag"))),
              (status = 409, description = "Nobody would be left to run the service.")))]
pub(crate) async fn change(
    May { scope, .. }: May<to::UsersManage>,
    _: NoQuery,
    State(app): State<AppState>,
    Id(name): Id,
    IfMatch(expected): IfMatch,
    witness: Witness,
    MergePatch(patch): MergePatch,
) -> Answer {
    let user = UserId(id(&name)?);
    let account = app.accounts.seen(scope.person(), user).await?;
    let change = change_of(&account, patch)?;
    let how = (|found: &Account| holds(&expected, found), &witness);
    let changed = app.accounts.change(scope.person(), user, change, how);
    let changed = changed.await?;
    answer::tagged(tag(&changed)?, &UserView::from(&changed))
}

/// Removes an account of less authority, with its sessions.
#[utoipa::path(delete, path = "/admin/users/{id}", tag = "Tenancy", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "It is removed only where this is the state: what `ETag` said, or `*`; else 412.")),
    responses((status = 204), (status = 409, description = "Nobody would be left to run the service.")))]
pub(crate) async fn remove(
    May { scope, .. }: May<to::UsersManage>,
    _: NoQuery,
    State(app): State<AppState>,
    Id(name): Id,
    IfMatch(expected): IfMatch,
    witness: Witness,
) -> Result<Response, Problem> {
    let user = UserId(id(&name)?);
    let how = (|found: &Account| holds(&expected, found), &witness);
    let removed = app.accounts.remove(scope.person(), user, how);
    removed.await?;
    Ok(answer::no_content())
}

/// What names an account as people are shown it. Its own count moves with every sign-in, too, of which nobody who
/// edits it need know.
fn tag(account: &Account) -> Result<HeaderValue, Problem> {
    Ok(version_tag(print_of(account)?))
}

fn print_of(account: &Account) -> Result<u64, Problem> {
    let shown = serde_json::to_vec(&UserView::from(account)).map_err(Problem::internal)?;
    let sum = digest(&SHA256, &shown);
    let first = sum.as_ref().first_chunk().copied().unwrap_or_default();
    Ok(u64::from_be_bytes(first))
}

fn holds(expected: &Precondition, account: &Account) -> bool {
    match expected {
        Precondition::None => true,
        Precondition::OneOf(any) => {
            let print = print_of(account).ok().map(Expected::Version);
            print.is_some_and(|print| any.contains(&print))
        }
    }
}
