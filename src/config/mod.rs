//! What the service was told before it started: read once, into types that their users own.
//!
//! The only reader of the environment. One file per concern has its settings' names, defaults and the
//! reason for each. A start with a mistake in it never happens: all mistakes are told together, by key
//! and expectation. No value of a secret is ever shown, and no refused value at all.
//!
//! ```text
//! flags ▶ environment ▶ file ▶ default      the first that is set and not empty decides
//! ```

mod auth;
mod backup;
mod border;
mod deployment;
mod file;
mod history;
mod http;
mod kept;
mod key;
#[cfg(test)]
mod laws;
mod limits;
mod live;
mod logging;
mod mistake;
mod reader;
mod redis;
mod secret_key;
mod source;
mod store;
#[cfg(test)]
mod tests;
mod thingspeak;

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;

pub use auth::{AuthConfig, SupabaseConfig};
pub use backup::{BackupConfig, BackupPlace, BackupSettings, S3Config};
pub use border::BorderConfig;
pub use deployment::Deployment;
pub use history::HistoryConfig;
pub use http::HttpConfig;
pub use kept::{Secret, SecretError};
pub use live::LiveConfig;
pub use logging::LogFilter;
pub use mistake::{EXIT_CODE, Mistake, Mistakes};
pub use reader::Setting;
pub use source::{Environment, Flags, Found, Origin, Source};
pub use store::{Database, Migrate, PostgresConfig, StoreConfig};
pub use thingspeak::ThingSpeakConfig;

use crate::limits::{Quotas, RedisAddress};
use file::FileSource;
use key::Key;
use reader::Reader;

/// The file to read; without it, [`DEFAULT_FILE`] if it is there.
const CONFIG: Key = Key::plain("EVARA_CONFIG");

/// Beside the program's data, so that the two travel together.
const DEFAULT_FILE: &str = "evara.toml";

/// Every setting that a file may have.
const KEYS: [&Key; 39] = [
    &deployment::ENVIRONMENT,
    &deployment::APP_MODE,
    &http::BIND,
    &border::TRUSTED_PROXIES,
    &border::FORWARDED_HEADER,
    &border::CORS_ORIGINS,
    &limits::PERSON,
    &limits::DEVICE,
    &limits::ADDRESS,
    &limits::SIGN_IN,
    &live::SOCKETS,
    &live::SOCKETS_PER_USER,
    &live::TICK_MS,
    &live::RING_SECONDS,
    &live::RING_MIB,
    &secret_key::SECRET_KEY,
    &secret_key::SECRET_KEY_OLD,
    &auth::URL,
    &auth::JWT_SECRET,
    &store::DATA,
    &store::DATABASE_URL,
    &store::REPLICA_URL,
    &store::POOL_SIZE,
    &store::MIGRATE,
    &history::RAW_DAYS,
    &thingspeak::URL,
    &thingspeak::API_KEY,
    &thingspeak::RATE_LIMIT,
    &redis::REDIS_URL,
    &redis::CACHE_TTL,
    &logging::LOG_LEVEL,
    &backup::TO,
    &backup::KEY,
    &backup::KEEP,
    &backup::DATABASE_URL,
    &backup::ENDPOINT,
    &backup::REGION,
    &backup::ACCESS_KEY,
    &backup::SECRET_KEY,
];

/// Everything that the service was told.
#[derive(Debug, Clone)]
pub struct Config {
    /// What kind of deployment this is.
    pub deployment: Deployment,
    /// Where it is reached.
    pub http: HttpConfig,
    /// Whose word is taken at its border.
    pub border: BorderConfig,
    /// How often everyone may ask.
    pub quotas: Quotas,
    /// Who may listen, and to what of the past.
    pub live: LiveConfig,
    /// Where processes share what is left of that.
    pub redis: Option<RedisAddress>,
    /// What secrets are sealed with, and tokens signed.
    pub secret_key: Secret,
    /// What they may have been sealed and signed with before.
    pub old_secret_keys: Vec<SecretString>,
    /// Whose tokens are accepted beside our own.
    pub auth: AuthConfig,
    /// Where everything is kept.
    pub store: StoreConfig,
    /// How much of the past is kept.
    pub history: HistoryConfig,
    /// Where readings are polled from.
    pub thingspeak: ThingSpeakConfig,
    /// What is told on stderr.
    pub log: LogFilter,
    /// Where backups go, and how.
    pub backup: BackupConfig,
}

