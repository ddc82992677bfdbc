//! The documented refusals and their bodies.
//!
//! The status inside the body is a string. Text answers carry the bare error code.

use axum::http::StatusCode;

use super::doc::Doc;
use super::reply::{Content, Reply};
use super::target::Format;

/// A way in which ThingSpeak refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fail {
    BadRequest,
    AuthRequired,
    NotFound,
    WrongMethod,
    TooLarge,
    InvalidBytes,
    TooManyRequests,
}

struct Wording {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    details: &'static str,
}

impl Fail {
    fn wording(self) -> Wording {
        let (status, code, message, details) = match self {
            Self::BadRequest => (
                StatusCode::BAD_REQUEST,
                "error_bad_request",
                "Bad Request",
                "The request cannot be fulfilled due to bad syntax.",
            ),
            Self::AuthRequired => (
                StatusCode::UNAUTHORIZED,
                "error_auth_required",
                "Authorization Required",
                "Please make sure that your API key is correct.",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "error_resource_not_found",
                "Not Found",
                "The requested resource was not found. Please check the URL and try again.",
            ),
            Self::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                "error_method_invalid",
                "Method Not Allowed",
                "Please use the proper HTTP method for this request.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "error_request_too_large",
                "Request Entity Too Large",
                "Your request is too large. Please reduce the size and try again.",
            ),
            Self::InvalidBytes => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "error_invalid_byte_sequence",
                "Unprocessable Entity",
                "The request contained an invalid UTF-8 byte sequence.",
            ),
            Self::TooManyRequests => (
                StatusCode::TOO_MANY_REQUESTS,
                "error_too_many_requests",
                "Too Many Requests",
                "Please wait before making another request.",
            ),
        };
        Wording {
            status,
            code,
            message,
            details,
        }
    }

    /// The refusal in the format that was asked for.
    pub(super) fn reply(self, format: Format) -> Reply {
        let said = self.wording();
        let error = Doc::Object(vec![
            ("error_code", Doc::Text(said.code.to_owned())),
            ("message", Doc::Text(said.message.to_owned())),
            ("details", Doc::Text(said.details.to_owned())),
        ]);
        let whole = Doc::Object(vec![
            ("status", Doc::Text(said.status.as_u16().to_string())),
            ("error", error),
        ]);
        let (content, body) = match format {
            Format::Json => (Content::Json, whole.to_json()),
            Format::Xml => (Content::Xml, whole.to_xml("hash")),
            Format::Text | Format::Csv | Format::Bare => (Content::Text, said.code.to_owned()),
        };
        Reply::refusal(said.status, content, body)
    }
}
