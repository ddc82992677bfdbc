//! Why something about an account was not done.

use std::time::Duration;

use evara_actors::domain::FieldError;

use super::others::unknown;
use crate::auth::NoChance;
use crate::auth::password::PasswordError;
use crate::auth::token::SignError;
use crate::store::AccountsError;

/// Why something about an account was not done. `Refused` says no more on purpose.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address, the password, the code or the token is not right, or the account is closed.
    #[error("not let in")]
    Refused,
    /// The password or the code in this field of whoever is signed in is not right.
    #[error("{0} is not right")]
    Wrong(&'static str),
    /// The refresh token was good once: its session is over.
    #[error("a refresh token was used twice")]
    Reused,
    /// The password is right, and a code of the authenticator is missing.
    #[error("a code is missing")]
    CodeNeeded,
    /// The password was made for them, and is good no longer: it was used, or is too old.
    #[error("a one-time password is good no longer")]
    Spent,
    /// Too many wrong guesses: the next one has to wait.
    #[error("too many wrong guesses")]
    Wait(Duration),
    /// Values that cannot be taken, by their fields.
    #[error("some values cannot be taken")]
    Invalid(Vec<FieldError>),
    /// There is nothing here for whoever asks.
    #[error("not found")]
    NotFound,
    /// Seen, and not theirs to do.
    #[error("{0}")]
    Forbidden(&'static str),
    /// It is not what the caller's condition expects.
    #[error("the account has moved on")]
    Moved,
    /// Not as things stand.
    #[error("{0}")]
    Conflict(&'static str),
    /// Too many at once.
    #[error("too many at once")]
    Busy,
    /// The store failed, or did not answer in time.
    #[error(transparent)]
    Store(AccountsError),
    /// A fault of ours.
    #[error("an account could not be worked on")]
    Broke(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Whether somebody was not let in for what they brought.
    pub const fn is_of_credentials(&self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Wrong(_) | Self::CodeNeeded | Self::Spent | Self::Wait(_)
        )
    }

    /// A field whose value cannot be taken.
    pub(super) fn field(pointer: &str, what: impl ToString) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, what.to_string())])
    }
}

impl From<AccountsError> for Error {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::NotFound => Self::NotFound,
            AccountsError::Taken => Self::Conflict("Another account has this address."),
            AccountsError::LastOne => Self::Conflict(
                "Nobody would be left to run the service: name another super_admin first.",
            ),
            AccountsError::Stale => Self::Busy,
            AccountsError::NoTenant(reach) => {
                let (pointer, what) = unknown(&reach);
                Self::field(pointer, what)
            }
            other @ (AccountsError::Sealed { .. } | AccountsError::Unavailable(_)) => {
                Self::Store(other)
            }
        }
    }
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            other @ (PasswordError::Unreadable
            | PasswordError::NoChance(_)
            | PasswordError::Digest) => Self::Broke(Box::new(other)),
        }
    }
}

impl From<NoChance> for Error {
    fn from(error: NoChance) -> Self {
        Self::Broke(Box::new(error))
    }
}

impl From<SignError> for Error {
    fn from(error: SignError) -> Self {
        Self::Broke(Box::new(error))
    }
}
