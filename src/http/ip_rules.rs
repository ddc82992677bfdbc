//! `/admin/ip-rules`: from where the service may be reached.

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use uuid::Uuid;

use super::answer::{self, Answer};
use super::extract::{Json, NoQuery, path_param};
use super::guard::{May, to};
use super::idempotency::Once;
use super::problem::{Part, Problem};
use super::state::AppState;
use super::views::{IpRuleBody, IpRuleView, List};
use crate::address::ClientAddress;
use crate::app::audit::{Fact, Witness};

/// Every rule about addresses. Who is in a denied network is kept out; where networks are allowed, so is
/// everyone who is in none of them. The machine itself never is, and neither are probes of health.
#[utoipa::path(get, path = "/admin/ip-rules", tag = "Admin",
    responses((status = 200, body = List<IpRuleView<'_>>)))]
pub(crate) async fn list(_: NoQuery, _: May<to::IpRules>, State(app): State<AppState>) -> Answer {
    let rules = app.ip_rules.rules();
    answer::json(&List {
        items: rules.all().iter().map(IpRuleView::from).collect(),
        next_cursor: None,
    })
}

/// Allows or denies a network, at once.
#[utoipa::path(post, path = "/admin/ip-rules", tag = "Admin", request_body = IpRuleBody,
    responses((status = 201, body = IpRuleView<'_>, headers(("Location"))),
              (status = 409, description = "It would keep you out, or is there already.")))]
pub(crate) async fn create(
    _: NoQuery,
    _: May<to::IpRules>,
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
    once: Once,
    witness: Witness,
    Json(body): Json<IpRuleBody>,
) -> Answer {
    let said = body.checked()?;
    let rule = app.ip_rules.make(said.network, said.action, said.note);
    let mut made = answer::json(&IpRuleView::from(&rule))?;
    *made.status_mut() = StatusCode::CREATED;
    let location = format!("/api/v1/admin/ip-rules/{}", rule.id);
    let (made, kept) = once.keep(answer::located(made, &location)?).await?;
    let fact = Fact::new("ip_rule.create", target(rule.id)).is(&IpRuleView::from(&rule));
    let act = witness.act(fact).answered(kept);
    app.ip_rules.add(rule, client, act).await?;
    Ok(made)
}

/// Has a rule hold no longer, at once.
#[utoipa::path(delete, path = "/admin/ip-rules/{rule_id}", tag = "Admin",
    params(("rule_id" = Uuid, Path)),
    responses((status = 204), (status = 409, description = "It would keep you out.")))]
pub(crate) async fn remove(
    _: NoQuery,
    _: May<to::IpRules>,
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
    witness: Witness,
    RuleId(rule): RuleId,
) -> Result<Response, Problem> {
    let rules = app.ip_rules.rules();
    let before = rules.all().iter().find(|it| it.id == rule);
    let before = IpRuleView::from(before.ok_or_else(Problem::not_found)?);
    let fact = Fact::new("ip_rule.delete", target(rule)).was(&before);
    app.ip_rules.remove(rule, client, witness.act(fact)).await?;
    Ok(answer::no_content())
}

fn target(rule: Uuid) -> String {
    format!("ip_rule/{rule}")
}

/// The rule that the path means.
#[derive(Debug)]
pub(crate) struct RuleId(Uuid);

impl<S: Sync> axum::extract::FromRequestParts<S> for RuleId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let id = path_param(parts, "rule_id").await?;
        let malformed = |_| Problem::malformed(Part::Path, "rule_id", "must be a UUID");
        Ok(Self(id.parse().map_err(malformed)?))
    }
}
