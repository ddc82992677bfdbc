//! Keys in ThingSpeak's form: 16 characters of `[0-9A-Z]`, derived from a seed.
//!
//! The same seed, purpose and index give the same key for ever, so that a test can name one.
//! These are toys: nothing secret may ever be derived here.

use aws_lc_rs::digest::{SHA256, digest};
use uuid::Uuid;

/// Length of every ThingSpeak key, in characters.
pub(super) const KEY_LEN: usize = 16;

const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Derives the key for `purpose` number `index`.
pub(super) fn derive(seed: u64, purpose: &str, index: u64) -> String {
    let hash = hash(seed, purpose, index);
    hash[..KEY_LEN]
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

/// Derives the id of request number `index`, in the form of a random UUID.
pub(super) fn request_id(seed: u64, index: u64) -> Uuid {
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&hash(seed, "request", index)[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

fn hash(seed: u64, purpose: &str, index: u64) -> [u8; 32] {
    let text = format!("{seed}/{purpose}/{index}");
    let mut out = [0_u8; 32];
    out.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sixteen_digits_and_capitals_and_differs_by_purpose() {
        let read = derive(7, "read", 0);
        assert_eq!(read.len(), KEY_LEN);
        assert!(read.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_eq!(read, derive(7, "read", 0));
        assert_ne!(read, derive(7, "write", 0));
        assert_ne!(read, derive(8, "read", 0));
    }
}
