//! The read keys of channels, the only truth that the client holds.
//!
//! A key leaves here only as a [`SecretString`], on its way into one request. Nothing here prints
//! one.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use evara_actors::domain::ChannelId;
use secrecy::{ExposeSecret, SecretString};

/// Which key opens which channel; shared, and changed while it is in use.
///
/// Holds one key a channel, so that it is no larger than the registry of channels.
#[derive(Default)]
pub struct Keyring {
    fallback: Option<SecretString>,
    keys: RwLock<HashMap<ChannelId, SecretString>>,
}

impl Keyring {
    /// With a key for the channels that have none of their own; an empty one is none.
    pub fn new(fallback: Option<SecretString>) -> Self {
        Self {
            fallback: fallback.filter(|key| !is_blank(key)),
            keys: RwLock::default(),
        }
    }

    /// Puts `key` in the place of the channel's last one; an empty key removes it.
    pub fn set(&self, channel: ChannelId, key: SecretString) {
        if is_blank(&key) {
            self.remove(channel);
        } else {
            self.write().insert(channel, key);
        }
    }

    /// Forgets the channel's key: from now on the fallback is sent, if there is one.
    pub fn remove(&self, channel: ChannelId) {
        self.write().remove(&channel);
    }

    /// The key to send for `channel`: its own, else the fallback.
    pub(super) fn key_for(&self, channel: ChannelId) -> Option<SecretString> {
        let own = self.read().get(&channel).cloned();
        own.or_else(|| self.fallback.clone())
    }

    // A map of whole values is never left half-written, so a panic elsewhere does not spoil it.
    fn read(&self) -> RwLockReadGuard<'_, HashMap<ChannelId, SecretString>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<ChannelId, SecretString>> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
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
