//! Whether a chain is whole, read once from its beginning to its head.

use evara_actors::domain::Timestamp;

use super::keys::ID_BYTES;
use super::{AuditKeys, Chain, Cut, Link, Mac, Row, Seal};

/// Why a chain is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An entry is missing, doubled or out of order.
    #[error("the entry does not have the next number")]
    OutOfOrder,
    /// It is bound with a key that was not given: nothing can be said of it.
    #[error(
        "it is bound with the key {}, which was not given: give the SECRET_KEY of then as SECRET_KEY_OLD",
        hex(.0)
    )]
    UnknownKey([u8; ID_BYTES]),
    /// An entry, or the one before, is not what was written.
    #[error("the entry is not what was written")]
    Altered,
    /// A seal is missing, doubled, forged or not what was written.
    #[error("the seal is not what was written")]
    Seal,
    /// What was sealed is not what is there.
    #[error("the entry is not the one that was sealed")]
    NotAsSealed,
    /// It is older than what is not sealed yet may be, and no seal covers it.
    #[error(
        "no seal covers the entry, which is old enough to have one: seals were taken away, or the service was \
         killed before it sealed"
    )]
    Unsealed,
    /// A seal that was copied out is not there.
    #[error(
        "the seal {0}, which was copied out, is gone: the end of the chain was cut off with its seals"
    )]
    SealGone(u64),
    /// A seal is not the one that was copied out.
    #[error("the seal {0} is not the one that was copied out")]
    NotAsCopied(u64),
    /// The chain ends before its last seal, or before its head.
    #[error("the end of the chain was cut off")]
    Cut,
}

/// What is wrong with what `mac` does not prove: `otherwise`, if its key is known.
fn unproven(keys: &AuditKeys, mac: &Mac, otherwise: Fault) -> Fault {
    match keys.knows(mac.key) {
        true => otherwise,
        false => Fault::UnknownKey(mac.key),
    }
}

pub(super) fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first thing that is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entry {number}: {fault}")]
pub struct Broken {
    /// The number of the entry that is not as it should be.
    pub number: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// A chain that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Entries that were read.
    pub entries: u64,
    /// The last of them.
    pub head: Link,
    /// Of these seals, the last one.
    pub sealed_up_to: u64,
}

/// Reads a chain. Holds one entry at a time, and the seals.
#[derive(Debug)]
pub struct Verifier<'a> {
    keys: &'a AuditKeys,
    chain: Chain,
    seals: &'a [Seal],
    next_seal: usize,
    sealed: u64,
    due: Option<Timestamp>,
    at: Link,
    entries: u64,
}

impl<'a> Verifier<'a> {
    /// Of a chain with these seals, in order. Where the front was taken by retention, `cut` says up to where,
    /// and the seals are those after it.
    ///
    /// # Errors
    /// When the seals themselves do not hold.
    pub fn new(
        keys: &'a AuditKeys,
        chain: Chain,
        seals: &'a [Seal],
        cut: Option<&'a Cut>,
    ) -> Result<Self, Broken> {
        if let Some(cut) = cut.filter(|cut| !cut.holds(keys, chain)) {
            let number = cut.seal.head.number;
            let fault = unproven(keys, &cut.mac, Fault::Seal);
            return Err(Broken { number, fault });
        }
        let taken = cut.map(|cut| &cut.seal);
        let mut before = taken;
        for seal in seals {
            let is_next = seal.number == before.map_or(0, |seal| seal.number) + 1;
            let goes_on = seal.head.number >= before.map_or(0, |seal| seal.head.number);
            if !is_next || !goes_on || !seal.follows(before, keys, chain) {
                let number = seal.head.number;
                let fault = unproven(keys, &seal.mac, Fault::Seal);
                return Err(Broken { number, fault });
            }
            before = Some(seal);
        }
        let at = taken.map_or(Link::GENESIS, |seal| seal.head);
        Ok(Self {
            keys,
            chain,
            seals,
            next_seal: 0,
            sealed: before.map_or(0, |seal| seal.head.number),
            due: None,
            at,
            entries: 0,
        })
    }

    /// Demands that a seal covers whatever was written before `due`.
    #[must_use]
    pub const fn demanding(self, due: Timestamp) -> Self {
        let due = Some(due);
        Self { due, ..self }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// When it is not the one that follows.
    pub fn take(&mut self, row: &Row) -> Result<(), Broken> {
        let number = self.at.number + 1;
        let broken = |fault| Err(Broken { number, fault });
        if row.link.number != number {
            return broken(Fault::OutOfOrder);
        }
        if !row.follows(&self.at, self.keys, self.chain) {
            return broken(unproven(self.keys, &row.link.mac, Fault::Altered));
        }
        if number > self.sealed && self.due.is_some_and(|due| row.entry.at < due) {
            return broken(Fault::Unsealed);
        }
        self.at = row.link;
        self.entries += 1;
        while let Some(seal) = self.seals.get(self.next_seal) {
            if seal.head.number > number {
                break;
            }
            if seal.head.number == number && seal.head != row.link {
                return broken(Fault::NotAsSealed);
            }
            self.next_seal += 1;
        }
        Ok(())
    }

    /// Ends at `head`, which is where the chain says that it ends.
    ///
    /// # Errors
    /// When what was sealed, or the head, was not reached.
    pub fn end(self, head: Link) -> Result<Verified, Broken> {
        let sealed = self.seals.last().map_or(0, |seal| seal.head.number);
        if self.at != head || sealed > self.at.number {
            let number = self.at.number + 1;
            return Err(Broken {
                number,
                fault: Fault::Cut,
            });
        }
        Ok(Verified {
            entries: self.entries,
            head: self.at,
            sealed_up_to: sealed,
        })
    }
}
