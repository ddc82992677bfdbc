//! The socket's side: from bytes to a request, and from an answer to bytes.
//!
//! The state is locked only while an answer is worked out, never while anything is awaited.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode, header};
use bytes::Bytes;
use tower_http::compression::CompressionLayer;
use uuid::Uuid;

use super::answer::{Plan, plan};
use super::ask::Ask;
use super::delivery::{Delivery, huge};
use super::fail::Fail;
use super::keys;
use super::reply::{Content, Reply};
use super::target::Target;
use super::{Simulator, control};

/// The largest body taken in: a bulk update of the paid licence with full rows, in bytes.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// How long a caller may take to send a body.
const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// The largest order to the control desk, in bytes.
const MAX_ORDER_BYTES: usize = 64 * 1024;

/// ThingSpeak's whole surface, and the control desk under `/_control`.
///
/// A server should put `ConnectInfo<SocketAddr>` into each request (the desk then answers
/// loopback callers only) and write header names in title case (device libraries search for
/// `Content-Length:` letter by letter).
pub fn router(simulator: Arc<Simulator>) -> Router {
    let gzip = simulator.state().knobs.gzip;
    let routes = control::routes()
        .fallback(serve)
        .layer(DefaultBodyLimit::max(MAX_ORDER_BYTES))
        .with_state(simulator);
    if gzip {
        routes.layer(CompressionLayer::new().gzip(true))
    } else {
        routes
    }
}

async fn serve(State(simulator): State<Arc<Simulator>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let taken = tokio::time::timeout(BODY_DEADLINE, to_bytes(body, MAX_BODY_BYTES)).await;
    let body = match taken {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(Fail::TooLarge),
        Err(_late) => Err(Fail::BadRequest),
    };
    let planned = obey(&simulator, &parts, body);
    match planned.plan {
        Plan::Send { reply, bad } => reply.send(planned.id, planned.plain, bad.map(Delivery::Bad)),
        Plan::Hang { seconds } => {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Reply::html(StatusCode::GATEWAY_TIMEOUT).send(planned.id, false, None)
        }
        Plan::Huge { bytes } => {
            let mut response = Reply::ok(Content::Json, "").send(planned.id, true, None);
            *response.body_mut() = huge(bytes);
            response
        }
    }
}

/// What is to be sent, and how it is dressed.
struct Planned {
    id: Uuid,
    plan: Plan,
    /// Without the headers that a small device would have to skip.
    plain: bool,
}

fn obey(simulator: &Simulator, parts: &Parts, body: Result<Bytes, Fail>) -> Planned {
    let now_ms = simulator.clock.now().millis();
    let mut state = simulator.state();
    state.advance_to(now_ms.div_euclid(1_000));
    let id = keys::request_id(state.knobs.seed, state.request_number());
    let asked = body
        .map_err(|fail| (fail, Target::of(parts.uri.path()).1))
        .and_then(|body| Ask::of(parts, &body));
    let mut planned = Planned {
        id,
        plan: plan(
            &mut state,
            asked.as_ref().map_err(|refused| *refused),
            now_ms,
        ),
        plain: false,
    };
    if let (Ok(ask), Plan::Send { reply, .. }) = (asked, &mut planned.plan) {
        let known = parts
            .headers
            .get(header::IF_NONE_MATCH)
            .filter(|_| state.knobs.not_modified);
        let dressed = reply.clone().for_callback(ask.params.get("callback"));
        *reply = dressed.unless_known(known);
        planned.plain = ask.params.get("headers") == Some("false");
    }
    planned
}
