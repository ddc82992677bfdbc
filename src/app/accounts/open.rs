//! The accounts as a configuration has them: whose tokens are proven, and by what.

use std::sync::Arc;

use evara_actors::ports::Clock;

use super::{Accounts, People};
use crate::app::tenancy::Tenancy;
use crate::auth::token::{
    HttpJwks, LocalKeys, LocalKeysError, SetupError, SharedSecretError, Supabase, Tokens,
};
use crate::config::{Config, SecretError};

/// Why nobody's tokens can be proven.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// SECRET_KEY could not be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// SECRET_KEY gives no keys.
    #[error(transparent)]
    Local(#[from] LocalKeysError),
    /// The project's keys cannot be fetched.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The project's secret is too short.
    #[error(transparent)]
    Shared(#[from] SharedSecretError),
}

/// The accounts in `store`.
///
/// # Errors
/// When there is no key to prove tokens by.
pub fn open(
    config: &Config,
    store: Arc<dyn People>,
    clock: &Arc<dyn Clock>,
    tenancy: Tenancy,
) -> Result<Accounts, TokensError> {
    let local = LocalKeys::derive(&config.secret_key.obtain()?)?;
    let supabase = match &config.auth.supabase {
        Some(project) => {
            let published = Arc::new(HttpJwks::of(&project.url)?);
            let (url, secret) = (&project.url, project.secret.as_ref());
            Some(Supabase::new(url, secret, published, Arc::clone(clock))?)
        }
        None => None,
    };
    let tokens = Tokens::new(local, supabase, Arc::clone(clock));
    Ok(Accounts::new(store, tokens, Arc::clone(clock), tenancy))
}
