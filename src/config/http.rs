//! `EVARA_BIND`: where the service is reached.

use std::net::{Ipv4Addr, SocketAddr};

use super::key::Key;
use super::reader::{Parsed, Reader};

pub(super) const BIND: Key = Key::plain("EVARA_BIND");

/// Only this machine, until somebody says otherwise.
const DEFAULT_BIND: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Where the service is reached.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Address and port; port 0 takes any free one.
    pub bind: SocketAddr,
}

fn bind(text: &str) -> Parsed<SocketAddr> {
    let local = text
        .strip_prefix("localhost:")
        .map(|port| format!("127.0.0.1:{port}"));
    let address = local.as_deref().unwrap_or(text).parse();
    address.map_err(|_| "an address and a port, such as 127.0.0.1:8080 or [::]:8080")
}

pub(super) fn read(reader: &mut Reader<'_>) -> HttpConfig {
    let bind = reader.or(&BIND, DEFAULT_BIND, bind);
    HttpConfig { bind }
}
