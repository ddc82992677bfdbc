//! What every refusal looks like: `application/problem+json`, as RFC 9457 has it.
//!
//! A problem is born in a handler or an extractor and rendered in one place, the [edge](super::edge),
//! which knows the correlation id. What a 5xx was caused by goes to the log and never into its body.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use evara_actors::domain::FieldError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::limits::whole_seconds;

/// What went wrong, by a name that clients may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    /// The request cannot be understood.
    InvalidRequest,
    /// No credentials, or none that are known.
    Unauthenticated,
    /// What is seen, and may not be done by this caller.
    Forbidden,
    /// There is nothing here, or nothing the caller may see.
    NotFound,
    /// Another change, or another thing of that name, came first.
    Conflict,
    /// The idempotency key stands for another request.
    IdempotencyMismatch,
    /// The thing has moved on from what `If-Match` named.
    PreconditionFailed,
    /// The body is longer than is taken.
    PayloadTooLarge,
    /// The body is not JSON, or is compressed.
    UnsupportedMediaType,
    /// The request can be understood, and its values cannot be taken.
    ValidationFailed,
    /// The node's actor was given up on, and waits for a person.
    Quarantined,
    /// More requests than one caller may make; the same request may be repeated.
    RateLimited,
    /// Too much at once; the same request may be repeated.
    Busy,
    /// Something that is needed is away; the same request may be repeated.
    Unavailable,
    /// No answer in time.
    DeadlineExceeded,
    /// A fault of ours.
    Internal,
}

impl Code {
    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict | Self::IdempotencyMismatch | Self::Quarantined => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::ValidationFailed => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::Unavailable | Self::DeadlineExceeded => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::PreconditionFailed => "precondition_failed",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::ValidationFailed => "validation_failed",
            Self::Quarantined => "quarantined",
            Self::RateLimited => "rate_limited",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Internal => "internal",
        }
    }

    /// What kind of problem it is, the same for every occurrence.
    const fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request cannot be understood",
            Self::Unauthenticated => "Authentication is needed",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::Conflict => "In conflict with the present state",
            Self::IdempotencyMismatch => "The idempotency key stands for another request",
            Self::PreconditionFailed => "Changed since it was read",
            Self::PayloadTooLarge => "The body is too large",
            Self::UnsupportedMediaType => "The body is of a kind that is not taken",
            Self::ValidationFailed => "Some values cannot be taken",
            Self::Quarantined => "The node is quarantined",
            Self::RateLimited => "Too many requests",
            Self::Busy => "Too much at once",
            Self::Unavailable => "Unavailable for now",
            Self::DeadlineExceeded => "No answer in time",
            Self::Internal => "Internal error",
        }
    }
}

/// Which part of a request a [`FieldProblem`] points into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// The body.
    Body,
    /// The query string: the pointer is a slash and the parameter's name.
    Query,
    /// The path: the pointer is a slash and the parameter's name.
    Path,
    /// The headers: the pointer is a slash and the header's name.
    Header,
}

/// One field that cannot be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// A JSON pointer to the field.
    #[schema(example = "/config/tank/full_height_m")]
    pub(crate) pointer: String,
    /// What is wrong, for people.
    #[schema(example = "must be above 0 and at most 1000")]
    pub(crate) detail: String,
    /// What the pointer points into.
    #[serde(rename = "in")]
    pub(crate) part: Part,
}

/// A refusal on its way out. Boxed, since every handler's result has room for one.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Content>);

