//! The accounts without a running service, for whoever has the machine: making the first one, and letting
//! somebody back in.
//!
//! Works on the store itself, under its lock: the embedded one is nobody else's meanwhile.

use std::sync::Arc;

use secrecy::SecretString;

use super::StartError;
use super::accounts::{Account, Accounts, Error, Invited, NewAccount, open};
use super::audit::Audit;
use super::clock::SystemClock;
use super::furnish::tenants;
use super::store::Store;
use crate::audit::AuditKeys;
use crate::config::Config;

/// See the module.
#[derive(Debug)]
pub struct Office {
    accounts: Accounts,
    audit: Audit,
}

impl Office {
    /// Opens the store that `config` names.
    ///
    /// # Errors
    /// When it does not open, as while a service runs on an embedded one.
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        let store = Store::open(config).await?;
        let clock: Arc<dyn evara_actors::ports::Clock> = Arc::new(SystemClock::new());
        let tenancy = tenants(config, &store).await?;
        let keys = AuditKeys::derive(&config.secret_key.obtain()?, &config.old_secret_keys)?;
        let audit = Audit::new(keys, store.audit, Arc::clone(&clock));
        let accounts = open(config, store.people, &clock, tenancy)?;
        Ok(Self { accounts, audit })
    }

    /// Makes an account with a password.
    ///
    /// # Errors
    /// When it cannot be as it is described, a tenant that it names is not there, or the address is taken.
    pub async fn create(&self, new: NewAccount) -> Result<Invited, Error> {
        let console = self.audit.console();
        let made = self.accounts.make_at_home(new, &console).await;
        self.seal().await;
        made
    }

    /// Every account, in the order of creation.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn all(&self) -> Result<Vec<Account>, Error> {
        self.accounts.all().await
    }

    /// Lets somebody in no more.
    ///
    /// # Errors
    /// When there is no such account, or nobody would be left to run the service.
    pub async fn disable(&self, email: &str) -> Result<(), Error> {
        let disabled = self.accounts.disable(email, &self.audit.console()).await;
        self.seal().await;
        disabled
    }

    /// Gives somebody another password, to be shown once; ends their sessions, and takes their authenticator
    /// away.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn reset_password(&self, email: &str) -> Result<SecretString, Error> {
        let console = self.audit.console();
        let reset = self.accounts.reset_password(email, &console).await;
        self.seal().await;
        reset
    }

    /// Seals what was written down: it may be long until a service does. What was done is done either way.
    async fn seal(&self) {
        if let Err(error) = self.audit.seal().await {
            tracing::warn!(%error, "the audit is not sealed");
        }
    }
}
