//! `Idempotency-Key`: a request that is repeated under its key takes effect once, and is answered alike.
//!
//! Around every POST. What creates or changes something in the store keeps its answer in the transaction of
//! that; of all else the answer is kept after the effect, which may then be repeated without harm: readings
//! are known by what they say, and are stamped by when the request was begun first; what is done to actors
//! is done again, and what cannot be because it was is answered as if. Refusals are not kept.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::response;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use evara_actors::domain::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::extract::read;
use super::guard::{Caller, still_themselves, to_be_judged};
use super::problem::{Code, Part, Problem};
use super::state::AppState;
use crate::app::kept::{Begun, Claim, Kept, ReceiptName};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

const MAX_KEY: usize = 128;

/// The longest answer that is kept: that to a full bulk of readings.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// While the first request with a key runs, the second may come back after this.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The requests with keys that run now. As many as run at all: the listener bounds them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashSet<ReceiptName>>>);

/// The turn of a request; ends when dropped.
struct Turn {
    running: Running,
    name: ReceiptName,
}

impl Running {
    fn begin(&self, name: &ReceiptName) -> Option<Turn> {
        let is_first = self.names().insert(name.clone());
        is_first.then(|| Turn {
            running: self.clone(),
            name: name.clone(),
        })
    }

    fn names(&self) -> MutexGuard<'_, HashSet<ReceiptName>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.running.names().remove(&self.name);
    }
}

/// What a handler knows of the key that its request bears, if it bears one.
#[derive(Debug, Clone)]
pub(crate) struct Once(Option<Pending>);

#[derive(Debug, Clone)]
struct Pending {
    name: ReceiptName,
    begun_at: Timestamp,
    /// It was begun before, and nobody knows what came of that.
    is_repeated: bool,
}

/// What is to become of an answer, where the handler knows better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// It was kept together with the effect.
    Done,
    /// It is not the last word: a repetition is to be tried anew.
    Never,
}

impl Once {
    /// When the request was received, or one like it for the first time.
    pub(crate) fn received_at(&self, app: &AppState) -> Timestamp {
        let begun_at = self.0.as_ref().map(|pending| pending.begun_at);
        begun_at.unwrap_or_else(|| app.clock.now())
    }

    /// Whether a request like it was begun before, under the same key, and may have had its effect.
    pub(crate) fn is_repeated(&self) -> bool {
        self.0.as_ref().is_some_and(|pending| pending.is_repeated)
    }

    /// The answer, and what of it is to be kept together with the effect.
    pub(crate) async fn keep(&self, answer: Response) -> Result<(Response, Option<Kept>), Problem> {
        let Some(pending) = &self.0 else {
            return Ok((answer, None));
        };
        let (mut answer, kept) = kept(pending.name.clone(), answer, true).await?;
        answer.extensions_mut().insert(Keeping::Done);
        Ok((answer, Some(kept)))
    }
}

/// The answer that was given before. To be asked for behind what judges the caller: to whoever may not do it any more
/// nothing is shown again.
#[derive(Debug, Clone)]
pub(crate) struct Replay(SecretString);

impl IntoResponse for Replay {
    fn into_response(self) -> Response {
        let stored = Stored::read(&self.0).and_then(Stored::into_response);
        stored.unwrap_or_else(Problem::into_response)
    }
}

impl<S: Sync> FromRequestParts<S> for Once {
    type Rejection = Replay;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Replay> {
        match parts.extensions.remove::<Replay>() {
            Some(replay) => Err(replay),
            None => Ok(Self(parts.extensions.get().cloned())),
        }
    }
}

/// Has a request with a key done once. Its body may have `most` bytes.
pub(crate) async fn once(
    State((app, most)): State<(AppState, usize)>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    match key_of(request.headers()) {
        Ok(None) => next.run(request).await,
        Ok(Some(key)) => {
            let done = Box::pin(done_once(app, most, key, request, next));
            done.await.unwrap_or_else(Problem::into_response)
        }
        Err(problem) => problem.into_response(),
    }
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(KEY).iter();
    let malformed = || {
        Problem::malformed(
            Part::Header,
            KEY.as_str(),
            "must be one key of 1 to 128 visible ASCII characters",
        )
    };
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    if !visible || !(1..=MAX_KEY).contains(&value.len()) || values.next().is_some() {
        return Err(malformed());
    }
    let key = value.to_str().map_err(|_| malformed())?;
    Ok(Some(key.to_owned()))
}

