//! Who may ask: whoever bears the configured token.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;

use super::problem::{Code, Problem};
use super::state::AppState;

/// Lets a request through that bears the token, and no other.
pub(crate) async fn guard(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let borne = bearer(request.headers()).unwrap_or_default();
    let known = app.token.expose_secret().as_bytes();
    // An empty token would let in everyone who bears none.
    if known.is_empty() || verify_slices_are_equal(borne, known).is_err() {
        return Problem::new(
            Code::Unauthenticated,
            "Send the header Authorization: Bearer, and a token.",
        )
        .challenge(r#"Bearer realm="evara""#)
        .into_response();
    }
    next.run(request).await
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers
        .get(AUTHORIZATION)?
        .as_bytes()
        .split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}
