//! How often somebody may ask, and what they are told of it.
//!
//! People and devices are counted once they are known, by themselves and not by where they are; strangers,
//! and those whose credentials are worth nothing, by their address. Probes of health are never counted.

use std::ops::ControlFlow;

use axum::extract::{Extension, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Caller;
use crate::access::{Plan, Principal};
use crate::address::ClientAddress;
use crate::app::accounts::Borne;
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::limits::{Quota, Standing, whole_seconds};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Counts one who is known.
pub(super) async fn caller(
    app: &AppState,
    extensions: &Extensions,
) -> ControlFlow<Response, Option<Standing>> {
    match Caller::asking(extensions) {
        Ok(Caller::Person(person)) => count(app, &person).await,
        Ok(Caller::Device(bearer)) => welcome(app.limits.device(bearer.key).await),
        Err(problem) => ControlFlow::Break(problem.into_response()),
    }
}

/// How often a person may listen at once, where their community pays for a limit.
pub(crate) fn seats(app: &AppState, person: &Principal) -> Option<Allowed> {
    let forest = app.tenancy.forest();
    let plan = forest.plan_for(&person.reach)?;
    let sockets = plan.limits.sockets?;
    let plan = plan.name.clone();
    Some(Allowed { plan, sockets })
}

/// How often people of a plan may listen at once.
#[derive(Debug, Clone)]
pub(crate) struct Allowed {
    /// What the plan is called.
    pub(crate) plan: String,
    /// How often each of them.
    pub(crate) sockets: u32,
}

/// One more request of a person, or the answer that it is one too many. A person has what their community pays
/// for; what is configured where there is no plan, and no limit where the plan has none.
pub(crate) async fn count(
    app: &AppState,
    person: &Principal,
) -> ControlFlow<Response, Option<Standing>> {
    let forest = app.tenancy.forest();
    let plan = forest.plan_for(&person.reach);
    let quota = match plan.map(|plan| plan.limits.requests_per_minute) {
        Some(None) => return ControlFlow::Continue(None),
        // A plan of nothing would be one that nobody can look at.
        Some(Some(requests)) => Quota::per_minute(requests.clamp(1, Quota::MOST_PER_MINUTE)),
        None => None,
    };
    let standing = app.limits.person(person.user.0, quota).await;
    if standing.refused.is_none() {
        return ControlFlow::Continue(Some(standing));
    }
    ControlFlow::Break(match plan {
        Some(plan) => refused_by(plan, standing),
        None => refused(standing),
    })
}

/// One more request under a token that was proven: of its person, or where it has none of its address.
pub(crate) async fn count_bearer(
    app: &AppState,
    borne: &Borne,
    client: ClientAddress,
) -> ControlFlow<Response, Option<Standing>> {
    if let Some(person) = &borne.person {
        return count(app, person).await;
    }
    welcome(app.limits.stranger(client).await)
}

fn welcome(standing: Standing) -> ControlFlow<Response, Option<Standing>> {
    if standing.refused.is_some() {
        return ControlFlow::Break(refused(standing));
    }
    ControlFlow::Continue(Some(standing))
}

/// What is answered to a stranger who comes from where too many left without a word.
pub(crate) fn unwelcome(app: &AppState, client: ClientAddress) -> Option<Response> {
    let standing = app.limits.before_stranger(client);
    standing.refused.is_some().then(|| refused(standing))
}

/// What is answered to whoever comes from where too many failed to be recognised.
pub(crate) fn suspected(app: &AppState, client: ClientAddress) -> Option<Response> {
    let standing = app.limits.before_failure(client);
    standing.refused.is_some().then(|| refused(standing))
}

/// Counts those who fail to be recognised, by their address.
pub(crate) async fn failures(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(refusal) = suspicious(&app, client, request.headers()).await {
        return refusal;
    }
    failed(&app, client, next.run(request).await).await
}

/// What is answered to one who bears a token that is not looked at.
///
/// Where too many tokens were wrong, those alone are looked at for a while that cost nothing to prove: neighbours who are signed
/// in must not be silenced by one who is not. Keys of devices are looked at all the
/// same: they are too long to be guessed, and one device with an old key must not silence its neighbours.
pub(super) async fn suspicious(
    app: &AppState,
    client: ClientAddress,
    headers: &HeaderMap,
) -> Option<Response> {
    if !bears_token(headers) {
        return None;
    }
    let refusal = suspected(app, client)?;
    (!bears_proof(app, headers).await).then_some(refusal)
}

/// The answer, once whoever was not recognised is counted.
pub(super) async fn failed(app: &AppState, client: ClientAddress, answer: Response) -> Response {
    if answer.status() != StatusCode::UNAUTHORIZED {
        return answer;
    }
    let standing = app.limits.failure(client).await;
    if standing.refused.is_some() {
        return refused(standing);
    }
    marked(answer, standing)
}

async fn bears_proof(app: &AppState, headers: &HeaderMap) -> bool {
    match super::token(headers) {
        Ok(token) => app.identities.is_proven(token).await,
        Err(_) => false,
    }
}

fn bears_token(headers: &HeaderMap) -> bool {
    headers.contains_key(AUTHORIZATION) && super::credentials(headers, b"Device ").is_none()
}

/// Counts those of whom nothing is asked, by their address.
pub(crate) async fn strangers(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    within(app.limits.stranger(client).await, request, next).await
}

/// Counts those who try passwords, by their address.
pub(crate) async fn sign_ins(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    within(app.limits.sign_in(client).await, request, next).await
}

/// Counts those who are turned away at a door before anybody could look who they are, by their address.
pub(crate) async fn turned_away(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    let answer = next.run(request).await;
    let is_counted = answer.extensions().get::<Standing>().is_some();
    if is_counted || !answer.status().is_client_error() {
        return answer;
    }
    instead(app.limits.stranger(client).await, answer)
}

/// What is told of a path that leads nowhere.
pub(crate) async fn nowhere(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
) -> Response {
    let standing = app.limits.stranger(client).await;
    instead(standing, Problem::not_found().into_response())
}

/// What is told of a method that a path does not have.
pub(crate) async fn no_method(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
) -> Response {
    let standing = app.limits.stranger(client).await;
    instead(standing, StatusCode::METHOD_NOT_ALLOWED.into_response())
}

/// The answer, or in its place that there were too many.
fn instead(standing: Standing, answer: Response) -> Response {
    if standing.refused.is_some() {
        return refused(standing);
    }
    marked(answer, standing)
}

async fn within(standing: Standing, request: Request, next: Next) -> Response {
    if standing.refused.is_some() {
        return refused(standing);
    }
    marked(next.run(request).await, standing)
}

fn refused(standing: Standing) -> Response {
    let limit = standing.limit;
    let detail =
        format!("The limit is {limit} requests a minute; wait as long as Retry-After says.");
    rate_limited(detail, standing)
}

fn refused_by(plan: &Plan, standing: Standing) -> Response {
    let (name, limit) = (&plan.name, standing.limit);
    let detail = format!(
        "The plan {name} allows {limit} requests a minute and person; wait as long as Retry-After says."
    );
    rate_limited(detail, standing)
}

fn rate_limited(detail: String, standing: Standing) -> Response {
    let wait = standing.refused.unwrap_or_default();
    let problem = Problem::new(Code::RateLimited, detail).retry_after(wait);
    marked(problem.into_response(), standing)
}

/// The edge writes the headers: it makes the answer anew where there is a problem.
pub(super) fn marked(mut answer: Response, standing: Standing) -> Response {
    answer.extensions_mut().insert(standing);
    answer
}

/// Tells how the caller's account stands.
pub(crate) fn tell(standing: &Standing, headers: &mut HeaderMap) {
    headers.insert(LIMIT, HeaderValue::from(standing.limit));
    headers.insert(REMAINING, HeaderValue::from(standing.remaining));
    headers.insert(RESET, HeaderValue::from(whole_seconds(standing.reset)));
}
