//! The control desk: who lives here, how often they were asked, and what shall go wrong.
//!
//! It shows keys and breaks things, so it answers callers on this machine only. It is no part of
//! ThingSpeak and is never counted, delayed or broken by the faults it orders.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use serde::Serialize;

use super::fault::{FaultError, FaultOrder};
use super::{RequestCounts, Simulator};

/// What a test needs to know of one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelCard {
    /// The channel's id.
    pub id: u64,
    /// Whether it is read without a key.
    pub public: bool,
    /// Opens it for reading.
    pub read_api_key: String,
    /// Opens it for writing, and for reading.
    pub write_api_key: String,
    /// `tank`, `flow`, `deep` or `generic`.
    pub kind: String,
    /// The channel's name.
    pub name: String,
    /// The newest entry, hidden ones included.
    pub last_entry_id: Option<u64>,
    /// The queue of commands of the channel's device.
    pub talkback: Option<TalkBackCard>,
    /// How often it was asked for what.
    pub requests: RequestCounts,
    /// What goes wrong now.
    pub faults: FaultOrder,
}

/// How to reach one TalkBack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TalkBackCard {
    /// The TalkBack's id.
    pub id: u64,
    /// Its own key; no channel key opens it.
    pub api_key: String,
}

/// What belongs to the account that owns every channel.
#[derive(Debug, Serialize)]
struct AccountCard {
    user_api_key: String,
}

/// The routes under `/_control`.
pub(super) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
        .route("/_control/channels", get(channels))
        .route(
            "/_control/channels/{id}/faults",
            put(set_faults).get(faults),
        )
        .route("/_control/faults", put(set_host_faults).get(host_faults))
        .route("/_control/account", get(account))
        .layer(middleware::from_fn(from_this_machine))
}

/// Without an address the caller is inside this process.
async fn from_this_machine(request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if caller.is_some_and(|ConnectInfo(address)| !address.ip().to_canonical().is_loopback()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    next.run(request).await
}

async fn channels(State(simulator): State<Arc<Simulator>>) -> Json<Vec<ChannelCard>> {
    Json(simulator.channels())
}

async fn account(State(simulator): State<Arc<Simulator>>) -> Json<AccountCard> {
    let user_api_key = simulator.user_api_key();
    Json(AccountCard { user_api_key })
}

async fn faults(State(simulator): State<Arc<Simulator>>, Path(id): Path<u64>) -> Response {
    let card = simulator.channels().into_iter().find(|card| card.id == id);
    match card {
        Some(card) => Json(card.faults).into_response(),
        None => refusal(FaultError::NoSuchChannel),
    }
}

async fn set_faults(
    State(simulator): State<Arc<Simulator>>,
    Path(id): Path<u64>,
    order: Result<Json<FaultOrder>, JsonRejection>,
) -> Response {
    match order {
        Ok(Json(order)) => ordered(simulator.set_faults(id, order)),
        Err(rejection) => unreadable(&rejection),
    }
}

async fn host_faults(State(simulator): State<Arc<Simulator>>) -> Json<FaultOrder> {
    Json(simulator.host_faults())
}

async fn set_host_faults(
    State(simulator): State<Arc<Simulator>>,
    order: Result<Json<FaultOrder>, JsonRejection>,
) -> Response {
    match order {
        Ok(Json(order)) => ordered(simulator.set_host_faults(order)),
        Err(rejection) => unreadable(&rejection),
    }
}

fn ordered(done: Result<(), FaultError>) -> Response {
    match done {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refusal(error),
    }
}

fn refusal(error: FaultError) -> Response {
    let status = match error {
        FaultError::NoSuchChannel => StatusCode::NOT_FOUND,
        FaultError::NotAnError
        | FaultError::Contradiction
        | FaultError::RetryWithoutStatus
        | FaultError::TooMuch
        | FaultError::RowsOfHost => StatusCode::BAD_REQUEST,
    };
    (status, error.to_string()).into_response()
}

/// Whatever is wrong with a body, an unknown field too, is the caller's mistake.
fn unreadable(rejection: &JsonRejection) -> Response {
    (StatusCode::BAD_REQUEST, rejection.body_text()).into_response()
}
