//! Where a PostgreSQL is, and how far its certificate is trusted: a `DATABASE_URL`, taken apart.
//!
//! The password goes to the server and nowhere else: no Debug, error or log of ours repeats a URL.

use std::fmt;
use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use url::form_urlencoded;

/// What a URL must be. Never repeats what it was.
const EXPECTED: &str = "a URL such as postgres://user:password@host:5432/database";

const SSLMODES: &str =
    "a PostgreSQL URL whose sslmode is disable, prefer, require, verify-ca or verify-full";

/// How libpq would check a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// Not at all: the line is encrypted, and whoever is at its other end is believed.
    Anyone,
    /// Its chain leads to a root that we know; to whom it was given is not asked.
    Chain(Roots),
    /// Its chain leads to a root that we know, and it was given to the host of the URL.
    ChainAndName(Roots),
}

/// Where roots are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Roots {
    /// Those of the operating system.
    System,
    /// The certificates in a PEM file.
    File(PathBuf),
}

/// A PostgreSQL database and how to get in. Its `Debug` tells where, and not how.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    /// Boxed, since it is large and a configuration that names no PostgreSQL has none.
    pub(super) config: Box<Config>,
    pub(super) trust: Trust,
}

impl PostgresAddress {
    /// Whether `url` names a PostgreSQL at all, rightly or wrongly.
    pub fn is_meant_by(url: &str) -> bool {
        scheme(url).is_some()
    }

    /// Takes a URL apart: `postgres://` or `postgresql://`, also with `+asyncpg`; of the query, `sslmode`
    /// and `sslrootcert` as libpq has them, and what else tokio-postgres knows.
    ///
    /// # Errors
    /// What is expected instead; never any part of `url`.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        let rest = scheme(url).ok_or(EXPECTED)?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut tls = Tls::default();
        let mut others = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            if !tls.takes(pair)? {
                others.push(pair);
            }
        }
        let plain = format!("postgresql://{place}?{}", others.join("&"));
        let mut config: Config = plain.parse().map_err(|_repeats_values| EXPECTED)?;
        if config.get_hosts().is_empty() || config.get_dbname().is_none() {
            return Err(EXPECTED);
        }
        let (mode, trust) = tls.decide()?;
        config.ssl_mode(mode);
        Ok(Self {
            config: Box::new(config),
            trust,
        })
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresAddress")
            .field("hosts", &self.config.get_hosts())
            .field("ports", &self.config.get_ports())
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// What follows the scheme of a PostgreSQL URL.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let name = scheme.strip_suffix("+asyncpg").unwrap_or(&scheme);
    matches!(name, "postgres" | "postgresql").then_some(rest)
}

/// The two settings that tokio-postgres leaves to others.
#[derive(Debug, Default)]
struct Tls {
    mode: Option<String>,
    roots: Option<PathBuf>,
}

impl Tls {
    /// Whether a pair of the query is one of ours; keeps it then.
    fn takes(&mut self, pair: &str) -> Result<bool, &'static str> {
        let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else {
            return Ok(false);
        };
        match &*name {
            "sslmode" | "ssl" => self.mode = Some(value.into_owned()),
            "sslrootcert" => self.roots = Some(PathBuf::from(value.into_owned())),
            "sslcert" | "sslkey" => return Err("a PostgreSQL URL without client certificates"),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn decide(self) -> Result<(SslMode, Trust), &'static str> {
        let is_given = self.roots.is_some();
        let roots = match self.roots {
            None => Roots::System,
            Some(path) if path.as_os_str() == "system" => Roots::System,
            Some(path) => Roots::File(path),
        };
        Ok(match self.mode.as_deref() {
            Some("disable") => (SslMode::Disable, Trust::Anyone),
            None | Some("prefer") => (SslMode::Prefer, Trust::Anyone),
            // As libpq: who gives a root means it to be used.
            Some("require") if is_given => (SslMode::Require, Trust::Chain(roots)),
            Some("require") => (SslMode::Require, Trust::Anyone),
            Some("verify-ca") => (SslMode::Require, Trust::Chain(roots)),
            Some("verify-full") => (SslMode::Require, Trust::ChainAndName(roots)),
            Some(_) => return Err(SSLMODES),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> PostgresAddress {
        PostgresAddress::parse(url).unwrap()
    }

    #[test]
    fn every_spelling_of_the_scheme_is_postgresql() {
        for scheme in [
            "postgres",
            "postgresql",
            "POSTGRES+asyncpg",
            "postgresql+asyncpg",
        ] {
            let address = parsed(&format!("{scheme}://me:s3cr3t@db.example:6432/evara"));
            assert_eq!(address.config.get_dbname(), Some("evara"));
            assert_eq!(address.config.get_ports(), [6432]);
            assert_eq!(address.config.get_password(), Some(&b"s3cr3t"[..]));
        }
        assert!(!PostgresAddress::is_meant_by("sqlite://evara.db"));
        assert!(!PostgresAddress::is_meant_by("mysql://db/evara"));
    }

    #[test]
    fn sslmode_means_what_it_means_to_libpq() {
        let file = || Roots::File(PathBuf::from("/etc/ca roots.pem"));
        let given = "&sslrootcert=%2Fetc%2Fca%20roots.pem";
        let cases = [
            ("", SslMode::Prefer, Trust::Anyone),
            ("sslmode=disable", SslMode::Disable, Trust::Anyone),
            ("sslmode=prefer", SslMode::Prefer, Trust::Anyone),
            ("sslmode=require", SslMode::Require, Trust::Anyone),
            (
                "sslmode=verify-ca",
                SslMode::Require,
                Trust::Chain(Roots::System),
            ),
            (
                "sslmode=verify-full&sslrootcert=system",
                SslMode::Require,
                Trust::ChainAndName(Roots::System),
            ),
            (
                &format!("sslmode=require{given}"),
                SslMode::Require,
                Trust::Chain(file()),
            ),
            (
                &format!("sslmode=verify-full{given}"),
                SslMode::Require,
                Trust::ChainAndName(file()),
            ),
        ];
        for (query, mode, trust) in cases {
            let address = parsed(&format!("postgres://db/evara?{query}&application_name=x"));
            assert_eq!(address.config.get_ssl_mode(), mode, "{query}");
            assert_eq!(address.trust, trust, "{query}");
            assert_eq!(address.config.get_application_name(), Some("x"));
        }
    }

    #[test]
    fn what_is_wrong_is_refused_without_repeating_it() {
        for url in [
            "postgres://",
            "postgres://db",
            "postgres://me:c4n4ry@/evara",
            "postgres://db:c4n4ry/evara",
            "postgres://db/evara?sslmode=c4n4ry",
            "postgres://db/evara?c4n4ry=1",
            "postgres://db/evara?sslcert=c4n4ry",
            "mysql://c4n4ry",
        ] {
            let refused = PostgresAddress::parse(url).unwrap_err();
            assert!(!refused.contains("c4n4ry"), "{url}: {refused}");
        }
    }

    #[test]
    fn no_password_is_in_what_is_printed() {
        let address = parsed("postgres://me:c4n4ry@db/evara?options=-c%20c4n4ry");
        assert!(!format!("{address:?}").contains("c4n4ry"));
    }
}