async fn done_once(
    app: AppState,
    most: usize,
    key: String,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::of(&parts)?.id();
    let name = ReceiptName { caller, key };
    let _turn = app.running().begin(&name).ok_or_else(running)?;
    let bytes = read(body, most).await?;
    still_themselves(&parts).await?;
    let claim = Claim {
        name: name.clone(),
        request: digest(&parts, &bytes),
        at: app.clock.now(),
    };
    let now = claim.at;
    let begun_at = match app.receipts.begin(claim).await? {
        Begun::Open { at } => at,
        Begun::Answered(answer) => {
            let stored = Stored::read(&answer)?;
            if !stored.is_of_handler {
                // Nothing in it is shown only once: it is their own, and there is nothing left to be judged.
                to_be_judged(&parts)?;
                return stored.into_response();
            }
            // The handler gives it back, once it is judged whether they still may.
            parts.extensions.insert(Replay(answer));
            return Ok(next
                .run(Request::from_parts(parts, Body::from(bytes)))
                .await);
        }
        Begun::Other => return Err(mismatch()),
    };
    let pending = Pending {
        name: name.clone(),
        begun_at,
        is_repeated: begun_at < now,
    };
    parts.extensions.insert(pending);
    let answer = next
        .run(Request::from_parts(parts, Body::from(bytes)))
        .await;
    settled(&app, name, answer).await
}

/// Keeps an answer that is the last word, and forgets a request that was refused. One that failed stays
/// begun: what it did is not known, and its repetition is to be stamped alike.
async fn settled(app: &AppState, name: ReceiptName, answer: Response) -> Result<Response, Problem> {
    let (status, keeping) = (answer.status(), answer.extensions().get().copied());
    match keeping {
        Some(Keeping::Done | Keeping::Never) => Ok(answer),
        None if status.is_success() => {
            let (answer, kept) = kept(name, answer, false).await?;
            app.receipts.finish(kept).await?;
            Ok(answer)
        }
        None => {
            if status.is_client_error() {
                let forgotten = app.receipts.forget(name).await;
                forgotten.unwrap_or_else(|error| tracing::debug!(%error, "a receipt stays"));
            }
            Ok(answer)
        }
    }
}

fn running() -> Problem {
    let detail = "A request with this idempotency key is being done.";
    Problem::new(Code::Conflict, detail).retry_after(TRY_AGAIN)
}

fn mismatch() -> Problem {
    let detail = "Take a new idempotency key for a request that is not the same.";
    Problem::new(Code::IdempotencyMismatch, detail)
}

/// Two requests are the same by method, path, query, kind and body.
fn digest(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let query = parts.uri.query().unwrap_or_default();
    let kind = parts.headers.get(axum::http::header::CONTENT_TYPE);
    let kind = kind.map(HeaderValue::as_bytes).unwrap_or_default();
    let head = [parts.method.as_str(), parts.uri.path(), query];
    for part in head.map(str::as_bytes).into_iter().chain([kind]) {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.update(body);
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// An answer as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    /// Whether the handler kept it together with its effect, and so asks for it again.
    #[serde(default)]
    is_of_handler: bool,
}

impl Stored {
    fn read(answer: &SecretString) -> Result<Self, Problem> {
        serde_json::from_str(answer.expose_secret()).map_err(Problem::internal)
    }

    fn into_response(self) -> Result<Response, Problem> {
        let mut response = Response::new(Body::from(Bytes::from(self.body)));
        *response.status_mut() = StatusCode::from_u16(self.status).map_err(Problem::internal)?;
        for (name, value) in self.headers {
            let name = HeaderName::try_from(name).map_err(Problem::internal)?;
            let value = HeaderValue::try_from(value).map_err(Problem::internal)?;
            response.headers_mut().insert(name, value);
        }
        Ok(response)
    }
}

async fn kept(
    name: ReceiptName,
    answer: Response,
    is_of_handler: bool,
) -> Result<(Response, Kept), Problem> {
    let (parts, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await;
    let bytes = bytes.map_err(Problem::internal)?;
    let stored = Stored {
        status: parts.status.as_u16(),
        headers: texts(&parts),
        body: String::from_utf8(bytes.to_vec()).map_err(Problem::internal)?,
        is_of_handler,
    };
    let answer = serde_json::to_string(&stored).map_err(Problem::internal)?;
    let answer = SecretString::from(answer);
    let kept = Kept { name, answer };
    Ok((Response::from_parts(parts, Body::from(bytes)), kept))
}

fn texts(parts: &response::Parts) -> Vec<(String, String)> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    parts.headers.iter().filter_map(text).collect()
}
