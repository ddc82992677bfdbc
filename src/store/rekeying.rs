//! Sealing anew, under the SECRET_KEY of today, what was sealed under one from before.
//!
//! A value is replaced only by itself, and only as it was read: what somebody else writes meanwhile stays.
//! Each handful is a transaction of its own, so that being cut off costs nothing and who begins again finds
//! what is left. What opens under no key that is known is told, and never touched.

use std::fmt::Debug;

use evara_actors::ports::BoxFuture;
use uuid::Uuid;

use super::secret_box::Place;
use super::{ReceiptName, SecretBox};

/// What is sealed, by where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedTable {
    /// The keys of channels.
    ReadKeys,
    /// The authenticators of people.
    Authenticators,
    /// The answers to requests that may be repeated.
    Answers,
}

impl SealedTable {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ReadKeys, Self::Authenticators, Self::Answers];

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadKeys => "keys of channels",
            Self::Authenticators => "authenticators",
            Self::Answers => "kept answers",
        }
    }
}

/// A row that has a sealed value: the id that begins its key, and for answers the rest of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    pub(super) id: Uuid,
    pub(super) name: String,
}

impl SealedRow {
    pub(super) const fn of(id: Uuid) -> Self {
        Self {
            id,
            name: String::new(),
        }
    }

    pub(super) fn of_answer(ReceiptName { caller, key }: ReceiptName) -> Self {
        Self {
            id: caller,
            name: key,
        }
    }
}

/// What became of a handful of values that were not under the key of today.
#[derive(Debug, Default)]
pub struct Rekeyed {
    /// How many are, now.
    pub done: usize,
    /// Those that open under no key that is known: altered, or moved from another row.
    pub unopened: Vec<String>,
    /// After which row to go on; none where there are no more.
    pub last: Option<SealedRow>,
}

/// What is sealed, to whoever changes the key. A write that answered `Ok` was committed.
pub trait Rekeying: Debug + Send + Sync {
    /// Seals anew up to `limit` values of `table` that are under another key than today's, in the order of
    /// their rows after `after`.
    fn rekey(
        &self,
        table: SealedTable,
        after: Option<SealedRow>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Rekeyed, RekeyError>>;

    /// Has the database forget all keys but today's, unless some value is under another one; tells how many are.
    fn settle(&self) -> BoxFuture<'_, Result<u64, RekeyError>>;
}

/// Why values were not sealed anew. All that was before stays done.
#[derive(Debug, thiserror::Error)]
pub enum RekeyError {
    /// Another SECRET_KEY was taken up meanwhile.
    #[error("another SECRET_KEY was taken up meanwhile")]
    Overtaken,
    /// The store failed, or did not answer in time.
    #[error("the store of secrets cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A value as it was found.
pub(super) struct Found {
    pub(super) row: SealedRow,
    pub(super) place: Place,
    pub(super) blob: Vec<u8>,
}

/// A value to be replaced, if it is still as it was found.
pub(super) struct Replacement {
    pub(super) row: SealedRow,
    pub(super) old: Vec<u8>,
    pub(super) new: Vec<u8>,
}

/// What to replace, and what is to be told of the rest. `limit` is how many were asked for.
pub(super) fn plan(keys: &SecretBox, found: Vec<Found>, limit: u32) -> (Vec<Replacement>, Rekeyed) {
    let is_full = found.len() as u64 >= u64::from(limit);
    let mut told = Rekeyed {
        last: found
            .last()
            .filter(|_| is_full)
            .map(|last| last.row.clone()),
        ..Rekeyed::default()
    };
    let mut replacements = Vec::with_capacity(found.len());
    for Found { row, place, blob } in found {
        match keys.seal_anew(&place, &blob) {
            Ok(new) => replacements.push(Replacement {
                row,
                old: blob,
                new,
            }),
            Err(_seal) => told.unopened.push(place.to_string()),
        }
    }
    (replacements, told)
}
