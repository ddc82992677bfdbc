//! The read keys of channels, the only truth that the client holds.
//!
//! A key leaves here only as a [`SecretString`], on its way into one request. Nothing here prints
//! one. Also known here is to whom a channel is opened: a key is tried once before whoever brought it
//! counts, so that nobody reads a channel by naming its number and the key of somebody else opens it.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use evara_actors::domain::{ChannelId, NodeId};
use evara_actors::ports::Opened;
use secrecy::{ExposeSecret, SecretString};

/// The keys of one channel, each once. The first is the one to ask with. Keys that open it take turns, so
/// that one which no longer does is found out.
type Ring = VecDeque<Held>;

/// A key, and what is known of it.
#[derive(Clone)]
struct Held {
    key: SecretString,
    /// The nodes that brought it; none of the operator's own.
    bearers: BTreeSet<NodeId>,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Untried,
    Opens,
    Refused,
}

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

    /// Puts `key`, which nobody brought, in the place of all that the channel has; an empty key removes them.
    pub fn set(&self, channel: ChannelId, key: SecretString) {
        self.remove(channel);
        self.hold(channel, None, key);
    }

    /// Adds a key that a node brought to those of the channel. It is tried once, in the next ask. An empty key is none.
    pub fn add(&self, channel: ChannelId, node: NodeId, key: SecretString) {
        self.hold(channel, Some(node), key);
    }

    fn hold(&self, channel: ChannelId, node: Option<NodeId>, key: SecretString) {
        if is_blank(&key) {
            return;
        }
        let held = Held {
            key,
            bearers: node.into_iter().collect(),
            standing: Standing::Untried,
        };
        match self.write().entry(channel) {
            Entry::Occupied(ring) => push(ring.into_mut(), held),
            Entry::Vacant(place) => {
                let ring = place.insert(Ring::from([held]));
                self.push_fallback(ring);
            }
        }
    }

    fn push_fallback(&self, ring: &mut Ring) {
        if let Some(key) = self.fallback.clone() {
            let held = Held {
                key,
                bearers: BTreeSet::new(),
                standing: Standing::Untried,
            };
            push(ring, held);
        }
    }

    /// Holds exactly `keys`, and of those that it held before still knows which open what.
    pub fn follow(&self, keys: impl IntoIterator<Item = (ChannelId, NodeId, SecretString)>) {
        let next = Self::default();
        for (channel, node, key) in keys {
            next.add(channel, node, key);
        }
        let mut next = next
            .rings
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut rings = self.write();
        for (channel, ring) in &mut next {
            self.push_fallback(ring);
            if let Some(before) = rings.get(channel) {
                let turn = |held: &Held| before.iter().position(|old| is_same(&old.key, &held.key));
                for held in ring.iter_mut() {
                    if let Some(turn) = turn(held) {
                        held.standing = before[turn].standing;
                    }
                }
                // A stable sort: what is new comes last, in the order in which it came.
                ring.make_contiguous()
                    .sort_by_key(|held| turn(held).unwrap_or(usize::MAX));
            }
        }
        *rings = next;
    }

    /// Forgets the channel's keys: from now on the fallback is sent, if there is one.
    pub fn remove(&self, channel: ChannelId) {
        self.write().remove(&channel);
    }

    /// A key that somebody brought for `channel` and that was not tried yet.
    pub(super) fn untried(&self, channel: ChannelId) -> Option<SecretString> {
        let rings = self.read();
        let is_new = |held: &&Held| held.standing == Standing::Untried && !held.bearers.is_empty();
        let held = rings.get(&channel)?.iter().find(is_new)?;
        Some(held.key.clone())
    }

    /// The key whose turn it is.
    pub(super) fn key_for(&self, channel: ChannelId) -> Option<SecretString> {
        let own = self
            .read()
            .get(&channel)
            .and_then(Ring::front)
            .map(|held| held.key.clone());
        own.or_else(|| self.fallback.clone())
    }

    /// The channel opened with `key`: to whom. None where the key was taken back meanwhile.
    pub(super) fn opened(&self, channel: ChannelId, key: Option<&SecretString>) -> Option<Opened> {
        let (mut rings, Some(key)) = (self.write(), key) else {
            return Some(Opened::ToAll);
        };
        let Some(ring) = rings.get_mut(&channel) else {
            let is_fallback = |fallback| is_same(fallback, key);
            let is_held = self.fallback.as_ref().is_some_and(is_fallback);
            return is_held.then_some(Opened::ToAll);
        };
        let held = ring.iter_mut().find(|held| is_same(&held.key, key))?;
        held.standing = Standing::Opens;
        let opening = || ring.iter().filter(|held| held.standing == Standing::Opens);
        if opening().any(|held| held.bearers.is_empty()) {
            return Some(Opened::ToAll);
        }
        let bearers = opening().flat_map(|held| held.bearers.iter().copied());
        let opened = Opened::ByKeysOf(Arc::new(bearers.collect()));
        take_turns(ring);
        Some(opened)
    }

    /// The channel did not open with `key`: it is another's turn.
    pub(super) fn refused(&self, channel: ChannelId, key: Option<&SecretString>) {
        let (mut rings, Some(key)) = (self.write(), key) else {
            return;
        };
        let Some(ring) = rings.get_mut(&channel) else {
            return;
        };
        if let Some(held) = ring.iter_mut().find(|held| is_same(&held.key, key)) {
            held.standing = Standing::Refused;
        }
        // Somebody else may have found the same, and turned the ring already.
        if ring.front().is_some_and(|first| is_same(&first.key, key)) {
            ring.rotate_left(1);
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

/// The same key from another node is brought by both.
fn push(ring: &mut Ring, held: Held) {
    match ring.iter_mut().find(|it| is_same(&it.key, &held.key)) {
        Some(known) => known.bearers.extend(held.bearers),
        None => ring.push_back(held),
    }
}

/// The next key that opens the channel comes to the front.
fn take_turns(ring: &mut Ring) {
    let next = ring
        .iter()
        .skip(1)
        .position(|held| held.standing == Standing::Opens);
    if let Some(next) = next {
        ring.rotate_left(next + 1);
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
#[path = "keyring_tests.rs"]
mod tests;
