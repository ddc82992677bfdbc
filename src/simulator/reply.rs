//! An answer before it goes out, and the headers it goes out with.
//!
//! Text carries `Content-Length`, because the official device library fails without it; JSON is
//! chunked, as recorded. A refusal has neither an ETag nor permission to be cached.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use uuid::Uuid;

use super::delivery::Delivery;
use super::doc::Doc;

/// Hex digits of the body's SHA-256 that make an ETag.
const ETAG_DIGITS: usize = 32;

const HTML_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>";

/// The headers that every answer of the hosted service carries for browsers.
const CORS: [(&str, &str); 5] = [
    ("access-control-allow-origin", "*"),
    ("access-control-max-age", "1800"),
    (
        "access-control-allow-headers",
        "origin, content-type, X-Requested-With",
    ),
    (
        "access-control-allow-methods",
        "GET, POST, PUT, OPTIONS, DELETE, PATCH",
    ),
    ("x-frame-options", "SAMEORIGIN"),
];

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Json,
    Script,
    Text,
    Csv,
    Xml,
    Html,
}

impl Content {
    fn mime(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Script => "application/javascript; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xml => "application/xml; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// Whether an answer may be kept by its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caching {
    /// Refusals: not at all, and no ETag.
    Never,
    /// For so many seconds; 0 means it must be asked again.
    For(i64),
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) content: Content,
    pub(super) body: Bytes,
    pub(super) caching: Caching,
    pub(super) retry_after_s: Option<u32>,
}

impl Reply {
    /// 200 with a body.
    pub(super) fn ok(content: Content, body: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            content,
            body: body.into(),
            caching: Caching::For(0),
            retry_after_s: None,
        }
    }

    /// 200 with a JSON document.
    pub(super) fn json(doc: &Doc) -> Self {
        Self::ok(Content::Json, doc.to_json())
    }

    /// 200 with a text.
    pub(super) fn text(body: impl Into<Bytes>) -> Self {
        Self::ok(Content::Text, body)
    }

    /// An answer that is not to be kept.
    pub(super) fn refusal(status: StatusCode, content: Content, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            caching: Caching::Never,
            ..Self::ok(content, body)
        }
    }

    /// An HTML page that says no more than its status, as gateways and captive portals send.
    pub(super) fn html(status: StatusCode) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        let code = status.as_u16();
        let page = format!(
            "{HTML_PAGE}{code} {title}</title></head><body><h1>{code} {title}</h1></body></html>\n"
        );
        Self::refusal(status, Content::Html, page)
    }

    /// The same answer under another status.
    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Wraps JSON into a call of `callback`.
    pub(super) fn for_callback(self, callback: Option<&str>) -> Self {
        let Some(name) = callback.filter(|name| is_identifier(name)) else {
            return self;
        };
        if self.content != Content::Json {
            return self;
        }
        let mut body = Vec::with_capacity(self.body.len() + name.len() + 2);
        body.extend_from_slice(name.as_bytes());
        body.push(b'(');
        body.extend_from_slice(&self.body);
        body.push(b')');
        Self {
            content: Content::Script,
            body: body.into(),
            ..self
        }
    }

    /// The weak ETag of the body, where it has one.
    pub(super) fn etag(&self) -> Option<String> {
        if self.caching == Caching::Never {
            return None;
        }
        let hex: String = digest(&SHA256, &self.body)
            .as_ref()
            .iter()
            .take(ETAG_DIGITS / 2)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Some(format!("W/\"{hex}\""))
    }

    /// Turns to 304 for a caller that has this body already.
    pub(super) fn unless_known(self, known: Option<&HeaderValue>) -> Self {
        let Some(known) = known.and_then(|value| value.to_str().ok()) else {
            return self;
        };
        let is_known = self.status == StatusCode::OK
            && self
                .etag()
                .is_some_and(|etag| known.split(',').any(|one| one.trim() == etag));
        if is_known {
            self.with_status(StatusCode::NOT_MODIFIED)
        } else {
            self
        }
    }

    /// Sends the answer. `plain` leaves out every header that is not needed to read it.
    pub(super) fn send(
        self,
        id: Uuid,
        plain: bool,
        bad: Option<Delivery>,
    ) -> Response<axum::body::Body> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content.mime()),
        );
        put(
            &mut headers,
            "retry-after",
            self.retry_after_s.map(|s| s.to_string()),
        );
        if !plain {
            self.put_headers(id, &mut headers);
        }
        let is_bare = self.status == StatusCode::NOT_MODIFIED;
        let delivery = bad.unwrap_or(match self.content {
            Content::Json | Content::Script | Content::Xml | Content::Csv => Delivery::Chunked,
            Content::Text | Content::Html => Delivery::Whole,
        });
        let body = if is_bare { Bytes::new() } else { self.body };
        let mut response = Response::new(delivery.body(body));
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        response
    }

    fn put_headers(&self, id: Uuid, headers: &mut HeaderMap) {
        for (name, value) in CORS {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let caching = match self.caching {
            Caching::Never => "no-cache".to_owned(),
            Caching::For(0) => "max-age=0, private, must-revalidate".to_owned(),
            Caching::For(seconds) => format!("max-age={seconds}, private"),
        };
        put(headers, "cache-control", Some(caching));
        put(headers, "status", Some(self.status.to_string()));
        put(headers, "x-request-id", Some(id.to_string()));
        put(headers, "etag", self.etag());
    }
}

fn put(headers: &mut HeaderMap, name: &'static str, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_etag_of_zero_is_the_recorded_one() {
        let etag = Reply::text("0").etag().unwrap();
        assert!(etag.starts_with("W/\"5feceb66"), "{etag}");
    }

    #[test]
    fn a_callback_that_is_no_identifier_is_ignored() {
        let reply = Reply::json(&Doc::Number(1));
        assert_eq!(reply.clone().for_callback(Some("a.b")).body, "a.b(1)");
        assert_eq!(reply.clone().for_callback(Some("alert(1)")), reply);
    }
}
