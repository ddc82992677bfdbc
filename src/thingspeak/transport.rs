//! How bytes are fetched: one GET, within limits of time and size, that nothing of a key escapes
//! from.
//!
//! Holds no truth. A transport follows no redirect, repeats no request and judges no body.

use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

use axum::body::HttpBody;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, DATE, HeaderName, RETRY_AFTER};
use axum::http::response::Parts;
use bytes::{Bytes, BytesMut};
use evara_actors::ports::BoxFuture;
use http_body_util::BodyExt;
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use super::retry_after::retry_after;

/// Who asks, as servers log it.
pub(super) const USER_AGENT: &str = concat!("evara/", env!("CARGO_PKG_VERSION"));

/// Fetches one document. Answers, or fails, within a deadline of its own.
pub trait Transport: Debug + Send + Sync {
    /// Sends `request` once and reads the whole answer, whatever its status.
    fn get(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// A GET. Its `Debug` shows the address without the key.
#[derive(Debug, Clone)]
pub struct Request {
    url: Url,
    key: Option<SecretString>,
}

impl Request {
    /// Asks for `url`, which must not hold a key, with `key` beside it.
    pub fn new(url: Url, key: Option<SecretString>) -> Self {
        Self { url, key }
    }

    /// The address without the key: what may be logged.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The address with `api_key`, the way ThingSpeak documents it: for the wire, never for a log.
    pub fn url_with_key(&self) -> Url {
        let mut url = self.url.clone();
        if let Some(key) = &self.key {
            // By hand: the crate's own pairs would turn the `%20` of the rest of the query into
            // `+`.
            let mut query = url
                .query()
                .map_or_else(String::new, |query| format!("{query}&"));
            query.push_str("api_key=");
            query.extend(form_urlencoded::byte_serialize(
                key.expose_secret().trim().as_bytes(),
            ));
            url.set_query(Some(&query));
        }
        url
    }
}

/// An answer of any status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// How long the server asks to be left alone.
    pub retry_after: Option<Duration>,
    /// The `Content-Type`, as it came.
    pub content_type: Option<Box<str>>,
    /// The whole body, decompressed, no larger than [`Limits::body_bytes`].
    pub body: Bytes,
}

/// What lies beneath a [`TransportError`].
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why there is no answer. Neither it nor what lies beneath it tells a key.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No whole answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// No connection, or one that broke before the answer was whole.
    #[error("the connection failed")]
    Unreachable(#[source] Cause),
    /// A body that is not what its `Content-Encoding` says.
    #[error("the body could not be decoded")]
    Garbled(#[source] Cause),
    /// A body past the limit.
    #[error("the body is larger than the limit")]
    TooLarge,
}

/// How long and how much one GET may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until there is a connection, with its TLS.
    pub connect: Duration,
    /// From the start of the connection to the last byte of the body.
    pub total: Duration,
    /// Of a body, after decompression.
    pub body_bytes: usize,
}

impl Limits {
    /// A host that takes longer to connect to is down. 8,000 rows of eight ordinary numbers are 1.8
    /// MB, and come within seconds even from a slow link.
    pub const STANDARD: Self = Self {
        connect: Duration::from_secs(3),
        total: Duration::from_secs(10),
        body_bytes: 2 * 1024 * 1024,
    };
}

/// Puts an answer together from its head and a body that was read within the limits.
pub(super) fn assemble(head: &Parts, body: Bytes) -> Response {
    let text = |name: HeaderName| header(&head.headers, name);
    Response {
        status: head.status.as_u16(),
        retry_after: text(RETRY_AFTER).and_then(|value| retry_after(value, text(DATE))),
        content_type: text(CONTENT_TYPE).map(Box::from),
        body,
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Why a body is not whole.
#[derive(Debug)]
pub(super) enum ReadError<E> {
    TooLarge,
    Broken(E),
}

/// Reads `body` to its end, and stops as soon as it proves larger than `limit` bytes.
pub(super) async fn read_body<B>(mut body: B, limit: usize) -> Result<Bytes, ReadError<B::Error>>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > limit as u64 {
        return Err(ReadError::TooLarge);
    }
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(ReadError::Broken)?.into_data() else {
            continue; // trailers, which mean nothing here
        };
        if data.len() > limit - read.len() {
            return Err(ReadError::TooLarge);
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(key: Option<&str>) -> Request {
        let url = "https://example.com/f.json?start=2024-01-01%2000:00:00";
        Request::new(url.parse().unwrap(), key.map(SecretString::from))
    }

    #[test]
    fn a_key_joins_the_query_encoded_and_leaves_the_rest_as_it_was() {
        let url = request(Some("A&b=c\n")).url_with_key();
        assert_eq!(
            url.query(),
            Some("start=2024-01-01%2000:00:00&api_key=A%26b%3Dc")
        );
        assert_eq!(request(None).url_with_key(), *request(None).url());
    }

    #[test]
    fn what_is_printed_of_a_request_holds_no_key() {
        let request = request(Some("CANARY"));
        assert!(!format!("{request:?} {}", request.url()).contains("CANARY"));
    }

    #[tokio::test]
    async fn a_body_of_just_the_limit_is_read_and_one_byte_more_is_refused() {
        let body = || axum::body::Body::from("12345");
        assert_eq!(read_body(body(), 5).await.unwrap(), "12345");
        let refused = read_body(body(), 4).await;
        assert!(matches!(refused, Err(ReadError::TooLarge)));
    }
}
