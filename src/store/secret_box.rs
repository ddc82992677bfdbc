//! Seals what must not be readable in the database file.
//!
//! AES-256-GCM under a key derived from SECRET_KEY. A sealed blob is bound to its place (table, column,
//! row): moved to another one it does not open. The key itself is never written, shown or logged.

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
const KEY_ID_LEN: usize = 4;
const CHECK_LEN: usize = 16;
const CIPHERTEXT_AT: usize = 1 + KEY_ID_LEN + NONCE_LEN;

/// Separates these keys from any that another project derives from the same secret.
const SALT: &[u8] = b"evara store";

/// Seals and opens. Made once, from SECRET_KEY.
pub struct SecretBox {
    key: RandomizedNonceKey,
    key_id: [u8; KEY_ID_LEN],
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
        let secret = secret_key.expose_secret().as_bytes();
        if secret.len() < MIN_SECRET_BYTES {
            return Err(SecretKeyError::TooShort);
        }
        let prk = Salt::new(HKDF_SHA256, SALT).extract(secret);
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(derive(&prk, b"aes-256-gcm v1")?);
        Ok(Self {
            key: RandomizedNonceKey::new(&AES_256_GCM, &*key)
                .map_err(|Unspecified| SecretKeyError::Derivation)?,
            key_id: derive(&prk, b"key id v1")?,
            check: derive(&prk, b"key check v1")?,
        })
    }

    /// Tells this key from others without telling the key: what a database remembers of it.
    pub(super) fn check_value(&self) -> &[u8] {
        &self.check
    }

    /// Seals `plain` for `place`: format, key id, nonce, ciphertext with tag.
    pub(super) fn seal(&self, place: &Place, plain: &SecretString) -> Result<Vec<u8>, SealError> {
        let mut ciphertext = plain.expose_secret().as_bytes().to_vec();
        // Room for the tag, so that the plain text is not left behind by a move to a larger buffer.
        ciphertext.reserve_exact(AES_256_GCM.tag_len());
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(place.0.as_bytes()), &mut ciphertext)
            .map_err(|Unspecified| SealError)?;
        let mut blob = Vec::with_capacity(CIPHERTEXT_AT + ciphertext.len());
        blob.push(FORMAT);
        blob.extend_from_slice(&self.key_id);
        blob.extend_from_slice(nonce.as_ref());
        blob.extend_from_slice(&ciphertext);
        Ok(blob)
    }

    /// Opens what [`SecretBox::seal`] made for the same place.
    pub(super) fn open(&self, place: &Place, blob: &[u8]) -> Result<SecretString, SealError> {
        let (head, ciphertext) = blob.split_at_checked(CIPHERTEXT_AT).ok_or(SealError)?;
        let (marks, nonce) = head.split_at(1 + KEY_ID_LEN);
        if marks[0] != FORMAT || marks[1..] != self.key_id {
            return Err(SealError);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|Unspecified| SealError)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let plain = self
            .key
            .open_in_place(nonce, Aad::from(place.0.as_bytes()), &mut buffer)
            .map_err(|Unspecified| SealError)?;
        let text = std::str::from_utf8(plain).map_err(|_not_text| SealError)?;
        Ok(SecretString::from(text))
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
