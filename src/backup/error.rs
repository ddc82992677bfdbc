//! Why a backup, or what is done with one, came to nothing: which object, program or database, and what to do.

use std::io;
use std::path::PathBuf;

use super::KeyError;

/// See the module. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody said where backups go.
    #[error("EVARA_BACKUP_TO is not set: where do backups go?")]
    NoPlace,
    /// The destination cannot be used at all.
    #[error("the destination {place} cannot be used: is it mounted, and may it be written?")]
    Place {
        /// As it was configured.
        place: String,
        /// What was said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// One object could not be written, read or removed.
    #[error("{object} could not be {done}")]
    Object {
        /// The destination and the name in it.
        object: String,
        /// `written`, `read`, `listed` or `removed`.
        done: &'static str,
        /// What the store said.
        source: object_store::Error,
    },
    /// The destination did not answer.
    #[error("{object} was waited for in vain")]
    TimedOut {
        /// The destination and the name in it.
        object: String,
    },
    /// There is no such object.
    #[error("{object} is not there")]
    Absent {
        /// The destination and the name in it.
        object: String,
    },
    /// There is no such backup, or its name is none.
    #[error("there is no backup {name:?}: `evara backup list` names them")]
    UnknownBackup {
        /// What was asked for.
        name: String,
    },
    /// There are no backups at all.
    #[error("there is no backup yet")]
    NoBackup,
    /// What was stored is not what was written.
    #[error("{object} is damaged: {what}")]
    Damaged {
        /// The destination and the name in it.
        object: String,
        /// In which way.
        what: String,
    },
    /// It is sealed, and not under the key that is configured.
    #[error("{object} is sealed under the key {id}: set EVARA_BACKUP_KEY to it")]
    OtherKey {
        /// The destination and the name in it.
        object: String,
        /// The id of the key that it needs.
        id: String,
    },
    /// The configured key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A restored copy is not what was backed up.
    #[error("{name} does not hold what it should: {}", differences.join("; "))]
    Different {
        /// The backup.
        name: String,
        /// Each difference, in words.
        differences: Vec<String>,
    },
    /// A restore would have overwritten something.
    #[error("{target} is not empty: say --replace to put it aside")]
    NotEmpty {
        /// The directory or database.
        target: String,
    },
    /// A whole server would have been restored over something.
    #[error("{} is not empty: name an empty directory, or one that is not there", path.display())]
    NotEmptyDirectory {
        /// Which one.
        path: PathBuf,
    },
    /// What was given as the moment to bring a server back to is no instant.
    #[error(
        "{text:?} is no moment: write it as 2026-11-20T15:49:32Z or \"2026-11-20 15:49:32+00\", with its offset"
    )]
    NoMoment {
        /// What was given, or its beginning.
        text: String,
    },
    /// A base backup cannot be brought back to a moment before its end.
    #[error(
        "{name} can be brought back to {earliest} at the earliest, not to {wanted}: name an older one"
    )]
    TooEarly {
        /// The backup.
        name: String,
        /// What was asked for.
        wanted: String,
        /// When the backup was complete.
        earliest: String,
    },
    /// What is to be replaced is being used.
    #[error("{target} is in use: stop the service first")]
    InUse {
        /// The directory or database.
        target: String,
    },
    /// A backup of one kind of store cannot become another.
    #[error("{name} is a backup of {kind}: it cannot be restored into {target}")]
    OtherKind {
        /// The backup.
        name: String,
        /// Its kind.
        kind: &'static str,
        /// What was asked for.
        target: String,
    },
    /// A program of PostgreSQL is not installed.
    #[error(
        "{program} was not found: install PostgreSQL's client programs (Debian: postgresql-client)"
    )]
    NoProgram {
        /// Its name.
        program: &'static str,
    },
    /// A program of PostgreSQL failed.
    #[error("{program} failed: {said}")]
    Program {
        /// Its name.
        program: &'static str,
        /// The end of what it said.
        said: String,
    },
    /// What is in a backup belongs, or is granted, to a role that the server does not have.
    #[error("the server has no role {role:?}, which has a part in what is restored: make it first")]
    NoRole {
        /// Its name.
        role: String,
    },
    /// A program said what it never says.
    #[error("{program} said something that cannot be understood: {said:?}")]
    Unexpected {
        /// Its name.
        program: &'static str,
        /// What it said.
        said: String,
    },
    /// The URL of the database cannot be understood. It may hold a password and is not repeated.
    #[error("the database's URL must be like postgres://me@host:5432/evara")]
    DatabaseUrl,
    /// A file of this machine.
    #[error("{} could not be {done}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// `read`, `written`, and so on.
        done: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The embedded database.
    #[error("the database {} could not be {done}", path.display())]
    Sqlite {
        /// Its file.
        path: PathBuf,
        /// `copied`, `counted` and so on.
        done: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// Somebody said so.
    #[error("it was told to stop")]
    Stopped,
    /// The stream broke in a way that has no other name.
    #[error("the stream of {object} broke")]
    Stream {
        /// The destination and the name in it.
        object: String,
        /// What was said.
        source: io::Error,
    },
    /// The archive has a segment of that name with other content.
    #[error(
        "{object} is archived already, with other content: do two servers archive to one place?"
    )]
    Conflict {
        /// The destination and the name in it.
        object: String,
    },
}

impl Error {
    /// As it travels through readers and writers.
    pub(super) fn into_io(self) -> io::Error {
        io::Error::other(self)
    }

    /// What `source` meant for the stream of `object`: our own error, if it is one of ours.
    pub(super) fn of_stream(object: &str, source: io::Error) -> Self {
        let object = object.to_owned();
        if source.get_ref().is_some_and(|inner| inner.is::<Self>()) {
            let ours = source.into_inner().map(|inner| inner.downcast::<Self>());
            return match ours {
                Some(Ok(error)) => *error,
                Some(Err(_)) | None => Self::Stream {
                    object,
                    source: io::Error::other("it broke"),
                },
            };
        }
        let kind = source.kind();
        if matches!(
            kind,
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
        ) {
            let what = source.to_string();
            return Self::Damaged { object, what };
        }
        Self::Stream { object, source }
    }

    /// For `map_err` of what is done with a file.
    pub(super) fn file(
        path: impl Into<PathBuf>,
        done: &'static str,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, done, source }
    }

    /// For `map_err` of what is done with the embedded database.
    pub(super) fn sqlite(
        path: impl Into<PathBuf>,
        done: &'static str,
    ) -> impl FnOnce(rusqlite::Error) -> Self {
        let path = path.into();
        move |source| Self::Sqlite { path, done, source }
    }
}
