//! Seals what must not be readable in the database file.
//!
//! AES-256-GCM under a key derived from SECRET_KEY. A sealed blob is bound to its place (table, column,
//! row): moved to another one it does not open. It names its key, so that while SECRET_KEY is being changed
//! the one before opens what it sealed, and seals nothing. No key is ever written, shown or logged.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use evara_actors::domain::{ChannelId, NodeId};
use secrecy::zeroize::{Zeroize as _, Zeroizing};
use secrecy::{ExposeSecret as _, SecretString};

use super::ReceiptName;
use crate::access::UserId;

/// HKDF spreads entropy but adds none: a shorter secret could be guessed from a stolen file.
const MIN_SECRET_BYTES: usize = 32;

/// The first byte of a blob: what the rest of it looks like.
const FORMAT: u8 = 1;
pub(super) const KEY_ID_LEN: usize = 4;
pub(super) const CHECK_LEN: usize = 16;
const CIPHERTEXT_AT: usize = 1 + KEY_ID_LEN + NONCE_LEN;

/// Separates these keys from any that another project derives from the same secret.
const SALT: &[u8] = b"evara store";

/// Seals and opens. Made once, from SECRET_KEY and those before it.
pub struct SecretBox {
    current: SealKey,
    /// These open, and seal nothing.
    old: Vec<SealKey>,
}

struct SealKey {
    key: RandomizedNonceKey,
    id: [u8; KEY_ID_LEN],
    check: [u8; CHECK_LEN],
}

/// Where a sealed value stands: table, column and row.
#[derive(Debug, Clone)]
pub(super) struct Place(String);

impl Place {
    pub(super) fn new(table: &str, column: &str, row: impl fmt::Display) -> Self {
        Self(format!("{table}|{column}|{row}"))
    }

    /// Of a read key. The channel is part of the row's name: a key is not to be tried on another one.
    pub(super) fn of_read_key(channel: ChannelId, node: NodeId) -> Self {
        let row = format_args!("{node}/{channel}");
        Self::new("channel_secrets", "read_key", row)
    }

    /// Of a person's authenticator.
    pub(super) fn of_authenticator(user: UserId) -> Self {
        Self::new("users", "totp", user)
    }

