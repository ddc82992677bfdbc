//! Guesses at passwords and codes: each is counted before it is known whether it was right.
//!
//! A hundred guesses at once are a hundred guesses: none is let in that was not counted in the account
//! first, and one that had to wait is not looked at. Whoever is right has the count forgotten.

use evara_actors::domain::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Account, Accounts, Error, MOST_TRIES};
use crate::auth::lockout::Failures;
use crate::auth::password::Verdict;
use crate::auth::recovery::recovery_digest;
use crate::auth::totp;
use crate::store::{AccountName, AccountsError, Act, Authenticator};

/// What was found of a password that is right.
#[derive(Debug)]
pub(super) struct Guessed {
    /// The account, with the guess counted.
    pub(super) account: Account,
    /// What was counted before it.
    pub(super) before: Failures,
    /// Whether the password should be kept anew.
    pub(super) outdated: bool,
}

impl Accounts {
    /// The account of `name`, if `password` is its own. It takes as long to find out that there is none.
    pub(super) async fn guessed(
        &self,
        name: AccountName,
        password: SecretString,
    ) -> Result<Guessed, Error> {
        let found = self.0.store.account(name.clone()).await?;
        let now = self.now();
        let failures = match &found {
            Some(account) => account.failures,
            None => self.stranger(&name).await,
        };
        free(failures, now)?;
        let kept = found.as_ref().and_then(|found| found.password.as_ref());
        let kept = kept.map(|kept| kept.expose_secret().to_owned());
        let verify = self.0.passwords.verify(password, kept);
        // Side by side, so that time does not tell whether there was an account to count in.
        let (verdict, counted) = tokio::join!(verify, self.counted(name, found));
        let (verdict, account) = (verdict?, counted?);
        match (verdict, account) {
            (Verdict::Right { outdated }, Some((account, before)))
                if account.disabled_at.is_none() =>
            {
                Ok(Guessed {
                    account,
                    before,
                    outdated,
                })
            }
            (Verdict::Right { .. } | Verdict::Wrong, _) => Err(Error::Refused),
        }
    }

    /// Counts a guess at `found`, or at a name that nobody has; the account with it, and what was counted before.
    pub(super) async fn counted(
        &self,
        name: AccountName,
        mut found: Option<Account>,
    ) -> Result<Option<(Account, Failures)>, Error> {
        for _ in 0..MOST_TRIES {
            let now = self.now();
            let Some(account) = found else {
                let failures = self.stranger(&name).await.and_one(now);
                self.0.strangers.insert(key_of(&name), failures).await;
                return Ok(None);
            };
            let before = account.failures;
            free(before, now)?;
            let account = Account {
                failures: before.and_one(now),
                version: account.version + 1,
                ..account
            };
            match self
                .0
                .store
                .update_account(account.clone(), Act::default())
                .await
            {
                Ok(()) => return Ok(Some((account, before))),
                Err(AccountsError::Stale | AccountsError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
            found = self.0.store.account(name.clone()).await?;
        }
        Err(Error::Busy)
    }

    /// Counts a guess no more whose password was right, where what was asked beside it is refused: to look for a better
    /// one is no guess. What was counted before stands, since nothing was let in. Where somebody else changed the account
    /// meanwhile, or the store is away, the guess stays counted.
    pub(super) async fn uncount(&self, right: Account, before: Failures) {
        let right = Account {
            failures: before,
            version: right.version + 1,
            ..right
        };
        let _counted_still = self.0.store.update_account(right, Act::default()).await;
    }

    async fn stranger(&self, name: &AccountName) -> Failures {
        let known = self.0.strangers.get(&key_of(name)).await;
        known.unwrap_or(Failures::NONE)
    }
}

fn key_of(name: &AccountName) -> [u8; 32] {
    let text = match name {
        AccountName::Email(email) => email.to_string(),
        AccountName::Id(id) => id.to_string(),
        AccountName::External(id) => id.to_string(),
    };
    super::refresh::sha256(text.as_bytes())
}

fn free(failures: Failures, now: Timestamp) -> Result<(), Error> {
    let wait = failures.wait(now);
    if wait.is_zero() {
        return Ok(());
    }
    Err(Error::Wait(wait))
}

/// The authenticator without what `code` used up of it; none where the code is not good.
pub(super) fn spent(
    authenticator: &Authenticator,
    code: &str,
    now: Timestamp,
) -> Option<Authenticator> {
    let step = totp::verify(&authenticator.seed, code, now, authenticator.last_step);
    if let Some(step) = step {
        return Some(Authenticator {
            last_step: Some(step),
            ..authenticator.clone()
        });
    }
    let digest = recovery_digest(code)?;
    let at = authenticator
        .recovery
        .iter()
        .position(|kept| *kept == digest)?;
    let mut left = authenticator.clone();
    left.recovery.remove(at);
    Some(left)
}
