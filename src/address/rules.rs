//! From where the service may be reached: allowed and denied networks, and what they come to.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use evara_actors::domain::Timestamp;
use uuid::Uuid;

use super::{ClientAddress, Network};

/// Every request is held against all of them.
pub const MAX_RULES: usize = 256;

/// What a rule does with those whom it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Lets them in; where there is such a rule, only those who have one are let in.
    Allow,
    /// Keeps them out, whatever lets them in.
    Deny,
}

impl Action {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    /// The action of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Allow, Self::Deny]
            .into_iter()
            .find(|action| action.name() == name)
    }
}

/// A rule about a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Made by us.
    pub id: Uuid,
    /// Whom it is about.
    pub network: Network,
    /// What it does with them.
    pub action: Action,
    /// What people say of it.
    pub note: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// All rules. Without any, everyone is let in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// These, in the order of creation.
    pub const fn new(rules: Vec<Rule>) -> Self {
        Self(rules)
    }

    /// All of them, in the order of creation.
    pub fn all(&self) -> &[Rule] {
        &self.0
    }

    /// The rules, and one more.
    #[must_use]
    pub fn with(&self, rule: Rule) -> Self {
        Self(self.0.iter().cloned().chain([rule]).collect())
    }

    /// The rules without the one of this id; `None` where there is none.
    pub fn without(&self, id: Uuid) -> Option<Self> {
        let left: Vec<_> = self
            .0
            .iter()
            .filter(|rule| rule.id != id)
            .cloned()
            .collect();
        (left.len() < self.0.len()).then_some(Self(left))
    }

    /// Whether whoever is there is let in. The machine itself always is: whoever is on it could change the
    /// rules in the store. Of whom a proxy does not tell where they are, nobody knows that they are not kept
    /// out: they are let in where there is no rule at all.
    pub fn admit(&self, client: ClientAddress) -> bool {
        if !client.is_told() {
            return self.0.is_empty();
        }
        let address = client.ip();
        if address.is_loopback() {
            return true;
        }
        let allowed = || self.is_about(Action::Allow, address) || !self.has(Action::Allow);
        !self.is_about(Action::Deny, address) && allowed()
    }

    fn has(&self, action: Action) -> bool {
        self.0.iter().any(|rule| rule.action == action)
    }

    fn is_about(&self, action: Action, address: IpAddr) -> bool {
        let mut of_action = self.0.iter().filter(|rule| rule.action == action);
        of_action.any(|rule| rule.network.contains(address))
    }
}

/// The rules as they stand. Cheap to clone; all clones have the same ones.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<ArcSwap<Rules>>);

impl Gate {
    /// The rules as they stand.
    pub fn rules(&self) -> Arc<Rules> {
        self.0.load_full()
    }

    /// Has `rules` stand from now on.
    pub fn follow(&self, rules: Rules) {
        self.0.store(Arc::new(rules));
    }

    /// Whether whoever is there is let in.
    pub fn admits(&self, client: ClientAddress) -> bool {
        self.0.load().admit(client)
    }
}
