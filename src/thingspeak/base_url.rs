//! Where ThingSpeak is: an address that is safe to send keys to.
//!
//! A [`BaseUrl`] that exists is `https`, or stays on this machine. It never carries a password, and
//! no error here repeats what it was given, since that may hold one.

use std::fmt;
use std::str::FromStr;

use evara_actors::domain::ChannelId;
use url::{Host, Url};

/// The address that channel paths are appended to, such as `https://api.thingspeak.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why an address is no place to send keys to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not a URL with a host.
    #[error("the base URL must be absolute, such as https://api.thingspeak.com")]
    NotAUrl,
    /// Neither `https` nor `http`.
    #[error("the base URL must begin with https://")]
    Scheme,
    /// `http` to another machine.
    #[error(
        "the base URL must begin with https://: read keys would cross the network in the clear \
         (http:// is accepted only for localhost, 127.0.0.0/8 and [::1])"
    )]
    Cleartext,
    /// A user name, a password, a query or a fragment.
    #[error("the base URL must be a scheme, a host, a port and a path, and nothing more")]
    Decorated,
}

impl BaseUrl {
    /// The hosted service.
    pub const HOSTED: &str = "https://api.thingspeak.com";

    /// Accepts `https`, and `http` to this machine.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let mut url = Url::parse(text.trim()).map_err(|_| BaseUrlError::NotAUrl)?;
        let host = url.host().ok_or(BaseUrlError::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            "http" => return Err(BaseUrlError::Cleartext),
            _ => return Err(BaseUrlError::Scheme),
        }
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !bare {
            return Err(BaseUrlError::Decorated);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// Whether it is asked without TLS, which is so only on this machine.
    pub(super) fn is_cleartext(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Where the entries of `channel` are read; `query` is percent-encoded already.
    pub(super) fn feeds(&self, channel: ChannelId, query: &str) -> Url {
        let mut url = self.0.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/channels/{channel}/feeds.json"));
        url.set_query(Some(query));
        url
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        Self::parse(text)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_travel_in_the_clear_to_another_machine() {
        for text in [
            "http://api.thingspeak.com",
            "http://10.0.0.7:8080",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://[::ffff:10.0.0.1]",
        ] {
            assert_eq!(BaseUrl::parse(text), Err(BaseUrlError::Cleartext), "{text}");
        }
    }

    #[test]
    fn https_anywhere_and_http_on_this_machine_are_accepted() {
        for text in [
            BaseUrl::HOSTED,
            "https://10.0.0.7:8443/things",
            "http://localhost:3000",
            "http://127.0.0.9:1",
            "http://[::1]:3000/",
        ] {
            assert!(BaseUrl::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_refusal_says_why_and_never_repeats_the_address() {
        let refusals = [
            ("api.thingspeak.com", BaseUrlError::NotAUrl),
            ("", BaseUrlError::NotAUrl),
            ("data:text/plain,canary", BaseUrlError::NotAUrl),
            ("ftp://canary.example.com", BaseUrlError::Scheme),
            ("https://me:canary@example.com", BaseUrlError::Decorated),
            (
                "https://example.com/?api_key=canary",
                BaseUrlError::Decorated,
            ),
        ];
        for (text, expected) in refusals {
            let error = BaseUrl::parse(text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    #[test]
    fn a_path_in_front_is_kept_with_or_without_a_slash_at_its_end() {
        for text in ["https://example.com/ts", "https://example.com/ts//"] {
            let url = BaseUrl::parse(text)
                .unwrap()
                .feeds(ChannelId(7), "results=1");
            assert_eq!(
                url.as_str(),
                "https://example.com/ts/channels/7/feeds.json?results=1"
            );
        }
    }
}
