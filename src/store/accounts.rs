//! The accounts of people: who may sign in, by what, and what they are.
//!
//! An account is changed as a whole, by whoever knows the version that it has: two who change it at once
//! do not undo each other, so that a code or a guess counts once. The addresses of mail are unique in any
//! case. Seeds of authenticators are sealed; of passwords and recovery codes there are digests alone.

use std::fmt;
use std::fmt::Debug;

use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use secrecy::{SecretSlice, SecretString};
use uuid::Uuid;

use super::Act;
use crate::access::{Reach, Role, UserId};
use crate::auth::lockout::Failures;

/// RFC 5321's longest.
const LONGEST_EMAIL_BYTES: usize = 254;

/// An address of mail in lower case. No two that a person would take for one are different here, and no
/// letter of another script turns into one of ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// A text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an address of mail, such as ana@example.org")]
pub struct EmailError;

impl EmailAddress {
    /// Reads an address, in any case.
    ///
    /// # Errors
    /// When it is longer than 254 bytes, has white space, control characters or such as nobody sees, or no `@` between
    /// two others.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let is_sneaky = |c: char| !c.is_ascii() && c.to_lowercase().any(|c| c.is_ascii());
        let is_bad = |c: char| c.is_whitespace() || c.is_control() || is_unseen(c) || is_sneaky(c);
        let lower = text.to_lowercase();
        let has_halves = lower
            .rsplit_once('@')
            .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
        let is_good = has_halves && lower.len() <= LONGEST_EMAIL_BYTES && !text.contains(is_bad);
        is_good.then_some(Self(lower)).ok_or(EmailError)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a character shows nothing, or only turns the direction of others: with it two addresses look like one.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// An authenticator, and what is in the drawer beside it.
#[derive(Debug, Clone)]
pub struct Authenticator {
    /// What its codes are made of.
    pub seed: SecretSlice<u8>,
    /// Whether a code of it was shown once: until then it is asked of nobody.
    pub is_confirmed: bool,
    /// The step of the last code that was good.
    pub last_step: Option<i64>,
    /// The SHA-256 of each recovery code that was not used yet.
    pub recovery: Vec<[u8; 32]>,
}

/// A person who may sign in.
#[derive(Debug, Clone)]
pub struct Account {
    /// Made by us; later ones are greater.
    pub id: UserId,
    /// By which it is found; unique.
    pub email: EmailAddress,
    /// What people read.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// How far they see; one that goes with the role.
    pub reach: Reach,
    /// A digest of the password, for those who have one.
    pub password: Option<SecretString>,
    /// Whether it was made for them: it opens nothing but its own change.
    pub must_change_password: bool,
    /// Until when it lets in, for one that was made for them; it has passed where they came by it.
    pub one_time_until: Option<Timestamp>,
    /// What the Supabase project calls them, for those who come from there; unique.
    pub external: Option<Uuid>,
    /// For those who have one.
    pub authenticator: Option<Authenticator>,
    /// Wrong guesses since the last good one.
    pub failures: Failures,
    /// Sessions and tokens from before are over.
    pub valid_from: Timestamp,
    /// Since when they are not let in any more.
    pub disabled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes, from 1.
    pub version: u64,
}

impl Account {
    /// Whether this is one of those who run the service, of whom one must stay: somebody who can sign in,
    /// by a password or as a person of a project.
    pub fn runs_the_service(&self) -> bool {
        let can_sign_in = self.password.is_some() || self.external.is_some();
        self.role == Role::SuperAdmin && self.disabled_at.is_none() && can_sign_in
    }
}

/// By what an account is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountName {
    /// Our own name of it.
    Id(UserId),
    /// The address.
    Email(EmailAddress),
    /// The Supabase project's name of it.
    External(Uuid),
}

/// A token that was proven, to be held against what is known of its bearer.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// [`AccountName::Id`] of our own tokens, [`AccountName::External`] of others.
    pub name: AccountName,
    /// The session that it names.
    pub session: Option<Uuid>,
    /// Of the token, and of the session that it is of elsewhere: whoever gave up either is let in no more.
    pub digests: [[u8; 32]; 2],
}

/// What is known of a bearer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether the token was given up.
    pub is_denied: bool,
    /// The account, where there is one.
    pub account: Option<AccountStanding>,
}

/// What decides of an account whether its bearer is let in, and what they may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStanding {
    /// Whose.
    pub id: UserId,
    /// What they are.
    pub role: Role,
    /// How far they see.
    pub reach: Reach,
    /// Tokens from before are over.
    pub valid_from: Timestamp,
    /// Whether they are not let in any more.
    pub is_disabled: bool,
    /// Whether the session that the token names is one of theirs, and not over.
    pub has_session: bool,
    /// Whether they have to change the password before anything else.
    pub must_change_password: bool,
}

/// The durable accounts. A write that answered `Ok` was committed.
pub trait Accounts: Debug + Send + Sync {
    /// What is known of a bearer at `now`.
    fn standing(
        &self,
        bearer: Bearer,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, AccountsError>>;

    /// The account of a name.
    fn account(&self, name: AccountName) -> BoxFuture<'_, Result<Option<Account>, AccountsError>>;

    /// Up to `limit` accounts after `after`, in the order of their ids.
    fn accounts_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Account>, AccountsError>>;

    /// Adds an account, together with what goes with it, as all of these do.
    fn insert_account(
        &self,
        account: Account,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>>;

    /// Replaces the version before that of `account`.
    fn update_account(
        &self,
        account: Account,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>>;

    /// Removes an account that has this version, with its sessions.
    fn remove_account(
        &self,
        id: UserId,
        version: u64,
        act: Act,
    ) -> BoxFuture<'_, Result<(), AccountsError>>;
}

/// Why an account, or a session, was not kept, or not given.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// No such account, or no longer.
    #[error("no such account")]
    NotFound,
    /// Another account has the address, or is that of the project's person.
    #[error("another account has this address")]
    Taken,
    /// It was changed meanwhile: read it again.
    #[error("the account was changed by somebody else meanwhile")]
    Stale,
    /// Nobody would be left to run the service.
    #[error("the last super_admin must stay one")]
    LastOne,
    /// What names this reach is not there, or no longer.
    #[error("the tenant of the account is not there")]
    NoTenant(Reach),
    /// What is stored was altered, moved from another row, or sealed under another SECRET_KEY.
    #[error("the authenticator of user {user} does not open with this SECRET_KEY")]
    Sealed {
        /// Whose it is.
        user: UserId,
    },
    /// The store failed, or did not answer in time.
    #[error("the store of accounts cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_in_any_case() {
        let parsed = EmailAddress::parse("Ana.Ö@Example.ORG").unwrap();
        assert_eq!(parsed.as_str(), "ana.ö@example.org");
        assert_eq!(EmailAddress::parse("ANA.ö@example.org").unwrap(), parsed);
    }

    #[test]
    fn what_is_no_address_and_what_looks_like_another_one_is_refused() {
        let long = format!("{}@example.org", "a".repeat(243));
        for text in [
            "",
            "@",
            "a@",
            "@b",
            "ab",
            "a b@c",
            "a@b\n",
            "a@b\0",
            &long,
            // The Kelvin sign, which is a k in lower case, and the dotted I.
            "\u{212a}im@example.org",
            "\u{130}da@example.org",
            "ro\u{200b}ot@example.org",
            "\u{202e}root@example.org",
            "root\u{ad}@example.org",
        ] {
            assert_eq!(EmailAddress::parse(text), Err(EmailError), "{text:?}");
        }
        assert!(EmailAddress::parse(&long[1..]).is_ok());
    }
}