/// A configuration without mistakes, and what people may want to know of it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What the service is started with.
    pub config: Config,
    /// Every setting as it took effect, secrets masked.
    pub settings: Vec<Setting>,
    /// Settings that were given and change nothing, and why.
    pub unused: Vec<&'static str>,
}

impl Config {
    /// Reads the flags, the environment, and the file that one of them names.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Loaded, Mistakes> {
        let mut reader = Reader::new(vec![flags, environment]);
        reader.note(unknown_names(environment));
        let file = named_file(&mut reader);
        reader.ask_also(&file);
        Self::loaded(reader)
    }

    /// Reads the flags and the environment, and no file: for what is not to be configured by one.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load_without_file(flags: &Flags, environment: &Environment) -> Result<Loaded, Mistakes> {
        Self::loaded(Reader::new(vec![flags, environment]))
    }

    fn loaded(mut reader: Reader<'_>) -> Result<Loaded, Mistakes> {
        let (config, unused) = Self::read(&mut reader);
        let (mistakes, settings) = reader.finish();
        match Mistakes::of(mistakes) {
            Some(mistakes) => Err(mistakes),
            None => Ok(Loaded {
                config,
                settings,
                unused,
            }),
        }
    }

    fn read(reader: &mut Reader<'_>) -> (Self, Vec<&'static str>) {
        let deployment = Deployment::read(reader);
        let (store, mut unused) = store::read(reader);
        let (redis, unread) = redis::read(reader);
        let config = Self {
            deployment,
            border: border::read(reader, deployment),
            quotas: limits::read(reader),
            live: live::read(reader),
            redis,
            http: http::read(reader),
            secret_key: secret_key::read(reader, deployment, &store.data),
            old_secret_keys: secret_key::read_old(reader),
            auth: auth::read(reader),
            store,
            history: history::read(reader),
            thingspeak: thingspeak::read(reader),
            log: logging::read(reader, LogFilter::default()),
            backup: backup::read(reader),
        };
        unused.extend(unread);
        (config, unused)
    }
}

/// What the environment says about the log, for commands that have no other configuration.
///
/// # Errors
/// When it is no filter.
pub fn log_filter(environment: &Environment, default: LogFilter) -> Result<LogFilter, Mistakes> {
    let mut reader = Reader::new(vec![environment]);
    let filter = logging::read(&mut reader, default);
    let (mistakes, _) = reader.finish();
    Mistakes::of(mistakes).map_or(Ok(filter), Err)
}

/// A variable that begins as ours do and that nobody reads was misspelt.
fn unknown_names(environment: &Environment) -> Vec<Mistake> {
    let known = || key::names(&KEYS).chain([CONFIG.name]);
    let own = environment.own_names().into_iter();
    let unknown = own.filter(|name| !known().any(|known| known == *name));
    unknown
        .map(|name| Mistake::unknown(name, &Origin::Environment, key::nearest(name, known())))
        .collect()
}

fn named_file(reader: &mut Reader<'_>) -> FileSource {
    let named = reader.maybe(&CONFIG, |text| Ok(text.to_owned()));
    let path = named.map(PathBuf::from).or_else(|| {
        let usual = PathBuf::from(DEFAULT_FILE);
        usual.exists().then_some(usual)
    });
    let Some(path) = path else {
        return FileSource::default();
    };
    let (file, mistakes) = FileSource::read(&path, &CONFIG, &KEYS);
    reader.note(mistakes);
    file
}

impl fmt::Display for Setting {
    /// A line of a configuration file, with the origin of the value behind it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.to_ascii_lowercase();
        match &self.shown {
            // A file cannot name another one.
            Some(path) if self.name == CONFIG.name => write!(f, "# {name} is {path:?}"),
            Some(value) => {
                let value = toml::Value::from(value.as_str());
                write!(f, "{name} = {value}  # {}", self.origin)
            }
            None => write!(f, "# {name} is not set"),
        }
    }
}
