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
        Ok(app.audit.witness(Traces::of(&parts.extensions).actor()))
    }
}

/// What is known of whoever sent a request, cheap to take along.
#[derive(Debug)]
pub(super) struct Traces {
    caller: Option<Caller>,
    address: Option<ClientAddress>,
    correlation: Option<Correlation>,
}

impl Traces {
    pub(super) fn of(extensions: &Extensions) -> Self {
        Self {
            caller: Caller::asking(extensions).ok(),
            address: extensions.get().copied(),
            correlation: extensions.get().cloned(),
        }
    }

    pub(super) const fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    /// Whoever it is: a stranger, where that is not known yet.
    pub(super) fn actor(&self) -> Actor {
        let (kind, id, session) = match &self.caller {
            Some(Caller::Person(it)) => (ActorKind::Person, Some(it.user.0), it.session),
            Some(Caller::Device(it)) => (ActorKind::Device, Some(it.key), None),
            None => (ActorKind::Stranger, None, None),
        };
        let correlation = self.correlation.as_ref();
        let correlation = correlation.and_then(|Correlation(id)| id.to_str().ok());
        Actor {
            kind,
            id,
            session,
            address: self.address.map(|address| address.to_string()),
            correlation: correlation.map(str::to_owned),
        }
    }
}
