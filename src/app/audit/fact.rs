//! What was done, to what, and in whose chain that stands. Pure.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Display;

use evara_actors::domain::NodeSpec;
use serde::Serialize;

use crate::access::{Forest, Reach, Tenant};
use crate::audit::{Chain, masked};

/// An act, without who and when.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Where it is told what the target was.
    left: BTreeSet<Chain>,
    /// Where it is told what the target is.
    entered: BTreeSet<Chain>,
    pub(super) action: Cow<'static, str>,
    pub(super) target: String,
    before: Option<String>,
    after: Option<String>,
}

/// What one chain is told of the target.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) chain: Chain,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

impl Fact {
    /// `action` done to `target`, in the chain of the service.
    pub fn new(action: impl Into<Cow<'static, str>>, target: impl Display) -> Self {
        Self {
            left: BTreeSet::from([Chain::SERVICE]),
            entered: BTreeSet::from([Chain::SERVICE]),
            action: action.into(),
            target: target.to_string(),
            before: None,
            after: None,
        }
    }

    /// In these chains, and all of it in each.
    #[must_use]
    pub fn of(self, chains: impl IntoIterator<Item = Chain>) -> Self {
        let chains: BTreeSet<_> = chains.into_iter().collect();
        self.moving(chains.clone(), chains)
    }

    /// In the chains that the target stood in, and those that it stands in: one that it left is told what it was and
    /// not what became of it, and one that it entered is not told where it comes from.
    #[must_use]
    pub fn moving(
        self,
        left: impl IntoIterator<Item = Chain>,
        entered: impl IntoIterator<Item = Chain>,
    ) -> Self {
        Self {
            left: left.into_iter().collect(),
            entered: entered.into_iter().collect(),
            ..self
        }
    }

    /// What each chain is told.
    pub(super) fn sides(&self) -> impl Iterator<Item = Side> {
        let told = |text: &Option<String>, is_told: bool| text.clone().filter(|_| is_told);
        self.left.union(&self.entered).map(move |chain| Side {
            chain: *chain,
            before: told(&self.before, self.left.contains(chain)),
            after: told(&self.after, self.entered.contains(chain)),
        })
    }

    /// What the target was, and what it is; none where it was not, or is no more.
    #[must_use]
    pub fn turning<T: Serialize>(self, before: Option<&T>, after: Option<&T>) -> Self {
        Self {
            before: before.map(told),
            after: after.map(told),
            ..self
        }
    }

    /// What the target was.
    #[must_use]
    pub fn was(self, target: &impl Serialize) -> Self {
        let before = Some(told(target));
        Self { before, ..self }
    }

    /// What the target is.
    #[must_use]
    pub fn is(self, target: &impl Serialize) -> Self {
        let after = Some(told(target));
        Self { after, ..self }
    }
}

/// As JSON without secrets. What is shown to people can always be told; null would say that it could not.
fn told(target: &impl Serialize) -> String {
    masked(serde_json::to_value(target).unwrap_or_default()).to_string()
}

/// The chain that a node stands in.
pub fn chain_of_node(spec: &NodeSpec) -> Chain {
    spec.community_id.map_or(Chain::SERVICE, Chain)
}

/// What is made of a node: in the chain of its community; where it moves, in those of both, and in each what
/// it was or is there.
pub fn made_of_node(
    action: &'static str,
    before: Option<&NodeSpec>,
    after: Option<&NodeSpec>,
) -> Fact {
    let target = after.or(before).map(|spec| format!("node/{}", spec.id));
    let fact = Fact::new(action, target.unwrap_or_default());
    let fact = fact.moving(before.map(chain_of_node), after.map(chain_of_node));
    fact.turning(before, after)
}

/// The chains that a tenant stands in: that of whoever has a say in it, and a community's own.
pub fn chains_of_tenant(tenant: &Tenant) -> BTreeSet<Chain> {
    match tenant {
        Tenant::Distributor(_) | Tenant::Plan(_) => BTreeSet::from([Chain::SERVICE]),
        Tenant::Community(it) => BTreeSet::from([Chain(it.distributor.0), Chain(it.id.0)]),
        Tenant::Customer(it) => BTreeSet::from([Chain(it.community.0)]),
    }
}

/// The chain that somebody of this reach stands in.
pub fn chain_of_reach(reach: &Reach, forest: &Forest) -> Chain {
    match reach {
        Reach::All | Reach::Nothing => Chain::SERVICE,
        Reach::Distributor(id) | Reach::Region(id, _) => Chain(id.0),
        Reach::Community(id) => Chain(id.0),
        Reach::Customer(id) => {
            let customer = forest.customers.get(id);
            customer.map_or(Chain::SERVICE, |customer| Chain(customer.community.0))
        }
    }
}
