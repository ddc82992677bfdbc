//! How the store fails: on opening, and in a call. One place says which failures mean damage.

use std::path::PathBuf;

use evara_actors::ports::{ArchiveError, RegistryError};
use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY;
use tokio::task::JoinError;

use super::directory::DataDirectory;
use crate::store::known_keys::Unfit;
use crate::store::migration::Altered;
use crate::store::unreadable::Unreadable;
use crate::store::{
    AccountsError, AuditError, DeviceKeysError, IpRulesError, ReceiptsError, RekeyError,
    SecretsError, TenantsError,
};

/// Why the store did not open.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process, or another store of this one, has it.
    #[error("the data directory {} is in use by another process", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// It cannot be made, or not be written to.
    #[error("the data directory {} cannot be written", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The database file may only be read.
    #[error("the database {} is read-only", file.display())]
    ReadOnly {
        /// The file.
        file: PathBuf,
    },
    /// The file system cannot share memory between connections, as network file systems cannot.
    #[error("the file system of {} allows no write-ahead log", file.display())]
    NoWriteAheadLog {
        /// The file.
        file: PathBuf,
    },
    /// It is no database, or not a whole one.
    #[error("the database {} is damaged: restore it from a backup", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A newer version of the service wrote it.
    #[error(
        "the database {} has schema version {found} and this version knows {known}: run a newer one",
        file.display()
    )]
    NewerSchema {
        /// The file.
        file: PathBuf,
        /// The schema that was found.
        found: i32,
        /// The newest schema that is known.
        known: i32,
    },
    /// It was not made by this version's steps.
    #[error(
        "the database {} was migrated by other steps than this version has: {steps}; \
         run the version that it is of, or restore a backup",
        file.display()
    )]
    AlteredSchema {
        /// The file.
        file: PathBuf,
        /// The steps that are altered or not known.
        steps: Altered,
    },
    /// A step to the newest schema failed; the steps before it were kept.
    #[error("the database {} could not be migrated", file.display())]
    Migration {
        /// The file.
        file: PathBuf,
        /// What the migration said.
        source: Box<refinery::Error>,
    },
    /// What it keeps secret was sealed under another key.
    #[error(
        "the database {} is under another SECRET_KEY: to change it, give the one before as SECRET_KEY_OLD",
        file.display()
    )]
    WrongSecretKey {
        /// The file.
        file: PathBuf,
    },
    /// Some of what it keeps secret may still be under an old key, which was not given.
    #[error(
        "secrets of the database {} may be under an old SECRET_KEY: \
         give it as SECRET_KEY_OLD until `evara secrets rotate` is done",
        file.display()
    )]
    OldSecretKeyMissing {
        /// The file.
        file: PathBuf,
    },
    /// Whoever uses it meanwhile could not open what is sealed under this key.
    #[error(
        "no service has used the database {} with this SECRET_KEY yet: start it with this one as \
         SECRET_KEY, and with the one before as SECRET_KEY_OLD",
        file.display()
    )]
    SecretKeyNotTakenUp {
        /// The file.
        file: PathBuf,
    },
    /// Steps of the schema are missing.
    #[error("the database {} is of an older version: run `evara migrate` first", file.display())]
    OlderSchema {
        /// The file.
        file: PathBuf,
    },
    /// Anything else that SQLite says.
    #[error("the database {} cannot be opened", file.display())]
    Database {
        /// The file.
        file: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// What `source` means for the database `file`.
    pub(super) fn of_sqlite(file: PathBuf, source: rusqlite::Error) -> Self {
        if is_damage(&source) {
            Self::Damaged { file, source }
        } else {
            Self::Database { file, source }
        }
    }
}

/// The stored key check does not fit, or cannot be read.
#[derive(Debug)]
pub(super) enum KeyCheckError {
    Unfit(Unfit),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for KeyCheckError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Unfit> for KeyCheckError {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

impl KeyCheckError {
    pub(super) fn at(self, directory: &DataDirectory) -> StoreError {
        let file = directory.database();
        match self {
            Self::Unfit(Unfit::Other) => StoreError::WrongSecretKey { file },
            Self::Unfit(Unfit::OldMissing) => StoreError::OldSecretKeyMissing { file },
            Self::Sqlite(source) => StoreError::of_sqlite(file, source),
        }
    }
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the database did not answer in time")]
    TimedOut,
    #[error("the database call ended early")]
    Ended(#[source] JoinError),
    #[error("{}", meaning(.0))]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// What a failure means to those who run the service, and may be told to everybody.
fn meaning(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk of the database is full",
        Some(ErrorCode::ReadOnly) => "the database takes no writes",
        Some(ErrorCode::SystemIoFailure) => "the disk of the database fails",
        Some(_) | None => "the database refused",
    }
}

/// Whether it is the rows that are refused, today and tomorrow.
fn is_for_what_is_in_it(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch)
    )
}

impl From<Failure> for ArchiveError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sqlite(ref error) if is_for_what_is_in_it(error) => {
                Self::Refused(Box::new(failure))
            }
            Failure::Unreadable(Unreadable(what)) => Self::Corrupt(what),
            Failure::Sqlite(error) if is_damage(&error) => Self::Corrupt(error.to_string()),
            other @ (Failure::TimedOut | Failure::Ended(_) | Failure::Sqlite(_)) => {
                Self::Unavailable(Box::new(other))
            }
        }
    }
}

impl From<Failure> for AccountsError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

impl From<Failure> for RegistryError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

impl From<Failure> for TenantsError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

impl From<Failure> for SecretsError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

impl From<Failure> for DeviceKeysError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

impl From<Failure> for AuditError {
    fn from(failure: Failure) -> Self {
        Self(Box::new(failure))
    }
}

impl From<Failure> for IpRulesError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

impl From<Failure> for ReceiptsError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

impl From<Failure> for RekeyError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

/// Whether a row was refused because it belongs to a node that is not there.
pub(super) fn is_no_node(error: &rusqlite::Error) -> bool {
    let failure = error.sqlite_error();
    failure.is_some_and(|failure| failure.extended_code == SQLITE_CONSTRAINT_FOREIGNKEY)
}

fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}
