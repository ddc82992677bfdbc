//! The read keys of channels, the only truth that the client holds.
//!
//! A key leaves here only as a [`SecretString`], on its way into one request. Nothing here prints
//! one.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use evara_actors::domain::ChannelId;
use secrecy::{ExposeSecret, SecretString};

/// The keys of one channel, each once. The first is the one to ask with: the one that opened the
/// channel last, or the one that was not refused for the longest.
type Ring = VecDeque<SecretString>;

/// Which keys open which channel; shared, and changed while it is in use.
///
/// Nodes that share a channel bring keys of their own for it, and one that is wrong must not close
/// the channel to the others. Holds no more keys than the nodes have, and the fallback beside them.
#[derive(Default)]
pub struct Keyring {
    fallback: Option<SecretString>,
    rings: RwLock<HashMap<ChannelId, Ring>>,
}

impl Keyring {
    /// With a key for the channels that have none which opens them; an empty one is none.
    pub fn new(fallback: Option<SecretString>) -> Self {
        Self {
            fallback: fallback.filter(|key| !is_blank(key)),
            rings: RwLock::default(),
        }
    }

    /// Puts `key` in the place of all that the channel has; an empty key removes them.
    pub fn set(&self, channel: ChannelId, key: SecretString) {
        self.remove(channel);
        self.add(channel, key);
    }

    /// Adds a key to those of the channel. It waits for its turn, so that a wrong one changes
    /// nothing while another opens the channel. An empty key is none.
    pub fn add(&self, channel: ChannelId, key: SecretString) {
        if is_blank(&key) {
            return;
        }
        match self.write().entry(channel) {
            Entry::Occupied(ring) => push(ring.into_mut(), key),
            Entry::Vacant(place) => {
                let ring = place.insert(Ring::from([key]));
                if let Some(fallback) = &self.fallback {
                    push(ring, fallback.clone());
                }
            }
        }
    }

    /// Holds exactly `keys`, and of those that it held before still knows which to ask with first.
    pub fn follow(&self, keys: Vec<(ChannelId, SecretString)>) {
        let next = Self::default();
        for (channel, key) in keys {
            next.add(channel, key);
        }
        let mut next = next
            .rings
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut rings = self.write();
        for (channel, ring) in &mut next {
            if let Some(fallback) = &self.fallback {
                push(ring, fallback.clone());
            }
            if let Some(before) = rings.get(channel) {
                let turn = |key: &SecretString| before.iter().position(|old| is_same(old, key));
                // A stable sort: what is new comes last, in the order in which it came.
                ring.make_contiguous()
                    .sort_by_key(|key| turn(key).unwrap_or(usize::MAX));
            }
        }
        *rings = next;
    }

    /// Forgets the channel's keys: from now on the fallback is sent, if there is one.
    pub fn remove(&self, channel: ChannelId) {
        self.write().remove(&channel);
    }

    /// The key to send for `channel` now.
    pub(super) fn key_for(&self, channel: ChannelId) -> Option<SecretString> {
        let own = self.read().get(&channel).and_then(Ring::front).cloned();
        own.or_else(|| self.fallback.clone())
    }

    /// The channel did not open with `key`: it is another's turn. Whether there is another.
    pub(super) fn refused(&self, channel: ChannelId, key: Option<&SecretString>) -> bool {
        let (mut rings, Some(key)) = (self.write(), key) else {
            return false;
        };
        let Some(ring) = rings.get_mut(&channel) else {
            return false;
        };
        // Somebody else may have found the same, and turned the ring already.
        if ring.front().is_some_and(|first| is_same(first, key)) {
            ring.rotate_left(1);
        }
        ring.front().is_some_and(|first| !is_same(first, key))
    }

