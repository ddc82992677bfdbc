//! The way in to what is not for everyone: all of its guards, one behind the other.
//!
//! From the outside in: whether those at that address failed too often, who asks, what is written down of a refusal,
//! whether they ask too often, and whether the twins that it needs are there. One hop and not one each: a hop of axum's
//! has all that is behind it copied, for each request.

use std::ops::ControlFlow;

use axum::extract::{Extension, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::gathering::are_missing;
use super::identified;
use super::limits;
use super::refusals::Asking;
use crate::address::ClientAddress;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// See the module.
pub(crate) async fn guarded(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(refusal) = limits::suspicious(&app, client, request.headers()).await {
        return refusal;
    }
    let answer = known(&app, request, next).await;
    limits::failed(&app, client, answer).await
}

async fn known(app: &AppState, mut request: Request, next: Next) -> Response {
    let judgement = match identified(app, &mut request).await {
        Ok(judgement) => judgement,
        Err(problem) => return problem.into_response(),
    };
    let asking = Asking::of(&request);
    let answer = counted(app, request, next).await;
    let answer = asking.noted(app, answer);
    judgement.demanded(answer)
}

async fn counted(app: &AppState, request: Request, next: Next) -> Response {
    let standing = match limits::caller(app, request.extensions()).await {
        ControlFlow::Break(refusal) => return refusal,
        ControlFlow::Continue(standing) => standing,
    };
    let answer = if are_missing(app, &request) {
        Problem::starting().into_response()
    } else {
        next.run(request).await
    };
    match standing {
        Some(standing) => limits::marked(answer, standing),
        None => answer,
    }
}
