//! What was asked to be changed and was refused is written down, behind the answer: 403, and the 404 of what
//! is not seen. It costs a request that is let in nothing but a look at its status.

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use super::Caller;
use super::witness::Traces;
use crate::app::audit::{Chain, Fact, chain_of_node, chain_of_reach};
use crate::http::state::AppState;

/// Of a path that somebody made up.
const LONGEST_TARGET_CHARS: usize = 200;

/// Behind what finds out who asks, and around all that judges what they may.
pub(crate) async fn noted(State(app): State<AppState>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let traces = Traces::of(request.extensions());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let answer = next.run(request).await;
    if matches!(
        answer.status(),
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
    ) {
        let route = route.as_ref().map_or("", MatchedPath::as_str);
        let target: String = uri.path().chars().take(LONGEST_TARGET_CHARS).collect();
        let chain = chain_of(&app, traces.caller());
        let fact = Fact::new(format!("{method} {route}"), target).of([chain]);
        app.refusals().note(app.audit.witness(traces.actor()), fact);
    }
    answer
}

/// The chain of whoever was refused: what they asked for may be none of their business.
fn chain_of(app: &AppState, caller: Option<&Caller>) -> Chain {
    match caller {
        Some(Caller::Person(person)) => chain_of_reach(&person.reach, &app.tenancy.forest()),
        Some(Caller::Device(bearer)) => {
            let twin = app.system.twin(bearer.node).map(|twin| twin.view());
            twin.map_or(Chain::SERVICE, |twin| chain_of_node(twin.spec()))
        }
        None => Chain::SERVICE,
    }
}