    // A ring is changed by single steps that do not fail, so a panic elsewhere does not spoil it.
    fn read(&self) -> RwLockReadGuard<'_, HashMap<ChannelId, Ring>> {
        self.rings.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<ChannelId, Ring>> {
        self.rings.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn push(ring: &mut Ring, key: SecretString) {
    if !ring.iter().any(|held| is_same(held, &key)) {
        ring.push_back(key);
    }
}

fn is_same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

fn is_blank(key: &SecretString) -> bool {
    key.expose_secret().trim().is_empty()
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("channels", &self.read().len())
            .field("has_fallback", &self.fallback.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POND: ChannelId = ChannelId(1);
    const WELL: ChannelId = ChannelId(2);

    fn sent(keyring: &Keyring, channel: ChannelId) -> Option<String> {
        let key = keyring.key_for(channel);
        key.map(|key| key.expose_secret().to_owned())
    }

    #[test]
    fn a_channel_is_asked_with_its_own_key_and_others_with_the_fallback() {
        let keyring = Keyring::new(Some("FALLBACK".into()));
        keyring.set(POND, "OLD".into());
        keyring.set(POND, "OWN".into());
        assert_eq!(sent(&keyring, POND).as_deref(), Some("OWN"));
        assert_eq!(sent(&keyring, WELL).as_deref(), Some("FALLBACK"));
        keyring.remove(POND);
        assert_eq!(sent(&keyring, POND).as_deref(), Some("FALLBACK"));
    }

    #[test]
    fn a_key_that_is_added_waits_until_the_first_is_refused() {
        let keyring = Keyring::default();
        keyring.add(POND, "FIRST".into());
        keyring.add(POND, "SECOND".into());
        keyring.add(POND, "FIRST".into());
        assert_eq!(sent(&keyring, POND).as_deref(), Some("FIRST"));
        assert!(keyring.refused(POND, Some(&"FIRST".into())));
        assert_eq!(sent(&keyring, POND).as_deref(), Some("SECOND"));
        assert!(keyring.refused(POND, Some(&"FIRST".into())));
        assert_eq!(sent(&keyring, POND).as_deref(), Some("SECOND"));
    }

    #[test]
    fn the_only_key_has_no_other_to_take_its_turn() {
        let keyring = Keyring::default();
        assert!(!keyring.refused(POND, None));
        keyring.add(POND, "ONLY".into());
        assert!(!keyring.refused(POND, Some(&"ONLY".into())));
        assert_eq!(sent(&keyring, POND).as_deref(), Some("ONLY"));
    }

    #[test]
    fn what_works_is_still_known_after_others_came_and_went() {
        let keyring = Keyring::new(Some("FALLBACK".into()));
        let keys = |keys: &[&str]| keys.iter().map(|key| (POND, (*key).into())).collect();
        keyring.follow(keys(&["WRONG", "RIGHT"]));
        keyring.refused(POND, Some(&"WRONG".into()));
        keyring.follow(keys(&["NEW", "WRONG", "RIGHT"]));
        assert_eq!(sent(&keyring, POND).as_deref(), Some("RIGHT"));
        keyring.follow(keys(&["NEW"]));
        keyring.refused(POND, Some(&"FALLBACK".into()));
        assert_eq!(sent(&keyring, POND).as_deref(), Some("NEW"));
        keyring.follow(Vec::new());
        assert_eq!(sent(&keyring, POND).as_deref(), Some("FALLBACK"));
    }

    #[test]
    fn an_empty_key_is_no_key() {
        let keyring = Keyring::new(Some(" ".into()));
        keyring.set(POND, "OWN".into());
        keyring.set(POND, "".into());
        assert_eq!(sent(&keyring, POND), None);
    }

    #[test]
    fn what_is_printed_of_a_keyring_holds_no_key() {
        let keyring = Keyring::new(Some("CANARY".into()));
        keyring.set(POND, "CANARY".into());
        assert_eq!(
            format!("{keyring:?}"),
            "Keyring { channels: 1, has_fallback: true }"
        );
    }
}
