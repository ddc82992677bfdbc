//! Which pages of other origins may ask, and how browsers are told.
//!
//! Origins are compared letter by letter. Credentials of browsers, such as cookies, are never allowed:
//! there are none here, and a token is sent by whoever has it.

use std::fmt;
use std::str::FromStr;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use url::Url;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");

/// What requests of ours are made of.
const ASKED_WITH: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, \
     x-correlation-id, x-device-key",
);

/// What programs read in answers.
const ANSWERED_WITH: HeaderValue = HeaderValue::from_static(
    "deprecation, etag, location, ratelimit-limit, ratelimit-remaining, ratelimit-reset, \
     retry-after, server-timing, sunset, x-correlation-id, x-process-time",
);

/// Ten minutes: as long as an origin that is no longer allowed may go on to ask in vain.
const REMEMBERED_S: HeaderValue = HeaderValue::from_static("600");

/// Where a page is from, as browsers write it: `https://example.com`, and a port where it is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(HeaderValue);

/// Not an origin as browsers write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a scheme, a host and perhaps a port, such as https://example.com")]
pub struct NotAnOrigin;

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let url = Url::parse(text).map_err(|_| NotAnOrigin)?;
        // A star is a letter of hosts to a URL, and of patterns to people: there are no patterns here.
        let is_written_alike = url.origin().ascii_serialization() == text && !text.contains('*');
        if !is_written_alike || !matches!(url.scheme(), "http" | "https") {
            return Err(NotAnOrigin);
        }
        HeaderValue::from_str(text)
            .map(Self)
            .map_err(|_| NotAnOrigin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

/// The origins whose pages may ask.
#[derive(Debug, Default)]
pub(in crate::http) struct Origins(Vec<HeaderValue>);

impl Origins {
    pub(super) fn new(origins: Vec<Origin>) -> Self {
        Self(origins.into_iter().map(|origin| origin.0).collect())
    }

    /// The origin of the page that asks, if it may.
    pub(in crate::http) fn admitted(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let asking = request.get(ORIGIN)?;
        self.0.iter().find(|origin| *origin == asking).cloned()
    }

    /// The answer to a browser that asks whether a page may ask.
    pub(in crate::http) fn preflight(&self, request: &Request) -> Option<Response> {
        let is_one = request.method() == Method::OPTIONS
            && request
                .headers()
                .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !is_one {
            return None;
        }
        self.admitted(request.headers())?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ASKED_WITH);
        headers.insert(ACCESS_CONTROL_MAX_AGE, REMEMBERED_S);
        Some(response)
    }

    /// Tells the browser which page may read the answer.
    pub(in crate::http) fn mark(&self, admitted: Option<HeaderValue>, answer: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        answer.append(VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = admitted {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, ANSWERED_WITH);
        }
    }
}
