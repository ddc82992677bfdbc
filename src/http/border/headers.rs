//! What every answer tells browsers: nothing here is a page, and nobody may make it part of one.
//!
//! Nothing is in an answer that a browser would need leave for, so that each of these forbids all it can.

use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};

use super::Transport;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A year, as lists of such hosts ask for, and for what is below the name too: whoever owns one name of a
/// site sets cookies for all.
const A_YEAR_OF_TLS: &str = "max-age=31536000; includeSubDomains";

pub(super) fn of(transport: Transport) -> Vec<(HeaderName, HeaderValue)> {
    let always = [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (
            PERMISSIONS_POLICY,
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
        (OPENER_POLICY, "same-origin"),
        // Says nothing of requests that are allowed by origin.
        (RESOURCE_POLICY, "same-origin"),
    ];
    let with_tls = match transport {
        Transport::Plain => None,
        Transport::Tls => Some((STRICT_TRANSPORT_SECURITY, A_YEAR_OF_TLS)),
    };
    let all = always.into_iter().chain(with_tls);
    all.map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect()
}
