//! `EVARA_BACKUP_*`: where backups go, what they are sealed with, and how many are kept.
//!
//! Read for backup commands by themselves too: whoever archives need not know the service's own secrets.

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::key::Key;
use super::reader::{Parsed, Reader};
use super::store::{self, Database};
use super::{Environment, Flags, Mistakes, named_file};

pub(super) const TO: Key = Key::plain("EVARA_BACKUP_TO");
pub(super) const KEY: Key = Key::secret("EVARA_BACKUP_KEY", "EVARA_BACKUP_KEY_FILE");
pub(super) const KEEP: Key = Key::plain("EVARA_BACKUP_KEEP");
pub(super) const DATABASE_URL: Key = Key::secret(
    "EVARA_BACKUP_DATABASE_URL",
    "EVARA_BACKUP_DATABASE_URL_FILE",
);
pub(super) const ENDPOINT: Key = Key::plain("EVARA_BACKUP_S3_ENDPOINT");
pub(super) const REGION: Key = Key::plain("EVARA_BACKUP_S3_REGION");
pub(super) const ACCESS_KEY: Key = Key::secret(
    "EVARA_BACKUP_S3_ACCESS_KEY_ID",
    "EVARA_BACKUP_S3_ACCESS_KEY_ID_FILE",
);
pub(super) const SECRET_KEY: Key = Key::secret(
    "EVARA_BACKUP_S3_SECRET_ACCESS_KEY",
    "EVARA_BACKUP_S3_SECRET_ACCESS_KEY_FILE",
);

/// A month of nightly ones: damage that nobody saw for weeks can be gone back behind.
const DEFAULT_KEEP: usize = 30;

/// More are archives, which a bucket's own rules keep better.
const MOST_KEPT: usize = 10_000;

/// Where S3 and most that speak like it begin.
const DEFAULT_REGION: &str = "us-east-1";

/// The seal adds no entropy: a shorter key can be guessed from a stolen backup.
const SHORTEST_KEY: usize = 32;

/// Where backups go, and how.
#[derive(Debug, Clone)]
pub struct BackupConfig {
    /// Where they are put; nowhere until somebody says.
    pub to: Option<BackupPlace>,
    /// What they are sealed with; without it they are readable to whoever has them.
    pub key: Option<SecretString>,
    /// How many of the newest are kept, at least one.
    pub keep: usize,
    /// A PostgreSQL role that may read everything, where the service's own may not.
    pub database_url: Option<SecretString>,
    /// How S3 is reached.
    pub s3: S3Config,
}

/// Where backups are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupPlace {
    /// A directory of this machine, which has to be there.
    Directory(PathBuf),
    /// A bucket, and the folder in it.
    Bucket {
        /// Its name.
        bucket: String,
        /// Without slashes at its ends; may be empty.
        prefix: String,
    },
}

/// How S3-compatible storage is reached.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// Where it is; Amazon's own, by the region, if nobody says. Cleartext only to this machine.
    pub endpoint: Option<Url>,
    /// The region that requests are signed for.
    pub region: String,
    /// Key id and secret key; the machine's own role without them.
    pub keys: Option<(SecretString, SecretString)>,
}

impl fmt::Display for BackupPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "file://{}", path.display()),
            Self::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

/// What a backup command needs to know, and nothing of what the service is reached with.
#[derive(Debug, Clone)]
pub struct BackupSettings {
    /// Where backups go, and how.
    pub backup: BackupConfig,
    /// The directory of the service's data: where there is room.
    pub data: PathBuf,
    /// The directory of the embedded database.
    pub embedded: PathBuf,
    /// The PostgreSQL database that is backed up; without it, the embedded store is.
    pub postgres: Option<SecretString>,
}

impl BackupSettings {
    /// Reads the flags, the environment, and the file that one of them names, as [`super::Config::load`] does.
    ///
    /// # Errors
    /// Everything that is wrong with these settings, at once.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Self, Mistakes> {
        let mut reader = Reader::new(vec![flags, environment]);
        let file = named_file(&mut reader);
        reader.ask_also(&file);
        let backup = read(&mut reader);
        let service = reader.secret(&store::DATABASE_URL, |_| Ok(()));
        let service = service.filter(|url| is_postgres(url.expose_secret()));
        let (store, _) = store::read(&mut reader);
        let settings = Self {
            postgres: backup.database_url.clone().or(service),
            backup,
            embedded: match store.database {
                Database::Sqlite(directory) => directory,
                Database::Postgres(_) => store.data.clone(),
            },
            data: store.data,
        };
        let (mistakes, _) = reader.finish();
        Mistakes::of(mistakes).map_or(Ok(settings), Err)
    }
}

