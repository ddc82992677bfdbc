//! The rules about addresses in memory: who is let in, without asking the store.
//!
//! The store has the truth; what is held here follows it after each commit. Nobody changes the rules so
//! that they would be kept out themselves: they could not change them back.

use std::sync::Arc;

use evara_actors::ports::Clock;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::kept::{Act, IpRules, IpRulesError};
use crate::address::{Action, ClientAddress, Gate, MAX_RULES, Network, Rule, Rules};

/// The rules, and whoever changes them.
#[derive(Debug)]
pub struct AddressRules {
    store: Arc<dyn IpRules>,
    gate: Gate,
    clock: Arc<dyn Clock>,
    /// One change at a time: each is judged by the rules that it changes.
    turn: Mutex<()>,
}

/// Why the rules stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Whoever asks would be kept out.
    #[error("whoever asks would be kept out")]
    LockOut,
    /// There are [`MAX_RULES`] already.
    #[error("there are {MAX_RULES} rules already")]
    Full,
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] IpRulesError),
}

impl AddressRules {
    /// No rule yet; `gate` follows.
    pub fn new(store: Arc<dyn IpRules>, gate: Gate, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            gate,
            clock,
            turn: Mutex::default(),
        }
    }

    /// Holds every rule of the store from now on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(&self) -> Result<(), IpRulesError> {
        let _turn = self.turn.lock().await;
        let rules = self.store.ip_rules().await?;
        self.gate.follow(Rules::new(rules));
        Ok(())
    }

    /// The rules as they stand.
    pub fn rules(&self) -> Arc<Rules> {
        self.gate.rules()
    }

    /// A new rule, which says nothing before it is [added](Self::add).
    pub fn make(&self, network: Network, action: Action, note: Option<String>) -> Rule {
        Rule {
            id: Uuid::now_v7(),
            network,
            action,
            note,
            created_at: self.clock.now(),
        }
    }

    /// Has a rule hold from now on, together with what goes with that, as asked from `client`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn add(&self, rule: Rule, client: ClientAddress, act: Act) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let before = self.gate.rules();
        if before.all().len() >= MAX_RULES {
            return Err(Error::Full);
        }
        let after = allowing(before.with(rule.clone()), client)?;
        self.store.insert_ip_rule(rule, act).await?;
        self.gate.follow(after);
        Ok(())
    }

    /// Has a rule hold no longer, as asked from `client`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn remove(&self, id: Uuid, client: ClientAddress, act: Act) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let after = self.gate.rules().without(id);
        let after = allowing(after.ok_or(IpRulesError::NotFound)?, client)?;
        self.store.remove_ip_rule(id, act).await?;
        self.gate.follow(after);
        Ok(())
    }
}

fn allowing(rules: Rules, client: ClientAddress) -> Result<Rules, Error> {
    if rules.admit(client) {
        Ok(rules)
    } else {
        Err(Error::LockOut)
    }
}
