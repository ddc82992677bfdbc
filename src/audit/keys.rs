//! The secret that entries and seals are bound with, derived from SECRET_KEY and kept nowhere.

use std::fmt;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;
use secrecy::{ExposeSecret as _, SecretString};

/// Separates these keys from those that seal the store and sign tokens.
const SALT: &[u8] = b"evara audit";

/// How a key is named in what it has bound.
pub(super) const ID_BYTES: usize = 4;

/// SECRET_KEYs that were in use before.
const MOST_OLD: usize = 8;

/// What binds new entries, and what proves those that are there.
pub struct AuditKeys(Vec<Key>);

struct Key {
    id: [u8; ID_BYTES],
    key: hmac::Key,
}

/// No key can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditKeyError {
    /// More secrets than anybody needs.
    #[error("at most {MOST_OLD} old secrets are taken")]
    TooMany,
    /// The cryptographic library refused.
    #[error("no key could be derived from SECRET_KEY")]
    Derivation,
}

impl fmt::Debug for AuditKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditKeys(of {})", self.0.len())
    }
}

impl AuditKeys {
    /// Binds with a key of `current`; proves with those of `old`, too.
    ///
    /// # Errors
    /// See [`AuditKeyError`].
    pub fn derive(current: &SecretString, old: &[SecretString]) -> Result<Self, AuditKeyError> {
        if old.len() > MOST_OLD {
            return Err(AuditKeyError::TooMany);
        }
        let all = std::iter::once(current).chain(old);
        all.map(derived).collect::<Result<_, _>>().map(Self)
    }

    /// What binds nothing, so that nothing can be written down.
    #[cfg(test)]
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    /// The id of the key that binds, and the MAC of `parts`.
    pub(super) fn bind(&self, parts: &[&[u8]]) -> Option<([u8; ID_BYTES], [u8; 32])> {
        let key = self.0.first()?;
        Some((key.id, tag(&key.key, parts)))
    }

    /// Whether the key of this id is there.
    pub(super) fn knows(&self, id: [u8; ID_BYTES]) -> bool {
        self.0.iter().any(|key| key.id == id)
    }

    /// Whether `mac` is that of `parts` by the key of this id. One that is not known proves nothing.
    pub(super) fn proves(&self, id: [u8; ID_BYTES], mac: &[u8; 32], parts: &[&[u8]]) -> bool {
        let key = self.0.iter().find(|key| key.id == id);
        key.is_some_and(|key| {
            aws_lc_rs::constant_time::verify_slices_are_equal(&tag(&key.key, parts), mac).is_ok()
        })
    }
}

fn derived(secret: &SecretString) -> Result<Key, AuditKeyError> {
    let prk = Salt::new(HKDF_SHA256, SALT).extract(secret.expose_secret().as_bytes());
    let fill = |info: &[&[u8]], out: &mut [u8]| {
        let okm = prk.expand(info, Length(out.len()));
        okm.and_then(|okm| okm.fill(out))
            .map_err(|_| AuditKeyError::Derivation)
    };
    let (mut id, mut bytes) = ([0; ID_BYTES], secrecy::zeroize::Zeroizing::new([0; 32]));
    fill(&[b"id"], &mut id)?;
    fill(&[b"mac"], &mut *bytes)?;
    Ok(Key {
        id,
        key: hmac::Key::new(hmac::HMAC_SHA256, &*bytes),
    })
}

/// So many bytes of a derived key.
struct Length(usize);

impl aws_lc_rs::hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Each part has its length before it: no two lists of parts say the same.
fn tag(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut mac = [0; 32];
    mac.copy_from_slice(context.sign().as_ref());
    mac
}
