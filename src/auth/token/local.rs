//! The tokens of accounts of our own: made and proven with a key that is derived from SECRET_KEY.
//!
//! The key is known by an id that is derived beside it. Once SECRET_KEY was changed, no token of the one before
//! is proven: it may have been changed because somebody else has it. The key is never written, shown or logged.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use evara_actors::domain::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use uuid::Uuid;

use super::claims::{AUDIENCE, LOCAL};
use super::key::Key;

/// What an access token lives, unless somebody says otherwise: what a stolen one is worth at the most.
pub const ACCESS_LIFE: Duration = Duration::from_secs(15 * 60);

/// A shorter SECRET_KEY could be guessed from a token.
const MIN_SECRET_BYTES: usize = 32;

/// Separates these keys from those that seal the store, which are derived from the same secret.
const SALT: &[u8] = b"evara auth";

/// Why there are no keys for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LocalKeysError {
    /// It could be guessed.
    #[error("SECRET_KEY must have at least {MIN_SECRET_BYTES} bytes")]
    TooShort,
    /// The cryptographic library refused.
    #[error("no key could be derived from SECRET_KEY")]
    Derivation,
}

/// A token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("a token could not be signed")]
pub struct SignError(#[source] jsonwebtoken::errors::Error);

/// A new token, which nobody knows yet.
#[derive(Debug)]
pub struct Issued {
    /// The token itself, to be shown once.
    pub token: SecretString,
    /// Its id, by which it may be revoked.
    pub jti: Uuid,
    /// When it ends, in whole seconds.
    pub expires_at: Timestamp,
}

/// The key that signs and proves.
pub struct LocalKeys {
    id: String,
    signing: EncodingKey,
    proving: Key,
}

#[derive(Serialize)]
struct Payload {
    iss: &'static str,
    aud: &'static str,
    sub: Uuid,
    session_id: Uuid,
    jti: Uuid,
    iat: i64,
    exp: i64,
}

impl LocalKeys {
    /// Signs and proves with a key derived from `secret`.
    ///
    /// # Errors
    /// When it has fewer than 32 bytes.
    pub fn derive(secret: &SecretString) -> Result<Self, LocalKeysError> {
        let (id, secret) = derived(secret)?;
        Ok(Self {
            id,
            signing: EncodingKey::from_secret(&*secret),
            proving: Key::shared(&*secret, LOCAL),
        })
    }

    /// A token for `user` in `session`, from `now` on for `life`, both in whole seconds.
    ///
    /// # Errors
    /// When the cryptographic library refuses.
    pub fn issue(
        &self,
        user: Uuid,
        session: Uuid,
        now: Timestamp,
        life: Duration,
    ) -> Result<Issued, SignError> {
        let jti = Uuid::new_v4();
        let iat = now.millis().div_euclid(1000);
        let exp = now.plus(life).millis().div_euclid(1000);
        let payload = Payload {
            iss: LOCAL,
            aud: AUDIENCE,
            sub: user,
            session_id: session,
            jti,
            iat,
            exp,
        };
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(self.id.clone());
        let token = encode(&header, &payload, &self.signing).map_err(SignError)?;
        Ok(Issued {
            token: SecretString::from(token),
            jti,
            expires_at: Timestamp::from_secs(exp),
        })
    }

    pub(super) fn get(&self, id: &str) -> Option<&Key> {
        (self.id == id).then_some(&self.proving)
    }
}

impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKeys")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

pub(super) fn derived(
    secret: &SecretString,
) -> Result<(String, Zeroizing<[u8; 32]>), LocalKeysError> {
    let secret = secret.expose_secret().as_bytes();
    if secret.len() < MIN_SECRET_BYTES {
        return Err(LocalKeysError::TooShort);
    }
    let prk = Salt::new(HKDF_SHA256, SALT).extract(secret);
    let id = expand::<8>(&prk, b"access token key id v1")?;
    let key = expand(&prk, b"access token hs256 v1")?;
    Ok((format!("{:016x}", u64::from_be_bytes(*id)), key))
}

fn expand<const N: usize>(prk: &Prk, purpose: &[u8]) -> Result<Zeroizing<[u8; N]>, LocalKeysError> {
    let mut bytes = Zeroizing::new([0; N]);
    prk.expand(&[purpose], Length(N))
        .and_then(|okm| okm.fill(&mut *bytes))
        .map_err(|_unspecified| LocalKeysError::Derivation)?;
    Ok(bytes)
}
