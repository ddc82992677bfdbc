//! What proxies write down of whom they serve: `X-Forwarded-For`, or `Forwarded` of RFC 7239.
//!
//! Read from the right, where the nearest proxy writes. What is further left may be anything that a
//! client made up, so that nothing there may change how the rest is read: commas separate, whatever
//! quotation marks say.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use axum::http::header::FORWARDED;
use axum::http::{HeaderMap, HeaderName};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header that the trusted proxies write. One of them: a proxy that writes the one passes the other on
/// as the client made it up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Header {
    /// `X-Forwarded-For`, as nearly all of them do.
    #[default]
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        })
    }
}

impl Header {
    /// Who was seen, from the nearest on; `None` where it is not told, or not as an address.
    pub(super) fn hops(self, headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
        let name = match self {
            Self::XForwardedFor => X_FORWARDED_FOR,
            Self::Forwarded => FORWARDED,
        };
        let lines = headers.get_all(name).iter().rev();
        let hops = lines.flat_map(|line| line.as_bytes().rsplit(|b| *b == b','));
        hops.map(move |hop| {
            let hop = std::str::from_utf8(hop).ok()?.trim();
            match self {
                Self::XForwardedFor => address(hop),
                Self::Forwarded => address(seen_by(hop)?),
            }
        })
    }
}

/// The value of `for` in one element of `Forwarded`.
fn seen_by(element: &str) -> Option<&str> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut of_for = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    let (_, value) = of_for.next()?;
    let value = value.trim();
    let quoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    Some(quoted.unwrap_or(value))
}

/// An address, with or without a port, with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|it| it.ip());
    text.parse().ok().or_else(bracketed).or_else(with_port)
}
