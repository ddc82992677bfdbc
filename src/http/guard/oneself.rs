//! People and themselves: what needs no permission, since it is about nobody else.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::scope::person;
use super::{Caller, to_be_judged_though_new, token, unknown};
use crate::access::Principal;
use crate::app::accounts::Borne;
use crate::app::identity::Freshness;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// A person, for what they do to their own account.
#[derive(Debug)]
pub(crate) struct Oneself(pub(crate) Arc<Principal>);

impl FromRequestParts<AppState> for Oneself {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        Ok(Self(Arc::clone(person(parts, app)?.person())))
    }
}

/// A person who changes their password, which is all that is open to those for whom it was made.
#[derive(Debug)]
pub(crate) struct Knowing(pub(crate) Arc<Principal>);

impl FromRequestParts<AppState> for Knowing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        match to_be_judged_though_new(parts)? {
            Caller::Person(person) => Ok(Self(person)),
            Caller::Device(_) => Err(Problem::not_found()),
        }
    }
}

/// Whoever bears a token that was proven, account or not. For routes that are not behind
/// [`identified`](super::identified), which knows people with accounts alone.
#[derive(Debug)]
pub(crate) struct Bearing(pub(crate) Borne);

impl FromRequestParts<AppState> for Bearing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let token = token(&parts.headers)?;
        let borne = app.accounts.borne(token, Freshness::Now).await;
        borne.map(Self).map_err(unknown)
    }
}
