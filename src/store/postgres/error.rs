//! How the store fails: on opening, and in a call. One place says what each failure means.
//!
//! What PostgreSQL says of a row's values is left out: it would carry them into logs.

use deadpool_postgres::PoolError;
use evara_actors::ports::{ArchiveError, RegistryError};
use tokio_postgres::error::{ErrorPosition, SqlState};

use super::tls::TlsError;
use crate::store::known_keys::Unfit;
use crate::store::migration::Altered;
use crate::store::unreadable::Unreadable;
use crate::store::{
    AccountsError, AuditError, DeviceKeysError, IpRulesError, ReceiptsError, RekeyError,
    SecretsError, TenantsError,
};

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
    /// It was not made by this version's steps.
    #[error(
        "the database was migrated by other steps than this version has: {steps}; \
         run the version that it is of, or restore a backup"
    )]
    AlteredSchema {
        /// The steps that are altered or not known.
        steps: Altered,
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
    /// Who logs in is not kept from what they own: the second wall is open.
    #[error(
        "PostgreSQL does not let {login} work as the role evara_app, which owns nothing: \
         as a superuser, CREATE ROLE evara_app NOLOGIN unless it is there, and GRANT evara_app TO {login}; \
         then run `evara migrate`, which gives it its rights"
    )]
    NotConfined {
        /// The role that logs in, as it is written in SQL.
        login: String,
    },
    /// What DATABASE_REPLICA_URL names is a copy of something else, or takes writes of its own.
    #[error("DATABASE_REPLICA_URL names no replica of the database of DATABASE_URL")]
    NotAReplica,
    /// What it keeps secret was sealed under another key.
    #[error(
        "the database is under another SECRET_KEY: to change it, give the one before as SECRET_KEY_OLD"
    )]
    WrongSecretKey,
    /// Some of what it keeps secret may still be under an old key, which was not given.
    #[error(
        "secrets of the database may be under an old SECRET_KEY: \
         give it as SECRET_KEY_OLD until `evara secrets rotate` is done"
    )]
    OldSecretKeyMissing,
    /// Whoever uses it meanwhile could not open what is sealed under this key.
    #[error(
        "no service has used the database with this SECRET_KEY yet: start it with this one as \
         SECRET_KEY, and with the one before as SECRET_KEY_OLD"
    )]
    SecretKeyNotTakenUp,
}

impl From<Unfit> for PostgresError {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Other => Self::WrongSecretKey,
            Unfit::OldMissing => Self::OldSecretKeyMissing,
        }
    }
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
    #[error("{} ({})", meaning(code), code.code())]
    Refused {
        code: SqlState,
        #[source]
        said: Said,
        constraint: Option<String>,
    },
    #[error("the transaction had ended before")]
    Ended,
    #[error("whether the database took the change is not known")]
    OutcomeUnknown,
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("a value cannot be written")]
    Unwritable(#[source] Said),
}

/// What was said of a failure, for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Said(pub(super) String);

/// What a code means to those who run the service, and may be told to everybody.
fn meaning(code: &SqlState) -> &'static str {
    match (code.code(), &code.code()[..2]) {
        ("25006", _) => "the database takes no writes",
        ("53100", _) => "the disk of the database is full",
        ("53300", _) => "the database has no connection to spare",
        ("55P03", _) => "the database waited for a lock in vain",
        ("57014", _) => "the database did not finish in time",
        (_, "28") => "the database does not let us in",
        (_, "57") => "the database is starting or stopping",
        (_, _) => "the database refused",
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(said) if said.as_db_error().is_some() => Self::from(said),
            other @ (PoolError::Backend(_)
            | PoolError::Timeout(_)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_)) => Self::NoConnection(other),
        }
    }
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
            said: Said(message),
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
        if in_words.starts_with("error serializing parameter") {
            return Self::Unwritable(Said(in_words));
        }
        Self::Broken(error)
    }

    /// Whether the other connections are likely to be as dead as this one.
    pub(super) fn is_of_the_connection(&self) -> bool {
        match self {
            Self::TimedOut | Self::Broken(_) | Self::OutcomeUnknown => true,
            Self::Refused { code, .. } => ends_the_connection(code),
            Self::NoConnection(_) | Self::Ended | Self::Unreadable(_) | Self::Unwritable(_) => {
                false
            }
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

/// Classes 08 and 57P: the server shuts down, crashed, or lost the line. Whether a session may write is
/// settled as it begins: one that may not must not be kept for when the database takes writes again.
fn ends_the_connection(code: &SqlState) -> bool {
    let read_only = *code == SqlState::READ_ONLY_SQL_TRANSACTION;
    read_only || code.code().starts_with("08") || code.code().starts_with("57P")
}

/// Whether it is the rows that are refused, today and tomorrow: a value that is none (22), a constraint
/// (23), a row twice in a statement (21), or more than fits (54). Of everything else, such as locks that
/// crossed, a full disk or a table that is not there, another time may be a better one.
fn is_for_what_is_in_it(code: &SqlState) -> bool {
    ["21", "22", "23", "54"].contains(&&code.code()[..2])
}

/// Pages of a relation, or rows of an index, that cannot be right.
fn is_damage(code: &SqlState) -> bool {
    [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code)
}

impl From<Failure> for ArchiveError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreadable(Unreadable(what)) => Self::Corrupt(what),
            Failure::Refused { code, said, .. } if is_damage(&code) => Self::Corrupt(said.0),
            row @ Failure::Unwritable(_) => Self::Refused(Box::new(row)),
            Failure::Refused { ref code, .. } if is_for_what_is_in_it(code) => {
                Self::Refused(Box::new(failure))
            }
            other @ (Failure::TimedOut
            | Failure::NoConnection(_)
            | Failure::Broken(_)
            | Failure::Refused { .. }
            | Failure::Ended
            | Failure::OutcomeUnknown) => Self::Unavailable(Box::new(other)),
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

impl From<Failure> for RekeyError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Failure {
        Failure::Refused {
            code: SqlState::from_code(code),
            said: Said("canary".to_owned()),
            constraint: None,
        }
    }

    #[test]
    fn only_what_no_other_time_will_mend_is_refused_for_good() {
        for code in [
            "21000", "22003", "22P02", "22021", "23502", "23505", "23514", "54000",
        ] {
            let error = ArchiveError::from(refused(code));
            assert!(
                matches!(error, ArchiveError::Refused(_)),
                "{code}: {error:?}"
            );
        }
        for code in [
            "08006", "25006", "28P01", "40001", "40P01", "42501", "42P01", "53100", "53200",
            "53300", "55P03", "57014", "57P01", "57P03", "58030", "XX000",
        ] {
            let error = ArchiveError::from(refused(code));
            assert!(
                matches!(error, ArchiveError::Unavailable(_)),
                "{code}: {error:?}"
            );
        }
        for code in ["XX001", "XX002"] {
            let error = ArchiveError::from(refused(code));
            assert!(
                matches!(error, ArchiveError::Corrupt(_)),
                "{code}: {error:?}"
            );
        }
    }

    #[test]
    fn what_the_server_says_is_for_the_log_and_not_in_the_reason() {
        for code in ["53100", "28P01", "57P03", "XX000"] {
            let reason = refused(code).to_string();
            assert!(
                reason.contains(code) && !reason.contains("canary"),
                "{reason}"
            );
        }
    }

    #[test]
    fn a_session_that_may_not_write_is_not_kept() {
        assert!(refused("25006").is_of_the_connection() && refused("57P01").is_of_the_connection());
        assert!(
            !refused("53100").is_of_the_connection() && !refused("23505").is_of_the_connection()
        );
    }
}
