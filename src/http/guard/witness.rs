//! Who does what is asked for, as it is written down: the person or the key, the session, the address, and
//! what the request is called by.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderValue};

use super::Caller;
use crate::address::ClientAddress;
use crate::app::audit::{Actor, ActorKind, Witness};
use crate::http::state::AppState;

/// What a request is called by, in its own answer, the log and the audit.
#[derive(Debug, Clone)]
pub(crate) struct Correlation(pub(crate) HeaderValue);

impl FromRequestParts<AppState> for Witness {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        Ok(app.audit.witness(actor(&parts.extensions)))
    }
}

/// Whoever sent the request: a stranger, where that is not known yet.
pub(super) fn actor(extensions: &Extensions) -> Actor {
    let (kind, id, session) = match Caller::asking(extensions) {
        Ok(Caller::Person(person)) => (ActorKind::Person, Some(person.user.0), person.session),
        Ok(Caller::Device(bearer)) => (ActorKind::Device, Some(bearer.key), None),
        Err(_unguarded) => (ActorKind::Stranger, None, None),
    };
    let correlation = extensions.get::<Correlation>();
    let correlation = correlation.and_then(|Correlation(id)| id.to_str().ok());
    Actor {
        kind,
        id,
        session,
        address: extensions.get::<ClientAddress>().map(ToString::to_string),
        correlation: correlation.map(str::to_owned),
    }
}