fn place(text: &str) -> Parsed<BackupPlace> {
    const EXPECTED: &str =
        "an absolute path, with or without file:// before it, or s3://bucket/folder";
    if text.contains(char::is_control) {
        return Err(EXPECTED);
    }
    let path = text.strip_prefix("file://").unwrap_or(text);
    if path.starts_with('/') {
        return Ok(BackupPlace::Directory(path.into()));
    }
    let named = text.strip_prefix("s3://").ok_or(EXPECTED)?;
    let (bucket, prefix) = named.split_once('/').unwrap_or((named, ""));
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    let clean = !named.contains(['?', '#', '%']);
    if bucket.is_empty() || !bucket.chars().all(is_name) || !clean {
        return Err(EXPECTED);
    }
    Ok(BackupPlace::Bucket {
        bucket: bucket.to_owned(),
        prefix: prefix.trim_matches('/').to_owned(),
    })
}

fn strong(text: &str) -> Parsed<()> {
    let is_long = text.chars().count() >= SHORTEST_KEY;
    is_long.then_some(()).ok_or("at least 32 characters")
}

fn keep(text: &str) -> Parsed<usize> {
    let number = text.parse().ok();
    number
        .filter(|number| (1..=MOST_KEPT).contains(number))
        .ok_or("a whole number of backups from 1 to 10000")
}

fn endpoint(text: &str) -> Parsed<Url> {
    const EXPECTED: &str = "a URL that begins with https://, or http:// to this machine";
    let url = Url::parse(text).map_err(|_| EXPECTED)?;
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    safe.then_some(url).ok_or(EXPECTED)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn postgres_url(text: &str) -> Parsed<()> {
    let fits = is_postgres(text);
    fits.then_some(())
        .ok_or("a URL such as postgres://me@db/evara")
}

/// Some libraries write their driver behind a plus.
fn is_postgres(text: &str) -> bool {
    let url = Url::parse(text).ok();
    let family = url.as_ref().and_then(|url| url.scheme().split('+').next());
    matches!(family, Some("postgres" | "postgresql"))
}

fn word(text: &str) -> Parsed<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let fits = text.chars().all(is_word);
    fits.then(|| text.to_owned())
        .ok_or("a word, such as eu-central-1")
}

fn visible(text: &str) -> Parsed<()> {
    let fits = text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(()).ok_or("visible ASCII characters")
}

pub(super) fn read(reader: &mut Reader<'_>) -> BackupConfig {
    BackupConfig {
        to: reader.maybe(&TO, place),
        key: reader.secret(&KEY, strong),
        keep: reader.or(&KEEP, DEFAULT_KEEP, keep),
        database_url: reader.secret(&DATABASE_URL, postgres_url),
        s3: S3Config {
            endpoint: reader.maybe(&ENDPOINT, endpoint),
            region: reader.or(&REGION, DEFAULT_REGION.to_owned(), word),
            keys: keys(reader),
        },
    }
}

fn keys(reader: &mut Reader<'_>) -> Option<(SecretString, SecretString)> {
    let id = reader.secret(&ACCESS_KEY, visible);
    let secret = reader.secret(&SECRET_KEY, visible);
    match (id, secret) {
        (Some(id), Some(secret)) => Some((id, secret)),
        (None, None) => None,
        (Some(_), None) => {
            reader.object(&ACCESS_KEY, "needs the secret access key beside it");
            None
        }
        (None, Some(_)) => {
            reader.object(&SECRET_KEY, "needs the access key's id beside it");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_absolute_path_or_a_bucket() {
        let bucket = |bucket: &str, prefix: &str| BackupPlace::Bucket {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        let directory = || BackupPlace::Directory("/var/backups".into());
        assert_eq!(place("file:///var/backups"), Ok(directory()));
        assert_eq!(place("/var/backups"), Ok(directory()));
        assert_eq!(place("s3://water"), Ok(bucket("water", "")));
        assert_eq!(place("s3://water/a/b/"), Ok(bucket("water", "a/b")));
        for wrong in ["backups", "file://backups", "s3://", "s3:///a", "gs://a/b"] {
            let refusal = place(wrong).unwrap_err();
            assert!(refusal.contains("with or without file://"), "{wrong}");
        }
    }

    #[test]
    fn keys_travel_in_cleartext_to_this_machine_only() {
        for safe in [
            "https://s3.example",
            "http://127.0.0.1:9000",
            "http://[::1]",
        ] {
            assert!(endpoint(safe).is_ok(), "{safe}");
        }
        for unsafe_one in ["http://s3.example", "http://10.0.0.1", "ftp://localhost"] {
            assert!(endpoint(unsafe_one).is_err(), "{unsafe_one}");
        }
    }
}
