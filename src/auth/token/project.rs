//! The Supabase project whose people are let in: its address, and what follows from it.
//!
//! A [`ProjectUrl`] that exists is `https`, or stays on this machine: whoever could change the keys on
//! their way here could make tokens.

use std::fmt;

use url::{Host, Url};

/// Such as `https://abcdefghij.supabase.co`, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectUrl(String);

/// Why an address is none of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not https (or http to this machine) with a host, a port, a path and nothing more")]
pub struct ProjectUrlError;

impl ProjectUrl {
    /// Accepts `https`, and `http` to this machine.
    ///
    /// # Errors
    /// When it is no such URL, or carries a user, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, ProjectUrlError> {
        let url = Url::parse(text.trim()).map_err(|_| ProjectUrlError)?;
        let is_safe = match (url.scheme(), url.host()) {
            ("https", Some(_)) => true,
            ("http", Some(host)) => is_loopback(&host),
            _ => false,
        };
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let text = url.as_str().trim_end_matches('/').to_owned();
        (is_safe && is_bare)
            .then_some(Self(text))
            .ok_or(ProjectUrlError)
    }

    /// What the project's tokens name as their issuer.
    pub fn issuer(&self) -> String {
        format!("{}/auth/v1", self.0)
    }

    /// Where the project publishes its keys.
    pub fn jwks(&self) -> String {
        format!("{}/auth/v1/.well-known/jwks.json", self.0)
    }

    /// Whether it is asked without TLS, which is so only on this machine.
    pub(super) fn is_cleartext(&self) -> bool {
        self.0.starts_with("http://")
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl fmt::Display for ProjectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_one_issuer_however_it_ends() {
        for text in [
            "https://p.example",
            "https://P.example/",
            " https://p.example:443// ",
        ] {
            let url = ProjectUrl::parse(text).unwrap();
            assert_eq!(url.issuer(), "https://p.example/auth/v1", "{text}");
            assert_eq!(
                url.jwks(),
                "https://p.example/auth/v1/.well-known/jwks.json"
            );
        }
    }

    #[test]
    fn keys_are_never_fetched_in_the_clear_from_another_machine() {
        for text in [
            "http://p.example",
            "http://localhost.p.example",
            "http://127.0.0.1.p.example",
            "ftp://p.example",
            "https://me:pw@p.example",
            "https://p.example/?a=b",
            "https://p.example/#a",
            "p.example",
            "data:text/plain,keys",
            "",
        ] {
            assert_eq!(ProjectUrl::parse(text), Err(ProjectUrlError), "{text}");
        }
        for text in [
            "http://localhost:54321",
            "http://127.0.0.1:1",
            "http://[::1]:1/x",
        ] {
            assert!(ProjectUrl::parse(text).is_ok(), "{text}");
        }
    }
}
