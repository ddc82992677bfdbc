//! Who asks: the operator, who bears the configured token, or a device, which bears a key of its node.
//!
//! What a device may not see does not exist for it: 404, and never 403.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use evara_actors::domain::{NodeId, Source};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::problem::{Code, Problem};
use super::state::AppState;
use crate::app::device_keys::Bearer;

const DEVICE_KEY: HeaderName = HeaderName::from_static("x-device-key");

/// Longer than any key: what is longer is not worth a digest.
const MAX_KEY_BYTES: usize = 128;

/// The source of what is pushed with the token, for as long as there are no accounts. Stored with every
/// such reading, and so never to be changed.
const OPERATOR: Uuid = Uuid::from_u128(0x6576_6172_612d_8070_9573_6865_7220_3031);

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Whoever bears the token.
    Operator,
    /// A device.
    Device(Bearer),
}

impl Caller {
    /// What tells callers apart.
    pub(crate) const fn id(self) -> Uuid {
        match self {
            Self::Operator => OPERATOR,
            Self::Device(bearer) => bearer.key,
        }
    }

    /// The source of what the caller pushes.
    pub(crate) const fn source(self) -> Source {
        Source::Pushed(self.id())
    }

    /// Whether the caller may push readings of a node.
    pub(crate) fn may_push(self, node: NodeId) -> bool {
        match self {
            Self::Operator => true,
            Self::Device(bearer) => bearer.node == node,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get().copied();
        caller.ok_or_else(|| Problem::internal("a route without a guard"))
    }
}

/// Lets the operator through, and nobody else.
pub(crate) async fn operators(
    State(app): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    match caller(&app, request.headers()) {
        Some(Caller::Operator) => {
            request.extensions_mut().insert(Caller::Operator);
            next.run(request).await
        }
        Some(Caller::Device(_)) => Problem::not_found().into_response(),
        None => unknown("Send the header Authorization: Bearer, and a token."),
    }
}

/// Lets the operator and devices through.
pub(crate) async fn pushers(
    State(app): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    match caller(&app, request.headers()) {
        Some(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        None => unknown("Send the header Authorization: Device, and a key of the node."),
    }
}

fn unknown(detail: &'static str) -> Response {
    Problem::new(Code::Unauthenticated, detail)
        .challenge(r#"Bearer realm="evara", Device realm="evara""#)
        .into_response()
}

fn caller(app: &AppState, headers: &HeaderMap) -> Option<Caller> {
    let of_scheme = |scheme| credentials(headers, scheme);
    if let Some(borne) = of_scheme(b"Bearer ") {
        let known = app.token.expose_secret().as_bytes();
        // An empty token would let in everyone who bears none.
        let same = !known.is_empty() && verify_slices_are_equal(borne, known).is_ok();
        return same.then_some(Caller::Operator);
    }
    let header = || headers.get(DEVICE_KEY).map(|value| value.as_bytes());
    let key = of_scheme(b"Device ").or_else(header)?;
    let key = Some(key).filter(|key| key.len() <= MAX_KEY_BYTES)?;
    app.device_keys.bearer(key).map(Caller::Device)
}

fn credentials<'a>(headers: &'a HeaderMap, scheme: &[u8]) -> Option<&'a [u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (found, credentials) = value.split_at_checked(scheme.len())?;
    found.eq_ignore_ascii_case(scheme).then_some(credentials)
}
