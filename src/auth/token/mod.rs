//! Bearer tokens: who somebody is, proven by a signature, and nothing that rests on less.
//!
//! ```text
//! token ▶ compact ▶ header, claims ▶ candidate ▶ the key that it needs ▶ proven
//!         └─────────── pure, at a time ──────┘   own · shared · published
//! ```
//!
//! Own tokens (HS256, by keys derived from SECRET_KEY) and those of one Supabase project (HS256 by a
//! shared secret; RS256 and ES256 by the keys that it publishes). Which key is asked for follows from what
//! the token says of itself; which algorithm is used follows from the key. Whether a token was revoked,
//! and what its bearer may do, is not known here. No token is ever shown or logged, and there is no way
//! round the signature.

mod candidate;
mod claims;
mod compact;
mod header;
mod json;
mod jwks;
mod key;
mod local;
mod project;
mod refused;
mod verified;

use std::sync::Arc;
use std::time::Duration;

use evara_actors::ports::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

pub use claims::{Claims, Email, Issuer};
pub use jwks::{HttpJwks, JwksError, JwksSource, SetupError};
pub use local::{ACCESS_LIFE, Issued, LocalKeys, LocalKeysError, SignError};
pub use project::{ProjectUrl, ProjectUrlError};
pub use refused::Refused;

use candidate::{Candidate, Needs, sha256};
use jwks::Jwks;
use key::Key;
use verified::Verified;

/// The least of a secret for HS256 (RFC 7518): with a shorter one anybody could make tokens, by guessing.
pub const MIN_SHARED_BYTES: usize = 32;

/// Makes tokens, and proves them.
#[derive(Debug)]
pub struct Tokens {
    local: LocalKeys,
    supabase: Option<Supabase>,
    verified: Verified,
    clock: Arc<dyn Clock>,
}

/// What tokens of a Supabase project are proven with.
#[derive(Debug)]
pub struct Supabase {
    issuer: String,
    shared: Option<Key>,
    published: Jwks,
}

/// The shared secret could be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the project's secret must have at least {MIN_SHARED_BYTES} bytes")]
pub struct SharedSecretError;

impl Supabase {
    /// Of the project at `url`, whose keys `source` fetches; with `shared`, tokens by HS256 too.
    ///
    /// # Errors
    /// When the shared secret has fewer than 32 bytes.
    pub fn new(
        url: &ProjectUrl,
        shared: Option<&SecretString>,
        source: Arc<dyn JwksSource>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SharedSecretError> {
        let issuer = url.issuer();
        let shared = shared.map(|secret| secret.expose_secret().as_bytes());
        if shared.is_some_and(|secret| secret.len() < MIN_SHARED_BYTES) {
            return Err(SharedSecretError);
        }
        Ok(Self {
            shared: shared.map(|secret| Key::shared(secret, &issuer)),
            published: Jwks::new(issuer.clone(), source, clock),
            issuer,
        })
    }
}

impl Tokens {
    /// Accepts our own tokens, and those of a project if there is one.
    pub fn new(local: LocalKeys, supabase: Option<Supabase>, clock: Arc<dyn Clock>) -> Self {
        Self {
            local,
            supabase,
            verified: Verified::new(),
            clock,
        }
    }

    /// A token for `user` in `session`, from now on for `life`; see [`ACCESS_LIFE`].
    ///
    /// # Errors
    /// When the cryptographic library refuses.
    pub fn issue(&self, user: Uuid, session: Uuid, life: Duration) -> Result<Issued, SignError> {
        self.local.issue(user, session, self.clock.now(), life)
    }

    /// What `token` proves now. Any bytes may be asked about; waits for the project's keys at the most,
    /// and only where one of them could be the token's.
    ///
    /// # Errors
    /// The first rule that it breaks, for the log.
    pub async fn verify(&self, token: &[u8]) -> Result<Arc<Claims>, Refused> {
        let now = self.clock.now();
        if token.len() > compact::LONGEST {
            return Err(Refused::TooLarge);
        }
        let sum = sha256(token);
        if let Some(claims) = self.verified.get(&sum, now).await {
            return Ok(claims);
        }
        let supabase = self.supabase.as_ref();
        let issuer = supabase.map(|supabase| supabase.issuer.as_str());
        let candidate = Candidate::read(token, issuer, now)?;
        let claims = Arc::new(self.proven(candidate).await?);
        self.verified.keep(sum, Arc::clone(&claims)).await;
        Ok(claims)
    }

    /// Whether `token` proves something now, as far as that is found out without a question to anybody else: where it needs a
    /// key of the project's, only if it was proven before.
    pub async fn is_proven(&self, token: &[u8]) -> bool {
        let now = self.clock.now();
        if token.len() > compact::LONGEST {
            return false;
        }
        if self.verified.get(&sha256(token), now).await.is_some() {
            return true;
        }
        let issuer = self.supabase.as_ref().map(|it| it.issuer.as_str());
        match Candidate::read(token, issuer, now).map(|it| it.needs().is_at_hand()) {
            Ok(true) => self.verify(token).await.is_ok(),
            Ok(false) | Err(_) => false,
        }
    }

    async fn proven(&self, candidate: Candidate<'_>) -> Result<Claims, Refused> {
        let project = || self.supabase.as_ref().ok_or(Refused::Issuer);
        match candidate.needs() {
            Needs::Local(id) => {
                let key = self.local.get(id).ok_or(Refused::UnknownKey)?;
                candidate.proven_by(key)
            }
            Needs::Secret => {
                let key = project()?.shared.as_ref().ok_or(Refused::Algorithm)?;
                candidate.proven_by(key)
            }
            Needs::Published(id, algorithm) => {
                let key = project()?.published.key(id, *algorithm).await?;
                candidate.proven_by(&key)
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod forged;
#[cfg(test)]
mod tests;
