//! How PostgreSQL's own programs are told which database is meant: by its URL without the password.
//!
//! Backups go through those programs alone, so that what libpq understands (TLS, password files, service
//! names) is understood once. A password travels in the environment of the program, never in its arguments,
//! which every user of the machine can read.

use std::fmt;
use std::process::Command;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::programs::program;
use crate::backup::Error;

/// A server that does not answer is told of, and not waited for.
const CONNECT_TIMEOUT_S: &str = "10";

/// A dead connection is noticed within about a minute: idle, between and number of probes.
const KEEPALIVES: [(&str, &str); 3] = [
    ("keepalives_idle", "30"),
    ("keepalives_interval", "10"),
    ("keepalives_count", "3"),
];

/// A database of a PostgreSQL server, and who asks.
#[derive(Clone)]
pub struct Connection {
    url: Url,
    password: Option<SecretString>,
}

impl Connection {
    /// The database that `url` means.
    ///
    /// # Errors
    /// When it is no URL of PostgreSQL's, or names no database.
    pub fn of_url(url: &SecretString) -> Result<Self, Error> {
        let parsed = Url::parse(url.expose_secret()).map_err(|_| Error::DatabaseUrl)?;
        // Some libraries write their driver behind a plus; libpq does not know it.
        let (scheme, rest) = url.expose_secret().split_at(parsed.scheme().len());
        if !matches!(scheme.split('+').next(), Some("postgres" | "postgresql")) {
            return Err(Error::DatabaseUrl);
        }
        let mut url = Url::parse(&format!("postgresql{rest}")).map_err(|_| Error::DatabaseUrl)?;
        let password = url.password().map(percent_decoded).transpose()?;
        url.set_password(None).map_err(|()| Error::DatabaseUrl)?;
        let in_query = url.query_pairs().any(|(name, _)| name.contains("password"));
        if in_query || url.path().trim_matches('/').is_empty() {
            return Err(Error::DatabaseUrl);
        }
        let mut connection = Self { url, password };
        connection.set("connect_timeout", CONNECT_TIMEOUT_S);
        for (name, value) in KEEPALIVES {
            connection.set(name, value);
        }
        Ok(connection)
    }

    /// The same server's database of another name.
    pub(in crate::backup) fn to(&self, database: &str) -> Self {
        let mut other = self.clone();
        other.url.set_path(database);
        other
    }

    /// The name of the database.
    pub(in crate::backup) fn database(&self) -> &str {
        self.url.path().trim_matches('/')
    }

    /// One of PostgreSQL's programs, which will connect to this database.
    pub(in crate::backup) fn command(&self, name: &'static str) -> Command {
        let mut command = Command::new(program(name));
        command.arg("--dbname").arg(self.url.as_str());
        command.env("PGAPPNAME", "evara backup");
        if let Some(password) = &self.password {
            command.env("PGPASSWORD", password.expose_secret());
        }
        command
    }

    fn set(&mut self, name: &str, value: &str) {
        if !self.url.query_pairs().any(|(set, _)| set == name) {
            self.url.query_pairs_mut().append_pair(name, value);
        }
    }
}

impl fmt::Display for Connection {
    /// Where it is and what it is called; neither password nor settings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or("local");
        write!(f, "database {} on {host}", self.database())?;
        self.url.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({self})")
    }
}

fn percent_decoded(text: &str) -> Result<SecretString, Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let high = rest.next().and_then(digit).ok_or(Error::DatabaseUrl)?;
                let low = rest.next().and_then(digit).ok_or(Error::DatabaseUrl)?;
                u8::try_from(high * 16 + low).map_err(|_| Error::DatabaseUrl)?
            }
            other => other,
        };
        bytes.push(byte);
    }
    let text = String::from_utf8(bytes).map_err(|_| Error::DatabaseUrl)?;
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(url: &str) -> Result<Connection, Error> {
        Connection::of_url(&SecretString::from(url))
    }

    #[test]
    fn a_password_is_no_argument_and_is_decoded() {
        let url = "postgres+asyncpg://me:p%40s%2Fs@db:5433/evara?sslmode=require";
        let connection = connection(url).unwrap();
        assert_eq!(
            connection.password.as_ref().unwrap().expose_secret(),
            "p@s/s"
        );
        let shown = format!("{} {connection:?}", connection.url);
        assert!(!shown.contains("p@s") && !shown.contains("p%40"), "{shown}");
        assert!(shown.contains("sslmode=require"), "{shown}");
        assert!(
            connection
                .url
                .as_str()
                .starts_with("postgresql://me@db:5433/evara?")
        );
        assert_eq!(connection.to("other").database(), "other");
    }

    #[test]
    fn what_names_no_database_or_hides_a_password_in_its_settings_is_refused() {
        for url in [
            "evara",
            "mysql://db/evara",
            "postgres://db",
            "postgres://db/",
            "postgres://db/evara?password=canary",
            "postgres://me:%zz@db/evara",
        ] {
            let refusal = connection(url).unwrap_err().to_string();
            assert!(!refusal.contains("canary"), "{refusal}");
        }
    }
}
