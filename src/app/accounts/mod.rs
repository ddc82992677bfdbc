//! The accounts of people: how they sign in, what they change of their own, and whom they invite.
//!
//! Who a token stands for is decided here for every request, see [`bearer`]. What a person may comes from
//! the store and from nowhere else. No password, code or token is ever logged, and none of them leaves
//! here but in the one answer that shows it.

mod bearer;
mod error;
mod guess;
mod office;
mod open;
mod others;
mod own;
mod recent;
mod refresh;
mod sign_in;
mod sync;
mod told;

use std::sync::Arc;

use evara_actors::domain::Timestamp;
use evara_actors::ports::Clock;
use moka::future::Cache;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

pub use bearer::Borne;
pub use error::Error;
pub use open::{TokensError, open};
pub use others::{Change, Invited, NewAccount};
pub use own::Enrolment;
pub use refresh::Refreshing;
pub use sign_in::{SignIn, SignedIn};

pub use crate::store::{Account, EmailAddress, Session};

use super::audit::Witness;
use super::tenancy::Tenancy;
use crate::auth::lockout::Failures;
use crate::auth::password::Passwords;
use crate::auth::token::Tokens;
use crate::store::{AccountName, AccountsError};
use recent::Recent;

/// How often a change is tried again that others were quicker than.
const MOST_TRIES: u32 = 8;

/// What is told to those for whom a password was made, by every door but that to its change.
pub const PASSWORD_DUE: &str =
    "Your password was made for you: change it first, by POST /api/v1/auth/password.";

/// Addresses without an account of which wrong guesses are remembered: some 2 MB.
const MOST_STRANGERS: u64 = 10_000;

/// A store of people.
pub trait People: crate::store::Accounts + crate::store::Sessions {}

impl<S: crate::store::Accounts + crate::store::Sessions> People for S {}

/// Questions of who somebody still is, at once, that may outlive the requests that asked them.
const AT_ONCE: usize = 2;

/// The accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Accounts(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    store: Arc<dyn People>,
    tokens: Tokens,
    passwords: Passwords,
    clock: Arc<dyn Clock>,
    tenancy: Tenancy,
    recent: Recent,
    /// The questions of the store that readers do not wait for to the end.
    asking: TaskTracker,
    turns: Arc<Semaphore>,
    /// Wrong guesses at addresses that nobody has, so that these are answered like all others.
    strangers: Cache<[u8; 32], Failures>,
}

impl Accounts {
    /// Over what the store keeps.
    pub fn new(
        store: Arc<dyn People>,
        tokens: Tokens,
        clock: Arc<dyn Clock>,
        tenancy: Tenancy,
    ) -> Self {
        Self(Arc::new(Inside {
            store,
            tokens,
            passwords: Passwords::new(),
            clock,
            tenancy,
            recent: Recent::default(),
            asking: TaskTracker::new(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            strangers: Cache::new(MOST_STRANGERS),
        }))
    }

    /// Whether there is any account at all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn are_there_any(&self) -> Result<bool, AccountsError> {
        let first = self.0.store.accounts_after(None, 1).await?;
        Ok(!first.is_empty())
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    async fn found(&self, name: AccountName) -> Result<Account, Error> {
        let found = self.0.store.account(name).await?;
        found.ok_or(Error::NotFound)
    }

    /// Changes an account as `change` says, which is asked again where others were quicker. What is
    /// remembered of people is forgotten. `action` by `witness` is what is written down of it.
    async fn changed(
        &self,
        name: AccountName,
        (action, witness): (&'static str, &Witness),
        change: impl Fn(Account) -> Result<Account, Error>,
    ) -> Result<Account, Error> {
        for _ in 0..MOST_TRIES {
            let found = self.found(name.clone()).await?;
            let before = found.clone();
            let version = found.version + 1;
            let account = Account {
                version,
                ..change(found)?
            };
            let act = self.act(action, witness, Some(&before), Some(&account));
            match self.0.store.update_account(account.clone(), act).await {
                Ok(()) => {
                    self.0.recent.forget();
                    return Ok(account);
                }
                Err(AccountsError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }
}

/// From when on sessions are good that were begun after `now`.
fn after(now: Timestamp) -> Timestamp {
    now.plus(std::time::Duration::from_millis(1))
}
