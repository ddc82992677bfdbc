//! `EVARA_BIND` and `EVARA_TOKEN`: where the service is reached, and by whom.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use secrecy::ExposeSecret as _;

use super::Deployment;
use super::kept::Secret;
use super::key::Key;
use super::reader::{Parsed, Reader};

pub(super) const BIND: Key = Key::plain("EVARA_BIND");
pub(super) const TOKEN: Key = Key::secret("EVARA_TOKEN", "EVARA_TOKEN_FILE");

/// Only this machine, until somebody says otherwise: the token may not have been set yet.
const DEFAULT_BIND: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// It travels in a header, whose lines are bounded.
const LONGEST_TOKEN: usize = 512;

/// Sixteen characters of any alphabet are past guessing over a network.
const SHORTEST_PRODUCTION_TOKEN: usize = 16;

/// Where a token that was made is kept, in the data directory.
const FILE: &str = "token";

/// Where the service is reached, and by whom.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Address and port; port 0 takes any free one.
    pub bind: SocketAddr,
    /// What callers must show. Made where it was not given, and then good on this machine only.
    pub token: Secret,
}

fn bind(text: &str) -> Parsed<SocketAddr> {
    let local = text
        .strip_prefix("localhost:")
        .map(|port| format!("127.0.0.1:{port}"));
    let address = local.as_deref().unwrap_or(text).parse();
    address.map_err(|_| "an address and a port, such as 127.0.0.1:8080 or [::]:8080")
}

fn token(text: &str) -> Parsed<()> {
    let fits = text.len() <= LONGEST_TOKEN && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then_some(())
        .ok_or("at most 512 visible ASCII characters without spaces")
}

pub(super) fn read(reader: &mut Reader<'_>, deployment: Deployment, data: &Path) -> HttpConfig {
    let bind = reader.or(&BIND, DEFAULT_BIND, bind);
    let token = reader.secret(&TOKEN, token);
    let length = token.as_ref().map(|token| token.expose_secret().len());
    match (length, deployment) {
        (None, Deployment::Production) => reader.object(&TOKEN, "must be set in production"),
        (Some(..SHORTEST_PRODUCTION_TOKEN), Deployment::Production) => {
            reader.object(&TOKEN, "must have at least 16 characters in production");
        }
        (None, Deployment::Development | Deployment::Test) if !bind.ip().is_loopback() => {
            reader.object(
                &TOKEN,
                "must be set where EVARA_BIND is reached from other machines",
            );
        }
        (_, Deployment::Development | Deployment::Test | Deployment::Production) => {}
    }
    let token = token.map_or_else(|| Secret::Kept(data.join(FILE)), Secret::Given);
    HttpConfig { bind, token }
}
