//! Sessions: who is signed in, and which refresh token is the good one of each.
//!
//! A session is a family of refresh tokens of which the newest alone is good. Whoever brings an older one
//! shows that two have the family's tokens, and ends it: nobody can tell which of the two is the thief.
//! A token has two halves, one that names the family and one that is new each time; of both there is the
//! SHA-256 alone.

use std::fmt::Debug;
use std::time::Duration;

use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use uuid::Uuid;

use super::{Account, AccountsError, Act};
use crate::access::UserId;

/// How long a session goes on without its person signing in again.
pub const SESSION_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// The newest that a person keeps: more are of programs that sign in and never out.
pub const MOST_SESSIONS: u32 = 50;

/// Of the text by which a browser names itself.
pub const LONGEST_AGENT_CHARS: usize = 200;

/// The two halves of a refresh token, as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshDigests {
    /// Of the half that stays.
    pub family: [u8; 32],
    /// Of the half that is new each time.
    pub refresh: [u8; 32],
}

/// Somebody who is signed in somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// At random.
    pub id: Uuid,
    /// Who it is.
    pub user: UserId,
    /// The refresh token that is good.
    pub digests: RefreshDigests,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub used_at: Timestamp,
    /// When it is over by itself.
    pub expires_at: Timestamp,
    /// What the program calls itself, at most [`LONGEST_AGENT_CHARS`].
    pub agent: Option<String>,
    /// From where they signed in.
    pub address: Option<String>,
}

/// What came of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was the good one; another one is now.
    Rotated(Session),
    /// It was good once: the session is over now.
    Reused(Session),
    /// It is of no session that goes on.
    Unknown,
}

/// The durable sessions. A write that answered `Ok` was committed.
pub trait Sessions: Debug + Send + Sync {
    /// Signs a person in: replaces the version before that of `account`, and adds a session of theirs, or does neither.
    /// The oldest of their sessions go when there are more than [`MOST_SESSIONS`].
    fn begin_session(
        &self,
        account: Account,
        session: Session,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>>;

    /// Puts the half `next` in the place of the one that is brought, if that is the good one at `now`; of
    /// two who bring it at once, one does. Ends the family where it was the good one once, together with `ending`;
    /// that a session goes on is no act.
    fn rotate_session(
        &self,
        brought: RefreshDigests,
        next: [u8; 32],
        now: Timestamp,
        ending: Act,
    ) -> BoxFuture<'_, Result<Rotation, AccountsError>>;

    /// The session of a family, unless somebody ended it.
    fn session_of(&self, family: [u8; 32])
    -> BoxFuture<'_, Result<Option<Session>, AccountsError>>;

    /// The sessions of a person that go on at `now`, the newest first.
    fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<Session>, AccountsError>>;

    /// Ends a session of a person. [`AccountsError::NotFound`] where none goes on by this name.
    fn end_session(
        &self,
        user: UserId,
        id: Uuid,
        now: Timestamp,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>>;

    /// Lets in nobody any more by the token of this digest, or by those of the session elsewhere that has it, before
    /// `until`.
    fn deny_token(
        &self,
        digest: [u8; 32],
        until: Timestamp,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>>;

    /// Forgets up to `limit` sessions, and as many denied tokens, that expired before `before`; says how many.
    fn forget_expired(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<u64, AccountsError>>;
}
