//! Where requests come from: addresses, networks of them, and whose word is taken for an address.
//!
//! Pure: no socket is asked here. The peer of a connection is a fact; every address beyond it is hearsay,
//! and only what a trusted proxy says it saw is believed. Nothing a client writes may ever become its
//! address.

mod forwarded;
#[cfg(test)]
mod laws;
mod network;
mod proxies;
mod rules;

pub use forwarded::Header;
pub use network::{Network, NotANetwork};
pub use proxies::Proxies;
pub use rules::{Action, Gate, MAX_RULES, Rule, Rules};

use std::fmt;
use std::net::IpAddr;

/// An IPv6 client is given a whole /64 and may use any address of it.
const IPV6_CLIENT_BITS: u8 = 64;

/// The address of whoever sent a request, as far as it is known. Every request has one among its
/// extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress {
    nearest: IpAddr,
    is_told: bool,
}

impl ClientAddress {
    /// An address; IPv4 in the form of IPv6 is IPv4.
    pub fn new(address: IpAddr) -> Self {
        Self {
            nearest: address.to_canonical(),
            is_told: true,
        }
    }

    /// Somebody behind a proxy of ours that does not tell whom it serves, or not as an address.
    pub fn behind(proxy: IpAddr) -> Self {
        Self {
            is_told: false,
            ..Self::new(proxy)
        }
    }

    /// The address itself, or that of the proxy in front of it.
    pub const fn ip(self) -> IpAddr {
        self.nearest
    }

    /// Whether it is that of whoever sent the request, and not of a proxy that does not tell.
    pub const fn is_told(self) -> bool {
        self.is_told
    }

    /// What one client is taken to have: an IPv4 address, or a /64 of IPv6.
    pub fn block(self) -> Network {
        let bits = if self.nearest.is_ipv4() {
            u8::MAX
        } else {
            IPV6_CLIENT_BITS
        };
        Network::around(self.nearest, bits)
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nearest.fmt(f)
    }
}
