//! The proxies that are trusted to say whom they serve.

use std::net::IpAddr;

use axum::http::HeaderMap;

use super::{ClientAddress, Header, Network};

/// Proxies behind one another: nobody has more, and a client may write as many as a header holds.
const MAX_HOPS: usize = 16;

/// The proxies that are trusted to say whom they serve, and where they say it. None by default: then the
/// peer of the connection is the client.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    trusted: Vec<Network>,
    header: Header,
}

impl Proxies {
    /// Trusts what is at these addresses to write this header.
    pub const fn new(trusted: Vec<Network>, header: Header) -> Self {
        Self { trusted, header }
    }

    /// Who sent a request that `peer` brought with these headers: the last one that is no proxy of ours.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let mut nearest = peer.to_canonical();
        for (read, hop) in self.header.hops(headers).enumerate() {
            if !self.trusts(nearest) {
                break;
            }
            // What a proxy does not tell is not guessed from what stands further left.
            match hop.filter(|_| read < MAX_HOPS) {
                Some(address) => nearest = address.to_canonical(),
                None => return ClientAddress::behind(nearest),
            }
        }
        ClientAddress::new(nearest)
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }
}
