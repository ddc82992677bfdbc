//! The read keys of channels, the only truth that the client holds.
//!
//! A key leaves here only as a [`SecretString`], on its way into one request. Nothing here prints
//! one. Also known here is to whom a channel is opened: a key is tried once before whoever brought it
//! counts, so that nobody reads a channel by naming its number and the key of somebody else opens it.
//! What opens it to everybody comes before: a public channel answers to any key, and who brings one
//! for it must not take it from those who need none.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use evara_actors::domain::{ChannelId, NodeId};
use evara_actors::ports::Opened;
use secrecy::{ExposeSecret as _, SecretString};

use super::ring::{Key, Ring, Tries, is_same};

/// Which keys open which channel; shared, and changed while it is in use.
///
/// Nodes that share a channel bring keys of their own for it, and one that is wrong must not close
/// the channel to the others. Holds no more keys than the nodes have, and the fallback beside them.
#[derive(Default)]
pub struct Keyring {
    fallback: Key,
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

    /// Adds a key that a node brought to those of the channel. It is tried once, in the next ask. An empty key is none.
    pub fn add(&self, channel: ChannelId, node: NodeId, key: SecretString) {
        if is_blank(&key) {
            return;
        }
        let mut rings = self.write();
        let ring = rings.entry(channel).or_insert_with(|| self.ring());
        ring.add(node, key);
    }

    /// The ring of a channel of which nothing is known.
    fn ring(&self) -> Ring {
        let operators = self.fallback.iter().cloned().map(Some);
        Ring::new([None].into_iter().chain(operators))
    }

    /// Holds exactly `keys`, and of those that it held before still knows which open what.
    pub fn follow(&self, keys: impl IntoIterator<Item = (ChannelId, NodeId, SecretString)>) {
        let next = Self::new(self.fallback.clone());
        for (channel, node, key) in keys {
            next.add(channel, node, key);
        }
        let next = next.rings.into_inner();
        let mut next = next.unwrap_or_else(PoisonError::into_inner);
        let mut rings = self.write();
        for (channel, ring) in &mut next {
            if let Some(before) = rings.remove(channel) {
                ring.remember(&before);
            }
        }
        *rings = next;
    }

    /// What an ask goes on with that was made with `tries`, and was `opened` by one of these or by none. None where
    /// it is over.
    pub(super) fn next(
        &self,
        channel: ChannelId,
        tries: &mut Tries,
        opened: Option<&Opened>,
    ) -> Option<Key> {
        match self.read().get(&channel) {
            Some(ring) => ring.next(tries, opened),
            None => tries.first(|| self.fallback.clone()),
        }
    }

    /// The channel opened with `key`: to whom. None where the key was taken back meanwhile.
    pub(super) fn opened(&self, channel: ChannelId, key: &Key) -> Option<Opened> {
        let mut rings = self.write();
        let Some(ring) = rings.get_mut(&channel) else {
            return (key.is_none() || is_same(&self.fallback, key)).then_some(Opened::ToAll);
        };
        ring.opened(key)
    }

    /// The channel did not open with `key`: it is another's turn.
    pub(super) fn refused(&self, channel: ChannelId, key: &Key) {
        if let Some(ring) = self.write().get_mut(&channel) {
            ring.refused(key);
        }
    }

    // A ring is changed by single steps that do not fail, so a panic elsewhere does not spoil it.
    fn read(&self) -> RwLockReadGuard<'_, HashMap<ChannelId, Ring>> {
        self.rings.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<ChannelId, Ring>> {
        self.rings.write().unwrap_or_else(PoisonError::into_inner)
    }
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
#[path = "keyring_tests.rs"]
mod tests;
