//! Places that clients bring back: opaque, and good only where they were given.
//!
//! What a cursor says is encrypted, and bound to what it was given for, with a key that is derived from SECRET_KEY:
//! nobody reads one, makes one, or uses one elsewhere. The nonce stands still, which AES-GCM-SIV allows: the same
//! place in the same list is the same text, and nothing follows from two texts but whether they are.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

/// The longest text that is looked at: none of ours is so long.
const LONGEST: usize = 1024;

/// What cursors are sealed with.
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CursorKey").finish_non_exhaustive()
    }
}

impl CursorKey {
    /// The same for every process with this SECRET_KEY, and no use for anything else.
    pub fn derive(secret: &SecretString) -> Self {
        let secret = Key::new(HMAC_SHA256, secret.expose_secret().as_bytes());
        let mut key = [0; 32];
        key.copy_from_slice(sign(&secret, b"evara cursors").as_ref());
        Self(key)
    }

    /// One that nobody has ever had.
    pub fn by_chance() -> Self {
        let halves = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()];
        let mut key = [0; 32];
        key.copy_from_slice(halves.as_flattened());
        Self(key)
    }
}

/// Seals places, and opens them. The key is there: it is as long as it has to be.
pub(crate) struct Sealer(Option<LessSafeKey>);

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

impl Sealer {
    pub(crate) fn new(key: &CursorKey) -> Self {
        let key = UnboundKey::new(&AES_256_GCM_SIV, &key.0);
        Self(key.ok().map(LessSafeKey::new))
    }

    /// `place` as a text that opens for these `bounds` and for no others. `None` where the cryptographic library
    /// refuses.
    pub(crate) fn seal(&self, bounds: &[&[u8]], mut place: Vec<u8>) -> Option<String> {
        let key = self.0.as_ref()?;
        let sealed = key.seal_in_place_append_tag(nonce(), whole(bounds), &mut place);
        sealed.ok().map(|()| URL_SAFE_NO_PAD.encode(place))
    }

    /// The place that a text stands for, if it was given for these `bounds`.
    pub(crate) fn open(&self, bounds: &[&[u8]], text: &str) -> Option<Vec<u8>> {
        let text = Some(text).filter(|text| text.len() <= LONGEST)?;
        let mut sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let key = self.0.as_ref()?;
        let opened = key.open_in_place(nonce(), whole(bounds), &mut sealed);
        opened.ok().map(|place| place.to_vec())
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// Each has its length before it: no two lists of bounds say the same.
fn whole(bounds: &[&[u8]]) -> Aad<Vec<u8>> {
    let length = |bound: &[u8]| (bound.len() as u64).to_be_bytes();
    let parts = bounds
        .iter()
        .flat_map(|bound| [length(bound).to_vec(), bound.to_vec()]);
    Aad::from(parts.flatten().collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(&CursorKey::by_chance())
    }

    #[test]
    fn a_key_is_the_same_for_the_same_secret_and_for_no_other() {
        let derived = |secret: &str| CursorKey::derive(&SecretString::from(secret)).0;
        assert_eq!(derived("one"), derived("one"));
        assert_ne!(derived("one"), derived("other"));
    }

    #[test]
    fn a_place_is_not_read_in_its_cursor() {
        let text = sealer().seal(&[b"list"], vec![7; 40]).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
        assert_eq!(bytes.len(), 40 + 16);
        assert!(!bytes.windows(4).any(|part| part == [7; 4]));
    }

    proptest! {
        #[test]
        fn a_cursor_opens_for_what_it_is_bound_to_and_for_nothing_else(
            place: Vec<u8>,
            bounds in prop::collection::vec("[ab]{0,2}", 1..4),
            others in prop::collection::vec("[ab]{0,2}", 1..4),
        ) {
            let sealer = sealer();
            let bound: Vec<_> = bounds.iter().map(String::as_bytes).collect();
            let other: Vec<_> = others.iter().map(String::as_bytes).collect();
            let text = sealer.seal(&bound, place.clone()).unwrap();
            prop_assert_eq!(sealer.open(&bound, &text), Some(place));
            if bounds != others {
                prop_assert_eq!(sealer.open(&other, &text), None);
            }
            prop_assert_eq!(self::sealer().open(&bound, &text), None);
        }
    }
}
