//! `EVARA_DATA`, `DATABASE_URL`, `DB_POOL_SIZE`: where everything is kept.

use std::fmt;
use std::path::{Path, PathBuf};

use super::key::Key;
use super::reader::{Parsed, Reader};

pub(super) const DATA: Key = Key::plain("EVARA_DATA");
pub(super) const DATABASE_URL: Key = Key::secret("DATABASE_URL", "DATABASE_URL_FILE");
pub(super) const POOL_SIZE: Key = Key::plain("DB_POOL_SIZE");

/// Beside the program, where a person who tries it out finds it.
const DEFAULT_DATA: &str = "data";

/// What the store calls its file.
const DATABASE_FILE: &str = "evara.db";

/// The embedded store has a writer and this many readers, whatever is set.
const DEFAULT_POOL: u32 = 4;

/// PostgreSQL's own default is a hundred for all of its clients.
const LARGEST_POOL: u32 = 100;

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// The directory of what the service makes for itself, such as a key.
    pub data: PathBuf,
    /// The directory of the embedded database; the same one unless `DATABASE_URL` says otherwise.
    pub database: PathBuf,
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

/// The directory that a `sqlite://` URL means: everything after the two slashes is the path of the file.
fn database_directory(text: &str) -> Parsed<PathBuf> {
    const SQLITE: &str =
        "sqlite:// and the path of a file evara.db, such as sqlite:///var/lib/evara/evara.db";
    const POSTGRES: &str = "a sqlite:// path: PostgreSQL is not built into this version";
    let (scheme, rest) = text.split_once("://").ok_or(SQLITE)?;
    match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" | "postgresql+asyncpg" | "postgres+asyncpg" => Err(POSTGRES),
        "sqlite" => {
            let path = Path::new(rest);
            let named = path.file_name().is_some_and(|name| name == DATABASE_FILE);
            let clean = !rest.contains(char::is_control) && !rest.contains(['?', '#', '%']);
            let directory = path.parent().filter(|_| named && clean).ok_or(SQLITE)?;
            let here = directory.as_os_str().is_empty();
            Ok(if here {
                PathBuf::from(".")
            } else {
                directory.to_owned()
            })
        }
        _ => Err(SQLITE),
    }
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
    let mut database = data.clone();
    reader.secret(&DATABASE_URL, |text| {
        database = database_directory(text)?;
        Ok(())
    });
    reader.or(&POOL_SIZE, DEFAULT_POOL, pool_size);
    let unused =
        "DB_POOL_SIZE is not used by the embedded store: it has one writer and four readers";
    let unused = reader.is_set(&POOL_SIZE).then_some(unused);
    (StoreConfig { data, database }, unused.into_iter().collect())
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
    fn postgres_is_recognised_and_honestly_refused() {
        for url in [
            "postgres://me:canary@db/evara",
            "postgresql://db/evara",
            "postgresql+asyncpg://me:canary@db:5432/evara",
        ] {
            let refusal = database_directory(url).unwrap_err();
            assert!(
                refusal.contains("PostgreSQL is not built into this version"),
                "{refusal}"
            );
        }
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
            assert!(
                database_directory(url)
                    .unwrap_err()
                    .starts_with("sqlite://"),
                "{url}"
            );
        }
    }
}
