//! Who asks, and whether they may: every request but the open ones passes here.
//!
//! A person bears a token and is judged by role and reach; a device bears a key of its node, and nothing
//! else exists for it. The judgement is made by the extractors [`May`], [`Located`] and [`Pusher`], which
//! are the only ways to a caller: a handler that forgot to take one is not answered for, see
//! [`guarded`].

mod gathering;
mod late;
pub(crate) mod limits;
mod located;
mod oneself;
mod passage;
mod refusals;
mod scope;
mod settled;
mod standing;
pub(crate) mod to;
mod witness;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, Method};
use axum::response::{IntoResponse, Response};
use evara_actors::domain::Source;
use tokio::time::Instant;
use uuid::Uuid;

use super::problem::{Code, Problem};
use super::state::AppState;
use crate::access::Principal;
use crate::app::accounts::PASSWORD_DUE;
use crate::app::device_keys::Bearer;
use crate::app::identity::{Freshness, Unknown};

pub(crate) use late::still_themselves;
pub(crate) use located::{Located, NodeName};
pub(crate) use oneself::{Bearing, Knowing, Oneself};
pub(crate) use passage::guarded;
pub(crate) use scope::{May, Pusher, Scope};
pub(crate) use settled::{Move, nodes_of, sees_place, settled};
pub(crate) use standing::{Above, Kind, Standing};

pub(crate) use witness::Correlation;

use to::Right;

const DEVICE_KEY: HeaderName = HeaderName::from_static("x-device-key");

/// Longer than any key: what is longer is not worth a digest.
const MAX_KEY_BYTES: usize = 128;

/// Longer than any token: what is longer is not worth a look.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

const NO_ACCOUNT: &str = "There is no account of yours yet: POST /api/v1/auth/sync makes one.";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Whoever bears a token.
    Person(Arc<Principal>),
    /// A device.
    Device(Bearer),
}

impl Caller {
    /// What tells callers apart.
    pub(crate) fn id(&self) -> Uuid {
        match self {
            Self::Person(person) => person.user.0,
            Self::Device(bearer) => bearer.key,
        }
    }

    /// Whose something is that is given to the caller, to be brought back: theirs, and as far as they see now.
    pub(crate) fn owner(&self) -> String {
        match self {
            Self::Person(person) => format!("{} {:?}", person.user, person.reach),
            Self::Device(bearer) => bearer.key.to_string(),
        }
    }

    /// The source of what the caller pushes.
    pub(crate) fn source(&self) -> Source {
        Source::Pushed(self.id())
    }

    /// The caller of a request that has passed [`guarded`].
    pub(crate) fn of(parts: &Parts) -> Result<Self, Problem> {
        Self::asking(&parts.extensions)
    }

    fn asking(extensions: &Extensions) -> Result<Self, Problem> {
        let asked = extensions.get::<Asked>();
        let caller = asked.map(|asked| asked.caller.clone());
        caller.ok_or_else(|| Problem::internal("a route without a guard"))
    }
}

/// A request whose caller is known, and whether it was judged what they may.
#[derive(Debug, Clone)]
struct Asked {
    caller: Caller,
    /// When that was asked for.
    at: Instant,
    app: AppState,
    judged: Arc<AtomicBool>,
}

/// The caller, to be judged by whoever asks for them. A request that is answered without that having been
/// done is a fault of ours, and is not answered. Those who have to change their password are refused.
pub(crate) fn to_be_judged(parts: &Parts) -> Result<Caller, Problem> {
    match to_be_judged_though_new(parts)? {
        Caller::Person(person) if person.must_change_password => {
            Err(Problem::new(Code::Forbidden, PASSWORD_DUE))
        }
        caller @ (Caller::Person(_) | Caller::Device(_)) => Ok(caller),
    }
}

/// The same for what changes the password itself.
fn to_be_judged_though_new(parts: &Parts) -> Result<Caller, Problem> {
    if let Some(asked) = parts.extensions.get::<Asked>() {
        asked.judged.store(true, Ordering::Relaxed);
    }
    Caller::of(parts)
}

/// Whether it was judged what a caller may.
struct Judgement(Arc<AtomicBool>);

impl Judgement {
    /// The answer, unless nobody was judged who was let in.
    fn demanded(self, answer: Response) -> Response {
        if answer.status().is_success() && !self.0.load(Ordering::Relaxed) {
            return Problem::internal("a handler that judges nobody").into_response();
        }
        answer
    }
}

/// Finds out who asks; what they may is judged behind.
async fn identified(app: &AppState, request: &mut Request) -> Result<Judgement, Problem> {
    let freshness = match *request.method() {
        Method::GET | Method::HEAD => Freshness::Recent,
        _ => Freshness::Now,
    };
    let at = Instant::now();
    let caller = recognised(app, request.headers(), freshness).await?;
    let judged = Arc::new(AtomicBool::new(false));
    request.extensions_mut().insert(Asked {
        caller,
        at,
        app: app.clone(),
        judged: Arc::clone(&judged),
    });
    Ok(Judgement(judged))
}

fn unauthenticated() -> Problem {
    let detail =
        "Send the header Authorization: Bearer and a token, or Device and a key of the node.";
    Problem::new(Code::Unauthenticated, detail)
        .challenge(r#"Bearer realm="evara", Device realm="evara""#)
}

async fn recognised(
    app: &AppState,
    headers: &HeaderMap,
    freshness: Freshness,
) -> Result<Caller, Problem> {
    if let Some(token) = credentials(headers, b"Bearer ") {
        let person = app.identities.person(token_of(token)?, freshness).await;
        return person.map(Caller::Person).map_err(unknown);
    }
    let header = || headers.get(DEVICE_KEY).map(|value| value.as_bytes());
    let key = credentials(headers, b"Device ").or_else(header);
    let key = key.filter(|key| key.len() <= MAX_KEY_BYTES);
    let bearer = key.and_then(|key| app.device_keys.bearer(key));
    bearer.map(Caller::Device).ok_or_else(unauthenticated)
}

/// What is told of a token that stands for nobody.
pub(crate) fn unknown(unknown: Unknown) -> Problem {
    match unknown {
        Unknown::Refused => unauthenticated(),
        Unknown::NoAccount => Problem::new(Code::Forbidden, NO_ACCOUNT),
        error @ Unknown::Unavailable(_) => super::error::unavailable().because(error),
    }
}

/// A token that is worth a look.
fn token_of(bytes: &[u8]) -> Result<&str, Problem> {
    let token = Some(bytes).filter(|token| token.len() <= MAX_TOKEN_BYTES);
    let token = token.and_then(|token| std::str::from_utf8(token).ok());
    token.ok_or_else(unauthenticated)
}

/// The token that a person bears.
pub(crate) fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    token_of(credentials(headers, b"Bearer ").ok_or_else(unauthenticated)?)
}

fn credentials<'a>(headers: &'a HeaderMap, scheme: &[u8]) -> Option<&'a [u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    // Of two, some read the first, and others the last.
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let value = value.as_bytes();
    let (found, credentials) = value.split_at_checked(scheme.len())?;
    found.eq_ignore_ascii_case(scheme).then_some(credentials)
}
