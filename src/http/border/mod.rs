//! What stands between the network and the service: whose address is believed, which pages of other
//! origins may ask, and what every answer tells browsers.
//!
//! Set when the service starts. Knows nothing of routes or callers.

mod cors;
mod headers;

pub use cors::{NotAnOrigin, Origin};

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::address::{ClientAddress, Gate, Proxies};
use cors::Origins;

/// How far the service is known by a name of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transport {
    /// On somebody's machine, without TLS.
    #[default]
    Plain,
    /// Behind TLS, for a year at least: browsers are told to ask in no other way.
    Tls,
}

/// What stands between the network and the service. Cheap to clone. By default nobody is believed, and
/// no page of another origin may ask.
#[derive(Debug, Clone, Default)]
pub struct Border(Arc<Terms>);

#[derive(Debug)]
struct Terms {
    proxies: Proxies,
    origins: Origins,
    headers: Vec<(HeaderName, HeaderValue)>,
    gate: Gate,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            proxies: Proxies::default(),
            origins: Origins::default(),
            headers: headers::of(Transport::Plain),
            gate: Gate::default(),
        }
    }
}

impl Border {
    /// Believes these proxies, and lets pages of these origins ask.
    pub fn new(proxies: Proxies, origins: Vec<Origin>, transport: Transport) -> Self {
        Self(Arc::new(Terms {
            proxies,
            origins: Origins::new(origins),
            headers: headers::of(transport),
            gate: Gate::default(),
        }))
    }

    /// Who sent what `peer` brought.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        self.0.proxies.client(peer, headers)
    }

    /// Whom it lets in; everyone until rules are given to it.
    pub fn gate(&self) -> &Gate {
        &self.0.gate
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.0.origins
    }

    /// Tells browsers what they may do with an answer.
    pub(super) fn guard(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0.headers {
            // A page that needs more than nothing says so itself.
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }
}
