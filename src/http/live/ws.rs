//! `GET /ws`: the door to a WebSocket. Who comes with a token is known at once; who does not, says so within.

use std::ops::ControlFlow;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::response::Response;

use super::seats::{Seat, Standing};
use super::socket::Socket;
use super::who::Who;
use super::wire;
use crate::address::ClientAddress;
use crate::app::identity::Known;
use crate::http::answer::Answer;
use crate::http::error::unavailable;
use crate::http::extract::NoQuery;
use crate::http::guard::{self, Scope, limits};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

/// Who is on the other side.
pub(super) enum Visitor {
    /// Somebody who said who he is.
    Known((Who, Seat)),
    /// Nobody yet.
    Stranger(Standing),
}

/// Topics over a WebSocket, subprotocol `evara.v1`. The token is in the header, or in the first frame.
#[utoipa::path(get, path = "/ws", tag = "Live", responses(
    (status = 101, description = "Frames, until either side leaves."),
    (status = 403, description = "A page of another origin asks.")))]
pub(crate) async fn ws(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddress>,
    headers: HeaderMap,
    _: NoQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer {
    if !is_at_home(&app, &headers) {
        let detail = "Pages of this origin may not open sockets.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let wrong = |_| {
        Problem::new(
            Code::InvalidRequest,
            "This is the door to a WebSocket: ask for an upgrade.",
        )
    };
    let upgrade = upgrade.map_err(wrong)?;
    if !app.system.is_whole() {
        return Err(Problem::starting());
    }
    if app.is_draining() {
        return Err(unavailable());
    }
    let who = if headers.contains_key(AUTHORIZATION) {
        let token = guard::token(&headers)?;
        let known = app.identities.known(token).await.map_err(guard::unknown)?;
        if let ControlFlow::Break(refusal) = limits::count(&app, &known.person).await {
            return Ok(refusal);
        }
        Visitor::Known(seated(&app, (token, client), known)?)
    } else {
        // Who says who he is is counted as himself, and who leaves without a word as a stranger.
        if let Some(refusal) = limits::unwelcome(&app, client) {
            return Ok(refusal);
        }
        Visitor::Stranger(app.live().seats.stand(client)?)
    };
    let upgrade = wire::bounded(upgrade.protocols(["evara.v1"]));
    Ok(opened(app, upgrade, (client, who)))
}

fn opened(app: AppState, upgrade: WebSocketUpgrade, visitor: (ClientAddress, Visitor)) -> Response {
    // What serves it is waited for at the end, from now on: it begins once this was answered.
    let token = app.live().sockets.token();
    upgrade.on_upgrade(move |socket| async move {
        Socket::new(app, socket, visitor).serve().await;
        drop(token);
    })
}

fn seated(
    app: &AppState,
    (token, client): (&str, ClientAddress),
    known: Known,
) -> Result<(Who, Seat), Problem> {
    let allowed = limits::seats(app, &known.person);
    let seat = app.live().seats.take(&known.person, allowed)?;
    let scope = Scope::of(app, known.person);
    let bearer = (token.to_owned(), client);
    Ok((Who::known(bearer, scope, known.at), seat))
}

/// Browsers let any page open a socket anywhere, and say where it is from: only one of ours, or of an origin
/// that is named in the configuration, may. What is no browser says nothing.
fn is_at_home(app: &AppState, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let from = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    let is_ours = from.is_some_and(|(_, from)| Some(from) == host);
    is_ours || app.border.origins().admitted(headers).is_some()
}
