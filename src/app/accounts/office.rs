//! What is done to accounts by those who have the machine, and so need nobody's permission.

use std::time::Duration;

use secrecy::SecretString;

use super::others::{described, reach_of, unknown};
use super::{Account, Accounts, Error, Invited, NewAccount, after};
use crate::app::audit::Witness;
use crate::auth::lockout::Failures;
use crate::auth::password;
use crate::store::{AccountName, EmailAddress, Kept};

/// For whoever is told a password to come and change it: a week off is no reason to ask again.
const ONE_TIME_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Accounts that are read at once.
const SCAN: u32 = 500;

impl Accounts {
    /// Makes an account, whoever asks.
    ///
    /// # Errors
    /// When it cannot be as it is described, or the address is taken.
    pub async fn make(&self, new: NewAccount, witness: &Witness) -> Result<Invited, Error> {
        let invited = self.drawn_up(&new).await?;
        self.keep(&invited, witness, None).await?;
        Ok(invited)
    }

    /// The same, where the tenants that it names are there.
    ///
    /// # Errors
    /// As [`make`](Self::make), and naming the tenant that is not.
    pub async fn make_at_home(&self, new: NewAccount, witness: &Witness) -> Result<Invited, Error> {
        let reach = reach_of(new.role, new.tenants.clone())?;
        if !reach.is_known_in(&self.0.tenancy.forest()) {
            let (pointer, what) = unknown(&reach);
            return Err(Error::field(pointer, what));
        }
        self.make(new, witness).await
    }

    /// An account as it is described, with a password where it is to have one. Nobody knows of it yet.
    pub(super) async fn drawn_up(&self, new: &NewAccount) -> Result<Invited, Error> {
        let mut account = described(new, self.now())?;
        let password = if new.has_password {
            Some(password::one_time()?)
        } else {
            None
        };
        if let Some(password) = &password {
            account.password = Some(self.0.passwords.keep(password.clone()).await?.into());
            account.must_change_password = true;
            account.one_time_until = Some(self.now().plus(ONE_TIME_LIFE));
        }
        Ok(Invited { account, password })
    }

    /// Keeps an account that was drawn up, and what whoever asked for it is answered.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn keep(
        &self,
        Invited { account, .. }: &Invited,
        witness: &Witness,
        receipt: Option<Kept>,
    ) -> Result<(), Error> {
        let act = self.act("user.create", witness, None, Some(account));
        let act = act.answered(receipt);
        Ok(self.0.store.insert_account(account.clone(), act).await?)
    }

    /// Every account, in the order of creation.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn all(&self) -> Result<Vec<Account>, Error> {
        let mut all: Vec<Account> = Vec::new();
        loop {
            let after = all.last().map(|account| account.id);
            let page = self.0.store.accounts_after(after, SCAN).await?;
            let is_last = page.len() < SCAN as usize;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Lets somebody in no more.
    ///
    /// # Errors
    /// When there is no such account, or nobody would be left to run the service.
    pub async fn disable(&self, email: &str, witness: &Witness) -> Result<(), Error> {
        let (now, noted) = (self.now(), ("user.disable", witness));
        self.changed(named(email)?, noted, |account| {
            Ok(Account {
                disabled_at: account.disabled_at.or(Some(now)),
                valid_from: after(now),
                ..account
            })
        })
        .await?;
        Ok(())
    }

    /// Gives somebody another password, to be shown once; ends their sessions, and takes their authenticator
    /// away.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn reset_password(
        &self,
        email: &str,
        witness: &Witness,
    ) -> Result<SecretString, Error> {
        let password = password::one_time()?;
        let kept = SecretString::from(self.0.passwords.keep(password.clone()).await?);
        let (valid_from, noted) = (after(self.now()), ("user.reset_password", witness));
        self.changed(named(email)?, noted, |account| {
            Ok(Account {
                password: Some(kept.clone()),
                must_change_password: true,
                one_time_until: Some(valid_from.plus(ONE_TIME_LIFE)),
                authenticator: None,
                failures: Failures::NONE,
                valid_from,
                ..account
            })
        })
        .await?;
        Ok(password)
    }
}

fn named(email: &str) -> Result<AccountName, Error> {
    let email = EmailAddress::parse(email).map_err(|error| Error::field("/email", error))?;
    Ok(AccountName::Email(email))
}