#[derive(Debug, Clone)]
struct Content {
    code: Code,
    status: StatusCode,
    detail: Cow<'static, str>,
    errors: Vec<FieldProblem>,
    retry_after: Option<Duration>,
    header: Option<(HeaderName, HeaderValue)>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem of this kind; `detail` is for people, and says what to do rather than what broke.
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Content {
            code,
            status: code.status(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            header: None,
            cause: None,
        }))
    }

    /// One field of the request is not of the form that it should be: 400.
    pub(crate) fn malformed(part: Part, name: &str, detail: impl Into<String>) -> Self {
        Self::new(
            Code::InvalidRequest,
            "A part of the request is not of the right form.",
        )
        .field(part, name, detail)
    }

    /// Values are of the right form, and cannot be taken: 422.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(Code::ValidationFailed, "See errors for each field.");
        let field = |FieldError { pointer, message }| FieldProblem {
            pointer,
            detail: message,
            part: Part::Body,
        };
        problem.0.errors = errors.into_iter().map(field).collect();
        problem
    }

    /// A fault of ours: nothing of `cause` reaches the caller.
    pub(crate) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(
            Code::Internal,
            "The fault was logged under the correlation id.",
        )
        .because(cause)
    }

    /// Nothing here, or nothing that the caller may see: always the same bytes.
    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing here.")
    }

    /// The problem that stands for an answer which the framework gave by itself.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => return Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => (
                Code::InvalidRequest,
                "The Allow header names the methods that are taken here.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => (Code::PayloadTooLarge, "The body is too large."),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                Code::UnsupportedMediaType,
                "The body must be application/json.",
            ),
            _ if status.is_client_error() => {
                (Code::InvalidRequest, "The request cannot be understood.")
            }
            _ => (
                Code::Internal,
                "The fault was logged under the correlation id.",
            ),
        };
        let mut problem = Self::new(code, detail);
        problem.0.status = status;
        problem
    }

    /// Adds a field that cannot be taken.
    #[must_use]
    pub(crate) fn field(mut self, part: Part, name: &str, detail: impl Into<String>) -> Self {
        let pointer = if name.is_empty() || name.starts_with('/') {
            name.to_owned()
        } else {
            format!("/{name}")
        };
        self.0.errors.push(FieldProblem {
            pointer,
            detail: detail.into(),
            part,
        });
        self
    }

    /// Whether it names fields.
    pub(crate) fn has_fields(&self) -> bool {
        !self.0.errors.is_empty()
    }

    /// The same problem, where the body was the part of the whole that is at `prefix`.
    #[must_use]
    pub(crate) fn relative_to(mut self, prefix: &str) -> Self {
        for error in &mut self.0.errors {
            if let Some(rest) = error.pointer.strip_prefix(prefix) {
                error.pointer = rest.to_owned();
            }
        }
        self
    }

    /// Says when the same request may be repeated.
    #[must_use]
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Keeps what led to it, for the log.
    #[must_use]
    pub(crate) fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(Arc::from(cause.into()));
        self
    }

    /// Adds the challenge that a 401 must carry.
    #[must_use]
    pub(crate) fn challenge(mut self, challenge: &'static str) -> Self {
        self.0.header = Some((WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        self
    }

    /// Keeps the methods that the framework named in a 405.
    #[must_use]
    pub(crate) fn allowing(mut self, allow: Option<HeaderValue>) -> Self {
        let allow = allow.map(|value| (ALLOW, value));
        self.0.header = self.0.header.or(allow);
        self
    }

    /// Logs what is worth a line: faults of ours, with all that led to them.
    pub(crate) fn log(&self, correlation_id: &str) {
        if !self.0.status.is_server_error() {
            return;
        }
        let mut chain = String::new();
        let cause = self.0.cause.as_deref();
        let mut next = cause.map(|cause| cause as &(dyn Error + 'static));
        while let Some(cause) = next {
            chain.push_str(if chain.is_empty() { "" } else { ": " });
            chain.push_str(&cause.to_string());
            next = cause.source();
        }
        let code = self.0.code.name();
        tracing::warn!(
            correlation_id,
            code,
            error = chain,
            "a request was not served"
        );
    }

    /// The body of the answer. What is a part of a larger answer has no correlation id of its own.
    pub(crate) fn view<'a>(&'a self, correlation_id: &'a str) -> ProblemView<'a> {
        ProblemView {
            kind: format!("urn:evara:problem:{}", self.0.code.name()),
            title: self.0.code.title(),
            status: self.0.status.as_u16(),
            detail: &self.0.detail,
            code: self.0.code,
            correlation_id,
            errors: &self.0.errors,
            retry_after_ms: self.0.retry_after.map(|wait| wait.as_millis()),
        }
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The answer, whole.
    pub(crate) fn render(&self, correlation_id: &str) -> Response {
        let bytes = serde_json::to_vec(&self.view(correlation_id)).unwrap_or_default();
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() = self.0.status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some((name, value)) = &self.0.header {
            headers.insert(name, value.clone());
        }
        if let Some(wait) = self.0.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait).max(1)));
        }
        response
    }
}

/// The body of every answer from 400 on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView<'a> {
    /// What kind of problem it is, as a URI that is not there to be fetched.
    #[serde(rename = "type")]
    #[schema(example = "urn:evara:problem:not_found")]
    kind: String,
    /// What kind of problem it is, for people.
    title: &'a str,
    /// The status of the answer.
    status: u16,
    /// What can be said of this occurrence, for people.
    pub(crate) detail: &'a str,
    /// What kind of problem it is, for programs.
    pub(crate) code: Code,
    /// What to quote when asking for help: it is in every line of the log.
    #[serde(skip_serializing_if = "str::is_empty")]
    correlation_id: &'a str,
    /// The fields that cannot be taken.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) errors: &'a [FieldProblem],
    /// When the same request may be repeated, where that makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    retry_after_ms: Option<u128>,
}

impl IntoResponse for Problem {
    /// An answer without a body; the edge renders what it finds in the extensions.
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
