//! `EVARA_TRUSTED_PROXIES`, `EVARA_FORWARDED_HEADER` and `EVARA_CORS_ORIGINS`: whose word is taken for
//! where a request comes from, and which pages may ask.

use std::fmt;
use std::str::FromStr;

use super::Deployment;
use super::key::Key;
use super::reader::{Parsed, Reader};
use crate::address::{Header, Network, Proxies};
use crate::http::{Border, Origin, Transport};

pub(super) const TRUSTED_PROXIES: Key = Key::plain("EVARA_TRUSTED_PROXIES");
pub(super) const FORWARDED_HEADER: Key = Key::plain("EVARA_FORWARDED_HEADER");
pub(super) const CORS_ORIGINS: Key = Key::plain("EVARA_CORS_ORIGINS");

/// Every request is held against all of them: more than a provider's whole list.
const MOST_ENTRIES: usize = 256;

/// Whose word is taken for where a request comes from, and which pages may ask. Nobody's and none, unless
/// somebody says so: a service that is reached directly would believe whatever clients write.
#[derive(Debug, Clone)]
pub struct BorderConfig {
    proxies: Proxies,
    origins: Vec<Origin>,
    transport: Transport,
}

impl BorderConfig {
    /// The border as it was configured.
    pub(crate) fn build(&self) -> Border {
        Border::new(self.proxies.clone(), self.origins.clone(), self.transport)
    }
}

/// Entries between commas.
struct List<T>(Vec<T>);

impl<T: fmt::Display> fmt::Display for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{entry}")?;
        }
        Ok(())
    }
}

fn list<T: FromStr>(text: &str, what: &'static str) -> Parsed<List<T>> {
    let entries = text.split(',').map(|entry| entry.trim().parse().ok());
    let entries: Option<Vec<T>> = entries.take(MOST_ENTRIES + 1).collect();
    let entries = entries.filter(|entries| entries.len() <= MOST_ENTRIES);
    entries.map(List).ok_or(what)
}

fn networks(text: &str) -> Parsed<List<Network>> {
    list(
        text,
        "at most 256 networks between commas, such as 10.0.0.0/8,2001:db8::/32",
    )
}

fn origins(text: &str) -> Parsed<List<Origin>> {
    list(
        text,
        "at most 256 origins between commas, such as https://example.com: no paths, no *",
    )
}

fn header(text: &str) -> Parsed<Header> {
    match text.to_ascii_lowercase().as_str() {
        "x-forwarded-for" => Ok(Header::XForwardedFor),
        "forwarded" => Ok(Header::Forwarded),
        _ => Err("x-forwarded-for or forwarded: the one that the proxies write"),
    }
}

pub(super) fn read(reader: &mut Reader<'_>, deployment: Deployment) -> BorderConfig {
    let trusted = reader.maybe(&TRUSTED_PROXIES, networks);
    let header = reader.or(&FORWARDED_HEADER, Header::default(), header);
    let origins = reader.maybe(&CORS_ORIGINS, origins);
    let transport = match deployment {
        Deployment::Production => Transport::Tls,
        Deployment::Development | Deployment::Test => Transport::Plain,
    };
    BorderConfig {
        proxies: Proxies::new(trusted.map(|list| list.0).unwrap_or_default(), header),
        origins: origins.map(|list| list.0).unwrap_or_default(),
        transport,
    }
}
