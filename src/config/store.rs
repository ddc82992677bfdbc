//! `EVARA_DATA`, `DATABASE_URL`, `DATABASE_REPLICA_URL`, `DB_POOL_SIZE`, `EVARA_MIGRATE`: where everything
//! is kept.

use std::fmt;
use std::path::{Path, PathBuf};

use super::key::Key;
use super::reader::{Parsed, Reader};
use crate::store::PostgresAddress;

pub(super) const DATA: Key = Key::plain("EVARA_DATA");
pub(super) const DATABASE_URL: Key = Key::secret("DATABASE_URL", "DATABASE_URL_FILE");
/// Optional, since one server is enough until people read more than devices write.
pub(super) const REPLICA_URL: Key =
    Key::secret("DATABASE_REPLICA_URL", "DATABASE_REPLICA_URL_FILE");
pub(super) const POOL_SIZE: Key = Key::plain("DB_POOL_SIZE");
pub(super) const MIGRATE: Key = Key::plain("EVARA_MIGRATE");

/// Beside the program, where a person who tries it out finds it.
const DEFAULT_DATA: &str = "data";

/// What the store calls its file.
const DATABASE_FILE: &str = "evara.db";

/// As many as wait for the disk of an ordinary server at once.
const DEFAULT_POOL: u32 = 8;

/// PostgreSQL's own default is a hundred for all of its clients.
const LARGEST_POOL: u32 = 100;

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// The directory of what the service makes for itself, such as a key.
    pub data: PathBuf,
    /// What is written to.
    pub database: Database,
}

/// Which store it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// The embedded one, in a directory: the one of the data unless `DATABASE_URL` says otherwise.
    Sqlite(PathBuf),
    /// PostgreSQL.
    Postgres(PostgresConfig),
}

/// How PostgreSQL is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresConfig {
    /// Where it is, and how to get in.
    pub address: PostgresAddress,
    /// A server that follows it, to read history from.
    pub replica: Option<PostgresAddress>,
    /// Connections for callers, at most; to the replica as many again.
    pub pool_size: u32,
    /// When its schema is brought up to date.
    pub migrate: Migrate,
}

/// When a schema that is older than the program is brought up to date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Migrate {
    /// By `evara migrate`. Several processes may be about to start, and some of the old version be running:
    /// a person, or a step of the rollout, decides.
    #[default]
    ByCommand,
    /// By the service as it starts: for one process that is replaced as a whole.
    OnStart,
}

impl fmt::Display for Migrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByCommand => "by-command",
            Self::OnStart => "on-start",
        })
    }
}

fn migrate(text: &str) -> Parsed<Migrate> {
    match text.to_ascii_lowercase().as_str() {
        "by-command" => Ok(Migrate::ByCommand),
        "on-start" => Ok(Migrate::OnStart),
        _ => Err("by-command or on-start"),
    }
}

struct Directory(PathBuf);

impl fmt::Display for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.display(), f)
    }
}

fn directory(text: &str) -> Parsed<Directory> {
    if text.contains(char::is_control) {
        return Err("a path without control characters");
    }
    Ok(Directory(PathBuf::from(text)))
}

/// What a `DATABASE_URL` names.
enum Named {
    Sqlite(PathBuf),
    Postgres(PostgresAddress),
}

fn database(text: &str) -> Parsed<Named> {
    if PostgresAddress::is_meant_by(text) {
        return PostgresAddress::parse(text).map(Named::Postgres);
    }
    database_directory(text).map(Named::Sqlite)
}

/// The directory that a `sqlite://` URL means: everything after the two slashes is the path of the file.
fn database_directory(text: &str) -> Parsed<PathBuf> {
    const EXPECTED: &str = "postgres://user:password@host/database, or sqlite:// and the path of a file \
        evara.db, such as sqlite:///var/lib/evara/evara.db";
    let (scheme, rest) = text.split_once("://").ok_or(EXPECTED)?;
    if !scheme.eq_ignore_ascii_case("sqlite") {
        return Err(EXPECTED);
    }
    let path = Path::new(rest);
    let named = path.file_name().is_some_and(|name| name == DATABASE_FILE);
    let clean = !rest.contains(char::is_control) && !rest.contains(['?', '#', '%']);
    let directory = path.parent().filter(|_| named && clean).ok_or(EXPECTED)?;
    let here = directory.as_os_str().is_empty();
    Ok(if here {
        PathBuf::from(".")
    } else {
        directory.to_owned()
    })
}

fn pool_size(text: &str) -> Parsed<u32> {
    let number = text
        .parse()
        .ok()
        .filter(|size| (1..=LARGEST_POOL).contains(size));
    number.ok_or("a whole number of connections from 1 to 100")
}

/// Also tells what was set and changes nothing.
pub(super) fn read(reader: &mut Reader<'_>) -> (StoreConfig, Vec<&'static str>) {
    let Directory(data) = reader.or(&DATA, Directory(DEFAULT_DATA.into()), directory);
    let mut named = Named::Sqlite(data.clone());
    reader.secret(&DATABASE_URL, |text| {
        named = database(text)?;
        Ok(())
    });
    let mut replica = None;
    reader.secret(&REPLICA_URL, |text| {
        replica = Some(PostgresAddress::parse(text)?);
        Ok(())
    });
    let pool_size = reader.or(&POOL_SIZE, DEFAULT_POOL, pool_size);
    let migrate = reader.or(&MIGRATE, Migrate::default(), migrate);
    let mut unused = Vec::new();
    let database = match named {
        Named::Postgres(address) => Database::Postgres(PostgresConfig {
            address,
            replica,
            pool_size,
            migrate,
        }),
        Named::Sqlite(directory) => {
            if reader.is_set(&POOL_SIZE) {
                unused.push(
                    "DB_POOL_SIZE is not used by the embedded store: it has one writer and four readers",
                );
            }
            if reader.is_set(&REPLICA_URL) {
                unused.push(
                    "DATABASE_REPLICA_URL is not used by the embedded store: it has no replicas",
                );
            }
            if reader.is_set(&MIGRATE) {
                unused.push(
                    "EVARA_MIGRATE is not used by the embedded store: it migrates when opened",
                );
            }
            Database::Sqlite(directory)
        }
    };
    (StoreConfig { data, database }, unused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_url_means_the_directory_of_its_file() {
        for (url, directory) in [
            ("sqlite:///var/lib/evara/evara.db", "/var/lib/evara"),
            ("sqlite://data/evara.db", "data"),
            ("SQLITE://evara.db", "."),
        ] {
            assert_eq!(
                database_directory(url),
                Ok(PathBuf::from(directory)),
                "{url}"
            );
        }
    }

    #[test]
    fn postgres_is_recognised_by_every_spelling_of_its_scheme() {
        for url in [
            "postgres://me:canary@db/evara",
            "postgresql://db/evara?sslmode=verify-full",
            "postgresql+asyncpg://me:canary@db:5432/evara",
        ] {
            assert!(matches!(database(url), Ok(Named::Postgres(_))), "{url}");
        }
        let Err(refusal) = database("postgres://me:canary@/evara") else {
            panic!("there is no host");
        };
        assert!(refusal.contains("postgres://") && !refusal.contains("canary"));
    }

    #[test]
    fn anything_else_is_told_what_is_expected() {
        for url in [
            "evara.db",
            "mysql://db/evara.db",
            "sqlite://",
            "sqlite:///tmp",
            "sqlite://a/evara.db?mode=ro",
        ] {
            let refusal = database_directory(url).unwrap_err();
            assert!(refusal.contains("or sqlite://"), "{url}");
        }
    }
}