    /// Of a kept answer.
    pub(super) fn of_answer(ReceiptName { caller, key }: &ReceiptName) -> Self {
        Self::new("receipts", "answer", format_args!("{caller}/{key}"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a SECRET_KEY cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    /// It could be guessed.
    #[error("SECRET_KEY must have at least {MIN_SECRET_BYTES} bytes")]
    TooShort,
    /// The cryptographic library refused.
    #[error("no key could be derived from SECRET_KEY")]
    Derivation,
}

/// A value could not be sealed, or a blob does not open here. Says no more, on purpose.
#[derive(Debug, thiserror::Error)]
#[error("the seal does not hold")]
pub(super) struct SealError;

impl SecretBox {
    /// A box whose key is derived from `secret_key`.
    ///
    /// # Errors
    /// When the secret is shorter than 32 bytes.
    pub fn new(secret_key: &SecretString) -> Result<Self, SecretKeyError> {
        Self::with_old(secret_key, &[])
    }

    /// The same, which also opens what was sealed under a key of `old`.
    ///
    /// # Errors
    /// When a secret is shorter than 32 bytes.
    pub fn with_old(
        secret_key: &SecretString,
        old: &[SecretString],
    ) -> Result<Self, SecretKeyError> {
        Ok(Self {
            current: SealKey::derive(secret_key)?,
            old: old.iter().map(SealKey::derive).collect::<Result<_, _>>()?,
        })
    }

    /// Tells the key that seals from others without telling it: what a database remembers of it.
    pub(super) const fn check_value(&self) -> &[u8; CHECK_LEN] {
        &self.current.check
    }

    /// Whether a key that opens has this check value.
    pub(super) fn knows(&self, check: &[u8; CHECK_LEN]) -> bool {
        self.keys().any(|key| key.check == *check)
    }

    /// What a blob of the key that seals begins with, after the byte of its format.
    pub(super) const fn key_id(&self) -> &[u8; KEY_ID_LEN] {
        &self.current.id
    }

    /// Seals `plain` for `place`: format, key id, nonce, ciphertext with tag.
    pub(super) fn seal(&self, place: &Place, plain: &SecretString) -> Result<Vec<u8>, SealError> {
        let mut ciphertext = plain.expose_secret().as_bytes().to_vec();
        // Room for the tag, so that the plain text is not left behind by a move to a larger buffer.
        ciphertext.reserve_exact(AES_256_GCM.tag_len());
        let SealKey { key, id, .. } = &self.current;
        let nonce = key
            .seal_in_place_append_tag(Aad::from(place.0.as_bytes()), &mut ciphertext)
            .map_err(|Unspecified| SealError)?;
        let mut blob = Vec::with_capacity(CIPHERTEXT_AT + ciphertext.len());
        blob.push(FORMAT);
        blob.extend_from_slice(id);
        blob.extend_from_slice(nonce.as_ref());
        blob.extend_from_slice(&ciphertext);
        Ok(blob)
    }

    /// Opens what [`SecretBox::seal`] made for the same place, under this key or an old one.
    pub(super) fn open(&self, place: &Place, blob: &[u8]) -> Result<SecretString, SealError> {
        let (head, ciphertext) = blob.split_at_checked(CIPHERTEXT_AT).ok_or(SealError)?;
        let (marks, nonce) = head.split_at(1 + KEY_ID_LEN);
        if marks[0] != FORMAT {
            return Err(SealError);
        }
        let named = self.keys().find(|key| key.id == marks[1..]);
        let SealKey { key, .. } = named.ok_or(SealError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|Unspecified| SealError)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let plain = key
            .open_in_place(nonce, Aad::from(place.0.as_bytes()), &mut buffer)
            .map_err(|Unspecified| SealError)?;
        let text = std::str::from_utf8(plain).map_err(|_not_text| SealError)?;
        Ok(SecretString::from(text))
    }

    /// The same value under the key of today.
    pub(super) fn seal_anew(&self, place: &Place, blob: &[u8]) -> Result<Vec<u8>, SealError> {
        self.seal(place, &self.open(place, blob)?)
    }

    fn keys(&self) -> impl Iterator<Item = &SealKey> {
        std::iter::once(&self.current).chain(&self.old)
    }
}

impl SealKey {
    fn derive(secret_key: &SecretString) -> Result<Self, SecretKeyError> {
        let secret = secret_key.expose_secret().as_bytes();
        if secret.len() < MIN_SECRET_BYTES {
            return Err(SecretKeyError::TooShort);
        }
        let prk = Salt::new(HKDF_SHA256, SALT).extract(secret);
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(derive(&prk, b"aes-256-gcm v1")?);
        Ok(Self {
            key: RandomizedNonceKey::new(&AES_256_GCM, &*key)
                .map_err(|Unspecified| SecretKeyError::Derivation)?,
            id: derive(&prk, b"key id v1")?,
            check: derive(&prk, b"key check v1")?,
        })
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(prk: &Prk, purpose: &[u8]) -> Result<[u8; N], SecretKeyError> {
    let mut bytes = [0; N];
    let derived = prk
        .expand(&[purpose], Length(N))
        .and_then(|okm| okm.fill(&mut bytes));
    if derived.is_err() {
        bytes.zeroize();
        return Err(SecretKeyError::Derivation);
    }
    Ok(bytes)
}

impl fmt::Debug for SecretBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretBox").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(letter: &str) -> SecretBox {
        SecretBox::new(&SecretString::from(letter.repeat(32))).unwrap()
    }

    fn place(row: u32) -> Place {
        Place::new("channel_secrets", "read_key", row)
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_only() {
        let keys = key("a");
        let blob = keys
            .seal(&place(1), &SecretString::from("schlüssel"))
            .unwrap();
        assert_eq!(
            keys.open(&place(1), &blob).unwrap().expose_secret(),
            "schlüssel"
        );
        assert!(keys.open(&place(2), &blob).is_err());
        assert!(key("b").open(&place(1), &blob).is_err());
    }

    #[test]
    fn an_old_key_opens_in_its_place_and_seals_nothing() {
        let blob = key("a")
            .seal(&place(1), &SecretString::from("from before"))
            .unwrap();
        let secret = |letter: &str| SecretString::from(letter.repeat(32));
        let both = SecretBox::with_old(&secret("b"), &[secret("c"), secret("a")]).unwrap();
        let opened = both.open(&place(1), &blob).unwrap();
        assert_eq!(opened.expose_secret(), "from before");
        assert!(both.open(&place(2), &blob).is_err());
        assert!(both.seal_anew(&place(2), &blob).is_err());
        let anew = both.seal_anew(&place(1), &blob).unwrap();
        assert!(key("a").open(&place(1), &anew).is_err());
        let opened = key("b").open(&place(1), &anew).unwrap();
        assert_eq!(opened.expose_secret(), "from before");
    }

    #[test]
    fn a_blob_with_any_byte_changed_or_cut_does_not_open() {
        let keys = key("a");
        let blob = keys.seal(&place(1), &SecretString::from("K")).unwrap();
        for at in 0..blob.len() {
            let mut altered = blob.clone();
            altered[at] ^= 1;
            assert!(keys.open(&place(1), &altered).is_err(), "byte {at}");
            assert!(keys.open(&place(1), &blob[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn one_secret_is_never_sealed_to_the_same_blob_twice() {
        let keys = key("a");
        let plain = SecretString::from("same");
        let (one, two) = (keys.seal(&place(1), &plain), keys.seal(&place(1), &plain));
        assert_ne!(one.unwrap(), two.unwrap());
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        let short = SecretBox::new(&SecretString::from("a".repeat(31)));
        assert!(matches!(short, Err(SecretKeyError::TooShort)));
    }

    #[test]
    fn debug_output_shows_nothing_of_the_key() {
        assert_eq!(format!("{:?}", key("a")), "SecretBox { .. }");
    }
}
