//! What is written down of acts, as it is kept: in chains that only grow, see [`audit`](crate::audit).
//!
//! What goes with a change into its transaction is an [`Act`]: where it cannot be kept, nothing is changed.

use std::fmt::Debug;

use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use uuid::Uuid;

use super::Kept;
use crate::audit::{Chain, Cut, Link, Outcome, Record, Row, Seal};

/// What goes with a change into its transaction.
#[derive(Debug, Clone, Default)]
pub struct Act {
    /// The answer to whoever asked for it.
    pub receipt: Option<Kept>,
    /// What is written down of it; in one chain, or in those of both sides.
    pub records: Vec<Record>,
}

impl From<Option<Kept>> for Act {
    fn from(receipt: Option<Kept>) -> Self {
        Self {
            receipt,
            records: Vec::new(),
        }
    }
}

impl From<Kept> for Act {
    fn from(receipt: Kept) -> Self {
        Some(receipt).into()
    }
}

impl Act {
    /// The same, with the answer to whoever asked for it.
    #[must_use]
    pub fn answered(self, receipt: Option<Kept>) -> Self {
        Self { receipt, ..self }
    }

    /// The same, with what is written down of another act in the same transaction.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.records.extend(other.records);
        self
    }

    /// What goes with undoing it: the same entries, with the end for a beginning. The answer is forgotten apart.
    #[must_use]
    pub fn undoing(&self) -> Self {
        Self {
            receipt: None,
            records: self.records.iter().map(Record::undoing).collect(),
        }
    }

    /// Its records in the order of their chains, in which every transaction takes them.
    pub(super) fn in_order(mut records: Vec<Record>) -> Vec<Record> {
        records.sort_by_key(Record::chain);
        records
    }
}

/// An entry, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its chain.
    pub chain: Chain,
    /// Its place there, and what it says.
    pub row: Row,
}

/// Which entries are wanted; what is none asks for nothing in particular.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Of these chains.
    pub chains: Option<Vec<Chain>>,
    /// By whom.
    pub actor: Option<Uuid>,
    /// What it was done to.
    pub target: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// What became of it.
    pub outcome: Option<Outcome>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// Only those with a smaller id.
    pub before: Option<i64>,
}

/// What a chain says of itself, at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Where it says that it ends.
    pub head: Link,
    /// The number of the last entry that is there; 0 where none is.
    pub last: u64,
    /// Where it begins, if its front was taken.
    pub cut: Option<Cut>,
    /// Those after that, in order.
    pub seals: Vec<Seal>,
}

/// A chain that has grown since it was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsealed {
    /// Which.
    pub chain: Chain,
    /// How far it is.
    pub head: Link,
    /// Its last seal.
    pub seal: Option<Seal>,
}

/// The durable audit. A write that answered `Ok` was committed.
pub trait AuditLog: Debug + Send + Sync {
    /// Adds entries: of acts that have no transaction, before they are done, and of what was refused.
    fn write_audit(&self, records: Vec<Record>) -> BoxFuture<'_, Result<(), AuditError>>;

    /// Up to `limit` entries, the newest first.
    fn audit_page(
        &self,
        query: AuditQuery,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Listed>, AuditError>>;

    /// Up to `limit` entries of a chain after the number `after`, in their order.
    fn audit_of(
        &self,
        chain: Chain,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Row>, AuditError>>;

    /// Every chain that there is anything of.
    fn audit_chains(&self) -> BoxFuture<'_, Result<Vec<Chain>, AuditError>>;

    /// What a chain says of itself.
    fn audit_held(&self, chain: Chain) -> BoxFuture<'_, Result<Held, AuditError>>;

    /// Chains that have grown since they were sealed.
    fn audit_unsealed(&self) -> BoxFuture<'_, Result<Vec<Unsealed>, AuditError>>;

    /// Adds a seal, unless there is one of its number.
    fn put_audit_seal(&self, chain: Chain, seal: Seal) -> BoxFuture<'_, Result<(), AuditError>>;

    /// The last seal of a chain with nothing before it that was written at `before` or later, of its first
    /// `most` entries, or the first seal however many those are; never the newest seal of all.
    fn audit_cuttable(
        &self,
        chain: Chain,
        before: Timestamp,
        most: u32,
    ) -> BoxFuture<'_, Result<Option<Seal>, AuditError>>;

    /// Takes all of a chain up to a seal, and says so; tells how many entries that were.
    fn cut_audit(&self, chain: Chain, cut: Cut) -> BoxFuture<'_, Result<u64, AuditError>>;
}

/// The audit was not written, or not read.
#[derive(Debug, thiserror::Error)]
#[error("the store of the audit cannot be reached")]
pub struct AuditError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
