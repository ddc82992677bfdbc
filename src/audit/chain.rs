//! What binds an entry to the one before, and a seal to all before it.

use evara_actors::domain::Timestamp;
use uuid::Uuid;

use super::keys::ID_BYTES;
use super::{Actor, AuditKeys, Entry};

/// A tenant's chain: the id of a community or a distributor, or nil for the service itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chain(pub Uuid);

impl Chain {
    /// What belongs to no tenant.
    pub const SERVICE: Self = Self(Uuid::nil());
}

/// A MAC, and the id of the key that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mac {
    /// Which key.
    pub key: [u8; ID_BYTES],
    /// HMAC-SHA256.
    pub mac: [u8; 32],
}

/// Where an entry is in its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Counts the entries of the chain, from 1.
    pub number: u64,
    /// Over the entry, its number, and the MAC before.
    pub mac: Mac,
}

impl Link {
    /// Before the first entry.
    pub const GENESIS: Self = Self {
        number: 0,
        mac: Mac {
            key: [0; ID_BYTES],
            mac: [0; 32],
        },
    };

    /// The link of `entry`, which is kept under `id` and follows on this one. `None` where there is no key to
    /// bind it with.
    pub fn next(&self, keys: &AuditKeys, chain: Chain, id: i64, entry: &Entry) -> Option<Self> {
        let number = self.number + 1;
        let content = Content::of(self, chain, number, entry);
        let (key, mac) = keys.bind(&with_id(&id.to_be_bytes(), &content.parts(entry)))?;
        Some(Self {
            number,
            mac: Mac { key, mac },
        })
    }

    /// As it was before ids were bound.
    #[cfg(test)]
    pub(super) fn next_without_id(
        &self,
        keys: &AuditKeys,
        chain: Chain,
        entry: &Entry,
    ) -> Option<Self> {
        let number = self.number + 1;
        let content = Content::of(self, chain, number, entry);
        let (key, mac) = keys.bind(&without_id(&content.parts(entry)))?;
        Some(Self {
            number,
            mac: Mac { key, mac },
        })
    }
}

/// An entry where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Greater than that of those before it, in whatever chain.
    pub id: i64,
    /// Its place.
    pub link: Link,
    /// What it says.
    pub entry: Entry,
}

impl Row {
    /// Whether its link is that of its entry after `before`.
    pub(super) fn follows(&self, before: &Link, keys: &AuditKeys, chain: Chain) -> bool {
        let Mac { key, mac } = &self.link.mac;
        let content = Content::of(before, chain, self.link.number, &self.entry);
        let said = content.parts(&self.entry);
        let is_bound = |parts: &[&[u8]]| keys.proves(*key, mac, parts);
        is_bound(&with_id(&self.id.to_be_bytes(), &said)) || is_bound(&without_id(&said))
    }
}

/// The word of whoever has the secret on how far a chain was at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// Counts the seals of the chain, from 1.
    pub number: u64,
    /// How far the chain was.
    pub head: Link,
    /// When.
    pub at: Timestamp,
    /// Over all of it, and the MAC of the seal before.
    pub mac: Mac,
}

impl Seal {
    /// The seal on `head` that follows on `before`.
    pub fn next(
        before: Option<&Self>,
        keys: &AuditKeys,
        chain: Chain,
        head: Link,
        at: Timestamp,
    ) -> Option<Self> {
        let number = before.map_or(0, |seal| seal.number) + 1;
        let (key, mac) = keys.bind(
            &sealed(before, chain, number, &head, at)
                .each_ref()
                .map(Vec::as_slice),
        )?;
        Some(Self {
            number,
            head,
            at,
            mac: Mac { key, mac },
        })
    }

    /// Whether this is a true seal that follows on `before`.
    pub(super) fn follows(&self, before: Option<&Self>, keys: &AuditKeys, chain: Chain) -> bool {
        let parts = sealed(before, chain, self.number, &self.head, self.at);
        keys.proves(
            self.mac.key,
            &self.mac.mac,
            &parts.each_ref().map(Vec::as_slice),
        )
    }
}

/// What a seal's MAC is over. The first word keeps a seal from passing for an entry.
fn sealed(
    before: Option<&Seal>,
    chain: Chain,
    number: u64,
    head: &Link,
    at: Timestamp,
) -> [Vec<u8>; 7] {
    let before = before.map_or([0; 32], |seal| seal.mac.mac);
    [
        b"seal".to_vec(),
        chain.0.as_bytes().to_vec(),
        number.to_be_bytes().to_vec(),
        head.number.to_be_bytes().to_vec(),
        head.mac.mac.to_vec(),
        at.millis().to_be_bytes().to_vec(),
        before.to_vec(),
    ]
}

/// What an entry's MAC is over. The first word keeps it from passing for an entry without an id, a seal or a cut.
fn with_id<'a>(id: &'a [u8; 8], said: &[&'a [u8]]) -> Vec<&'a [u8]> {
    [&[b"entry of an id", id.as_slice()], said].concat()
}

/// The same as it was before ids were bound: such entries are still proven, but for their ids.
fn without_id<'a>(said: &[&'a [u8]]) -> Vec<&'a [u8]> {
    [&[b"entry".as_slice()], said].concat()
}

/// What of an entry has to be written out to be bound.
struct Content {
    chain: [u8; 16],
    number: [u8; 8],
    before: [u8; 32],
    at: [u8; 8],
    actor: Vec<u8>,
    session: Vec<u8>,
}

impl Content {
    fn of(before: &Link, chain: Chain, number: u64, entry: &Entry) -> Self {
        let bytes = |id: Option<Uuid>| id.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
        Self {
            chain: *chain.0.as_bytes(),
            number: number.to_be_bytes(),
            before: before.mac.mac,
            at: entry.at.millis().to_be_bytes(),
            actor: bytes(entry.actor.id),
            session: bytes(entry.actor.session),
        }
    }

    fn parts<'a>(&'a self, entry: &'a Entry) -> [&'a [u8]; 18] {
        let Actor {
            kind,
            address,
            correlation,
            ..
        } = &entry.actor;
        let [has_address, address] = optional(address.as_ref());
        let [has_correlation, correlation] = optional(correlation.as_ref());
        let [was, before] = optional(entry.before.as_ref());
        let [is, after] = optional(entry.after.as_ref());
        [
            &self.chain,
            &self.number,
            &self.before,
            &self.at,
            kind.name().as_bytes(),
            &self.actor,
            &self.session,
            has_address,
            address,
            has_correlation,
            correlation,
            entry.action.as_bytes(),
            entry.target.as_bytes(),
            entry.outcome.name().as_bytes(),
            was,
            before,
            is,
            after,
        ]
    }
}

/// A text that is not there is not one that is empty.
fn optional(text: Option<&String>) -> [&[u8]; 2] {
    match text {
        Some(text) => [b"1", text.as_bytes()],
        None => [b"0", b""],
    }
}
