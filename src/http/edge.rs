//! What every request passes and every answer carries: the address of whoever asks, correlation, timing,
//! a deadline, problems rendered, panics caught, compression where it was asked for, and what browsers
//! are told, see [`Border`].
//!
//! One hop of our own around the router rather than a stack of boxed layers: it is on the path of
//! every request. No route may be served around it, and it decides nothing about any of them.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, ETAG};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tower::ServiceExt;
use tower_http::compression::Compression;
use tower_http::compression::predicate::{And, NotForContentType, Predicate as _, SizeAbove};
use tracing::{Instrument, Span};

use super::border::Border;
use super::guard::{Correlation, limits};
use super::health;
use super::problem::{Code, Problem};
use crate::limits::Standing;

/// How long a request may take. Longer than the five seconds that a commit is waited for, so that
/// the more exact answer wins; shorter than the ten after which people's browsers are reloaded.
pub(crate) const DEADLINE: Duration = Duration::from_secs(6);

/// Below it, compressing costs more than it saves: the answer fits one packet anyway.
const COMPRESS_ABOVE_BYTES: u64 = 1024;

/// The longest correlation id that is taken over.
const MAX_CORRELATION_ID: usize = 64;

const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const PROCESS_TIME: HeaderName = HeaderName::from_static("x-process-time");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The outermost hop. Cheap to share.
pub struct Edge {
    plain: Router,
    compressing: Compression<Router, And<SizeAbove, NotForContentType>>,
    border: Border,
    /// Random, so that ids made by two processes differ.
    prefix: u64,
    made: AtomicU64,
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edge")
            .field("plain", &self.plain)
            .finish_non_exhaustive()
    }
}

impl Edge {
    /// Puts the edge around all routes.
    pub fn around(router: Router, border: Border) -> Arc<Self> {
        // What is told live must not wait until there is enough of it.
        let worth_it = SizeAbove::new(COMPRESS_ABOVE_BYTES).and(NotForContentType::SSE);
        let compressing = Compression::new(router.clone())
            .no_deflate()
            .no_zstd()
            .compress_when(worth_it);
        let (prefix, _) = uuid::Uuid::new_v4().as_u64_pair();
        Arc::new(Self {
            plain: router,
            compressing,
            border,
            prefix,
            made: AtomicU64::new(1),
        })
    }

    /// Answers one request that `peer` sent. Never fails and never panics.
    pub async fn answer(self: Arc<Self>, mut request: Request, peer: SocketAddr) -> Response {
        let start = Instant::now();
        let id = self.correlation_id(request.headers());
        let client = self.border.client(peer.ip(), request.headers());
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(Correlation(id.clone()));
        let page = self.border.origins().admitted(request.headers());
        let text = id.to_str().unwrap_or_default();
        let span = span(request.method(), text);
        let is_let_in = self.border.gate().admits(client) || health::is_probe(request.uri().path());
        let mut served = self.served(request, is_let_in).instrument(span).await;
        let standing = served.extensions_mut().remove::<Standing>();
        let mut response = finished(served, text);
        let millis = format!("{:.3}", start.elapsed().as_secs_f64() * 1e3);
        let headers = response.headers_mut();
        if let Ok(timing) = HeaderValue::try_from(format!("total;dur={millis}")) {
            headers.insert(SERVER_TIMING, timing);
        }
        if let Ok(millis) = HeaderValue::try_from(millis) {
            headers.insert(PROCESS_TIME, millis);
        }
        if let Some(standing) = standing {
            limits::tell(&standing, headers);
        }
        self.border.guard(headers);
        self.border.origins().mark(page, headers);
        if !headers.contains_key(CACHE_CONTROL) {
            let revalidated = headers.contains_key(ETAG);
            let caching = if revalidated {
                "private, no-cache"
            } else {
                "no-store"
            };
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
        }
        headers.insert(CORRELATION_ID, id);
        response
    }

    /// Takes the caller's id over, or makes one.
    fn correlation_id(&self, headers: &HeaderMap) -> HeaderValue {
        let fits = |value: &&HeaderValue| {
            let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"._-".contains(b);
            (1..=MAX_CORRELATION_ID).contains(&value.len()) && value.as_bytes().iter().all(allowed)
        };
        if let Some(taken) = headers.get(CORRELATION_ID).filter(fits) {
            return taken.clone();
        }
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let made = format!("{:016x}-{number:08x}", self.prefix);
        HeaderValue::try_from(made).unwrap_or_else(|_| HeaderValue::from_static("none"))
    }

    async fn served(&self, request: Request, is_let_in: bool) -> Response {
        if !is_let_in {
            return kept_out().into_response();
        }
        if let Some(refusal) = compressed_body(request.headers()) {
            return refusal.into_response();
        }
        if let Some(answer) = self.border.origins().preflight(&request) {
            return answer;
        }
        let wants_compression = accepts_compression(request.headers());
        let answer = async {
            if wants_compression {
                let answered = self.compressing.clone().oneshot(request).await;
                answered.map(|response| response.map(Body::new))
            } else {
                self.plain.clone().oneshot(request).await
            }
        };
        match tokio::time::timeout(DEADLINE, unpanicked(answer)).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(panic)) => Problem::internal(panic).into_response(),
            Err(_elapsed) => Problem::new(Code::DeadlineExceeded, "No answer within six seconds.")
                .retry_after(Duration::from_secs(1))
                .into_response(),
        }
    }
}

/// What the log lines of a request have in common. Reading logs nothing but its own failure, which
/// names the id itself, and is too frequent for a span that stays empty.
fn span(method: &Method, correlation_id: &str) -> Span {
    if method.is_safe() {
        return Span::none();
    }
    tracing::info_span!("request", correlation_id)
}

/// Renders the problem that a handler answered with, and one for every refusal of the framework.
fn finished(mut response: Response, correlation_id: &str) -> Response {
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if status.is_client_error() || status.is_server_error() => {
            let allow = response.headers_mut().remove(ALLOW);
            Problem::of_status(status).allowing(allow)
        }
        None => return response,
    };
    problem.log(correlation_id);
    problem.render(correlation_id)
}

/// Said before anything is known of whoever asks, and of what is asked for.
fn kept_out() -> Problem {
    Problem::new(Code::Forbidden, "Requests from this address are not taken.")
}

/// A few bytes that unfold into gigabytes are an old trick.
fn compressed_body(headers: &HeaderMap) -> Option<Problem> {
    let encoding = headers.get(CONTENT_ENCODING)?;
    let plain = encoding.as_bytes().eq_ignore_ascii_case(b"identity");
    let problem = || {
        Problem::new(
            Code::UnsupportedMediaType,
            "The body must not be compressed.",
        )
    };
    (!plain).then(problem)
}

/// A hint only: what exactly is accepted is worked out by the compression itself.
fn accepts_compression(headers: &HeaderMap) -> bool {
    let names = |value: &HeaderValue| {
        let value = value.as_bytes();
        value.windows(2).any(|name| name == b"br") || value.windows(4).any(|name| name == b"gzip")
    };
    headers.get_all(ACCEPT_ENCODING).iter().any(names)
}

/// Turns a panic into an error, so that it costs one answer and not the connection.
async fn unpanicked<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(said(panic.as_ref()))),
        }
    })
    .await
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic")
        .to_owned()
}
