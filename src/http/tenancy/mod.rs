//! `/admin/distributors`, `communities`, `customers`, `plans`: who there is, and what they pay for.
//!
//! One sees what is at one's own level and below, and changes what is below it. What is not seen is answered
//! like what is not there, also where it is named as that which something is to hang on.

pub(crate) mod communities;
pub(crate) mod customers;
pub(crate) mod distributors;
pub(crate) mod plans;

use axum::response::{IntoResponse as _, Response};
use evara_actors::domain::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;

use super::answer::{self, Answer};
use super::conditions::{IfNoneMatch, version_tag};
use super::guard::{Kind, nodes_of};
use super::idempotency::{Once, Replay};
use super::page::{Limit, Pages};
use super::problem::{Code, Problem};
use super::state::AppState;
use super::views::{CommunityView, CustomerView, DistributorView, List, PlanView};
use crate::access::{Tenant, TenantId};
use crate::app::audit::{Fact, Witness, chains_of_tenant};
use crate::app::nodes::{Expected, Precondition};

/// Which page of a list is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many, 1 to 200; 50 where not given.
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of what is wanted, in the order of ids, which is that of creation.
fn page<'a, K: 'a, V: Serialize + From<&'a K>>(
    wanted: impl Iterator<Item = (Uuid, &'a K)>,
    limit: Limit,
    (pages, from): (&Pages, Option<&str>),
) -> Answer {
    let from = pages.after(from, |text| text.parse::<Uuid>().ok())?;
    let mut rest = wanted.skip_while(|(id, _)| from.is_some_and(|from| *id <= from));
    let page: Vec<_> = rest.by_ref().take(limit.size()).collect();
    let last = page.last().map(|(id, _)| *id);
    let next = rest.next().and(last);
    answer::json(&List {
        items: page.iter().map(|(_, it)| V::from(it)).collect(),
        next_cursor: next.map(|last| pages.cursor(last)).transpose()?,
    })
}

/// Adds a tenant, and answers with it. To be asked for once it is judged whether they may, also of what was done before.
async fn added<'a, K: Kind, V: Serialize + From<&'a K>>(
    app: &AppState,
    (once, witness): (Result<Once, Replay>, Witness),
    path: &str,
    it: &'a K,
) -> Answer {
    let once = match once {
        Ok(once) => once,
        Err(replay) => return Ok(replay.into_response()),
    };
    let tenant = it.clone().tenant();
    let location = format!("/api/v1/admin/{path}/{}", tenant.id().uuid());
    let made = answer::created(&location, version_tag(tenant.version()), &V::from(it))?;
    let (made, kept) = once.keep(made).await?;
    let act = witness.act(made_of("create", None, Some(&tenant)));
    app.tenancy.add(tenant, act.answered(kept)).await?;
    Ok(made)
}

/// Puts `after` in the place of `before`, where that is what the caller expects, and says how it is then.
async fn changed<K: Kind>(
    app: &AppState,
    (expected, witness): (&Precondition, &Witness),
    before: K,
    after: K,
) -> Result<K, Problem> {
    let (before, after) = (before.tenant(), after.tenant());
    expects(expected, &before)?;
    // Such a change is none, and leads to no version.
    let next = if before == after {
        after
    } else {
        let next = after.next_version();
        let act = witness.act(made_of("update", Some(&before), Some(&next)));
        app.tenancy.replace(next.clone(), act).await?;
        next
    };
    K::of(next).ok_or_else(|| Problem::internal("a tenant of another kind"))
}

/// Removes a tenant that nothing hangs on, where it is what the caller expects.
async fn removed(
    app: &AppState,
    (expected, witness): (&Precondition, &Witness),
    tenant: Tenant,
) -> Result<Response, Problem> {
    expects(expected, &tenant)?;
    let id = tenant.id();
    app.tenancy
        .forest()
        .check_without(id)
        .map_err(|fault| used(&fault.to_string()))?;
    match nodes_below(app, id) {
        0 => {}
        1 => return Err(used("it still has a node")),
        many => return Err(used(&format!("it still has {many} nodes"))),
    }
    let act = witness.act(made_of("delete", Some(&tenant), None));
    app.tenancy.remove(id, tenant.version(), act).await?;
    Ok(answer::no_content())
}

/// What is made of a tenant: in the chains that it stood in, what it was, and in those that it stands in, what it is.
fn made_of(verb: &str, before: Option<&Tenant>, after: Option<&Tenant>) -> Fact {
    let kind = match after.or(before).map(Tenant::id) {
        Some(TenantId::Distributor(_)) => "distributor",
        Some(TenantId::Community(_)) => "community",
        Some(TenantId::Customer(_)) => "customer",
        Some(TenantId::Plan(_)) | None => "plan",
    };
    let id = after.or(before).map(|tenant| tenant.id().uuid());
    let target = format!("{kind}/{}", id.unwrap_or_default());
    let [left, entered] =
        [before, after].map(|tenant| tenant.into_iter().flat_map(chains_of_tenant));
    let fact = Fact::new(format!("{kind}.{verb}"), target).moving(left, entered);
    let [before, after] = [before, after].map(|tenant| tenant.map(told));
    fact.turning(before.as_ref(), after.as_ref())
}

/// A tenant as people are shown it.
fn told(tenant: &Tenant) -> serde_json::Value {
    let told = match tenant {
        Tenant::Distributor(it) => serde_json::to_value(DistributorView::from(it)),
        Tenant::Community(it) => serde_json::to_value(CommunityView::from(it)),
        Tenant::Customer(it) => serde_json::to_value(CustomerView::from(it)),
        Tenant::Plan(it) => serde_json::to_value(PlanView::from(it)),
    };
    told.unwrap_or_default()
}

fn used(fault: &str) -> Problem {
    Problem::new(Code::Conflict, format!("It cannot be removed: {fault}."))
}

/// How many nodes hang on a tenant without another one in between.
fn nodes_below(app: &AppState, id: TenantId) -> usize {
    match id {
        TenantId::Community(id) => nodes_of(app, |node| node.community_id == Some(id.0)),
        TenantId::Customer(id) => nodes_of(app, |node| node.customer_id == Some(id.0)),
        TenantId::Distributor(_) | TenantId::Plan(_) => 0,
    }
}

fn expects(expected: &Precondition, tenant: &Tenant) -> Result<(), Problem> {
    let holds = match expected {
        Precondition::None => true,
        Precondition::OneOf(any) => any.contains(&Expected::Version(tenant.version())),
    };
    let moved = || {
        let detail = "It is not what If-Match names: read it again.";
        Problem::new(Code::PreconditionFailed, detail)
    };
    holds.then_some(()).ok_or_else(moved)
}

fn shown<'a, K: Kind, V: Serialize + From<&'a K>>(it: &'a K, held: Option<&IfNoneMatch>) -> Answer {
    let tag = version_tag(it.clone().tenant().version());
    if held.is_some_and(|held| held.has(&tag)) {
        return Ok(answer::not_modified(tag));
    }
    answer::tagged(tag, &V::from(it))
}

fn unknown(pointer: &str) -> Problem {
    Problem::invalid(vec![FieldError::new(pointer, "is not known")])
}
