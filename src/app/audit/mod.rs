//! Who did what, on its way into the store: entries are made here, and bound by whoever keeps them.
//!
//! The store has the truth. What is changed is written down in the transaction that changes it, as the
//! [`Act`] that goes with it; what has no transaction is [written](Witness::write) before it is done. A
//! secret is masked before anything is made of it.

mod fact;
mod refused;
mod sealing;
mod verifying;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evara_actors::ports::Clock;
use uuid::Uuid;

use self::fact::Side;
use super::StartError;
use super::clock::SystemClock;
use super::store::audit_beside;

pub use fact::{Fact, chain_of_node, chain_of_reach, chains_of_tenant, made_of_node};
pub use refused::Refusals;
pub use sealing::SEAL_EVERY;
pub use verifying::Verdict;

pub use crate::audit::{Actor, ActorKind, Chain, Entry, Outcome, SealCopy, Wanted};
pub use crate::store::{AuditError, AuditLog, AuditQuery, Listed};

use crate::access::UserId;
use crate::audit::{AuditKeys, Record, Seal};
use crate::config::Config;
use crate::store::Act;

/// The way into the audit, and to what is in it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Audit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keys: Arc<AuditKeys>,
    store: Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
    /// The last seal of each chain that this process has made or seen true: a chain that is behind it was
    /// rolled back, which nothing in the database would tell.
    seen: Mutex<HashMap<Chain, Seal>>,
}

impl Audit {
    /// Over what the store keeps.
    pub fn new(keys: AuditKeys, store: Arc<dyn AuditLog>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            keys: Arc::new(keys),
            store,
            clock,
            seen: Mutex::default(),
        }))
    }

    /// What is kept in the store that `config` names, to be read beside whoever else has it.
    ///
    /// # Errors
    /// When it does not open, as where its schema is of another version.
    pub async fn beside(config: &Config) -> Result<Self, StartError> {
        let store = audit_beside(config).await?;
        let keys = AuditKeys::derive(&config.secret_key.obtain()?, &config.old_secret_keys)?;
        Ok(Self::new(keys, store, Arc::new(SystemClock::new())))
    }

    /// For whoever acts.
    pub fn witness(&self, actor: Actor) -> Witness {
        Witness {
            audit: self.clone(),
            actor,
        }
    }

    /// For what the service does by itself, or whoever sits at its console.
    pub fn console(&self) -> Witness {
        self.witness(Actor {
            kind: ActorKind::Service,
            id: None,
            session: None,
            address: None,
            correlation: None,
        })
    }

    /// Up to `limit` entries, the newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn page(&self, query: AuditQuery, limit: u32) -> Result<Vec<Listed>, AuditError> {
        self.0.store.audit_page(query, limit).await
    }

    /// What it guards is whole after every step, so that a panic elsewhere spoils nothing.
    fn seen(&self) -> MutexGuard<'_, HashMap<Chain, Seal>> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever acts, for what is written down of it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Witness {
    audit: Audit,
    actor: Actor,
}

impl Witness {
    /// Who it is.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The same request, now that it is known whose it is.
    #[must_use]
    pub fn of_person(&self, user: UserId, session: Option<Uuid>) -> Self {
        let kind = ActorKind::Person;
        let id = Some(user.0);
        self.audit.witness(Actor {
            kind,
            id,
            session,
            ..self.actor.clone()
        })
    }

    /// What goes with an act into its transaction.
    pub fn act(&self, fact: Fact) -> Act {
        Act {
            receipt: None,
            records: self.records(&fact, Outcome::Done),
        }
    }

    /// Writes down an act that has no transaction, before it is done: where that fails it must not be.
    ///
    /// # Errors
    /// When the store did not take it.
    pub async fn write(&self, fact: Fact) -> Result<(), AuditError> {
        let records = self.records(&fact, Outcome::Done);
        self.audit.0.store.write_audit(records).await
    }

    /// Writes down that something was refused.
    ///
    /// # Errors
    /// When the store did not take it.
    pub async fn write_refused(&self, fact: Fact) -> Result<(), AuditError> {
        let records = self.records(&fact, Outcome::Denied);
        self.audit.0.store.write_audit(records).await
    }

    fn records(&self, fact: &Fact, outcome: Outcome) -> Vec<Record> {
        let at = self.audit.0.clock.now();
        let record = |side: Side| {
            let entry = Entry {
                at,
                actor: self.actor.clone(),
                action: fact.action.clone().into_owned(),
                target: fact.target.clone(),
                outcome,
                before: side.before,
                after: side.after,
            };
            Record::new(Arc::clone(&self.audit.0.keys), side.chain, entry)
        };
        fact.sides().map(record).collect()
    }
}
