//! How the store fails: on opening, and in a call. One place says what each failure means.
//!
//! What PostgreSQL says of a row's values is left out: it would carry them into logs.

use deadpool_postgres::PoolError;
use evara_actors::ports::{ArchiveError, RegistryError};
use tokio_postgres::error::{ErrorPosition, SqlState};

use super::tls::TlsError;
use crate::store::unreadable::Unreadable;
use crate::store::{DeviceKeysError, ReceiptsError, SecretsError};

/// Why the store did not open.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// What certificates are checked with cannot be read.
    #[error("the certificates for PostgreSQL cannot be used")]
    Certificates(#[from] TlsError),
    /// It is away, does not let us in, or failed.
    #[error("PostgreSQL cannot be used")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A newer version of the service wrote it.
    #[error(
        "the database has schema version {found} and this version knows {known}: run a newer one"
    )]
    NewerSchema {
        /// The schema that was found.
        found: i32,
        /// The newest schema that is known.
        known: i32,
    },
    /// Steps of the schema are missing.
    #[error(
        "the database has schema version {found} and this version needs {known}: run `evara migrate` first"
    )]
    OlderSchema {
        /// The schema that was found; 0 for none at all.
        found: i32,
        /// The schema that is needed.
        known: i32,
    },
    /// A step to the newest schema failed; the steps before it were kept.
    #[error("the database could not be migrated")]
    Migration(#[source] Box<refinery::Error>),
    /// A crash of the server could lose what it said it had committed.
    #[error(
        "PostgreSQL does not keep what it commits: {settings} is off, and production needs it on"
    )]
    NotDurable {
        /// The names of the settings.
        settings: String,
    },
    /// What it keeps secret was sealed under another key.
    #[error("the database was begun under another SECRET_KEY")]
    WrongSecretKey,
}

impl From<Failure> for PostgresError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the database did not answer in time")]
    TimedOut,
    #[error("there is no connection to the database")]
    NoConnection(#[source] PoolError),
    #[error("the connection to the database broke")]
    Broken(#[source] tokio_postgres::Error),
    #[error("the database refused ({}): {message}", code.code())]
    Refused {
        code: SqlState,
        message: String,
        constraint: Option<String>,
    },
    #[error("the transaction had ended before")]
    Ended,
    #[error("whether the database took the change is not known")]
    OutcomeUnknown,
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            return Self::not_said(error);
        };
        // A position in a text of our own says which part of a statement is meant; others are ours too.
        let message = match said.position() {
            Some(ErrorPosition::Original(at)) => format!("{} (at {at})", said.message()),
            Some(ErrorPosition::Internal { .. }) | None => said.message().to_owned(),
        };
        Self::Refused {
            code: said.code().clone(),
            message,
            constraint: said.constraint().map(str::to_owned),
        }
    }
}

impl Failure {
    /// Either the connection broke, or a value did not fit its column's type.
    fn not_said(error: tokio_postgres::Error) -> Self {
        let in_words = error.to_string();
        if in_words.starts_with("error deserializing column") {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            return Self::Unreadable(Unreadable(cause.unwrap_or(in_words)));
        }
        Self::Broken(error)
    }

    /// Whether the other connections are likely to be as dead as this one.
    pub(super) fn is_of_the_connection(&self) -> bool {
        match self {
            Self::TimedOut | Self::Broken(_) | Self::OutcomeUnknown => true,
            Self::Refused { code, .. } => ends_the_connection(code),
            Self::NoConnection(_) | Self::Ended | Self::Unreadable(_) => false,
        }
    }

    pub(super) fn is(&self, wanted: &SqlState) -> bool {
        matches!(self, Self::Refused { code, .. } if code == wanted)
    }

    /// Whether another process owns what was to be written.
    pub(super) fn is_fenced(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code.code() == FENCED)
    }

    /// Whether `constraint` is what was violated.
    pub(super) fn violates(&self, name: &str) -> bool {
        matches!(self, Self::Refused { constraint: Some(found), .. } if found == name)
    }
}

/// What `hold_shards` raises.
const FENCED: &str = "EV001";

/// Classes 08 and 57P: the server shuts down, crashed, or lost the line.
fn ends_the_connection(code: &SqlState) -> bool {
    code.code().starts_with("08") || code.code().starts_with("57P")
}

/// Pages of a relation, or rows of an index, that cannot be right.
fn is_damage(code: &SqlState) -> bool {
    [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code)
}

impl From<Failure> for ArchiveError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreadable(Unreadable(what)) => Self::Corrupt(what),
            Failure::Refused { code, message, .. } if is_damage(&code) => Self::Corrupt(message),
            other @ (Failure::TimedOut
            | Failure::NoConnection(_)
            | Failure::Broken(_)
            | Failure::Refused { .. }
            | Failure::Ended
            | Failure::OutcomeUnknown) => Self::Unavailable(Box::new(other)),
        }
    }
}

impl From<Failure> for RegistryError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

impl From<Failure> for DeviceKeysError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

impl From<Failure> for ReceiptsError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

impl From<Failure> for SecretsError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}
