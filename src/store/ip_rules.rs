//! From where the service may be reached, as it is kept.

use std::fmt::Debug;

use evara_actors::ports::BoxFuture;
use uuid::Uuid;

use super::Act;
use crate::address::Rule;

/// The durable rules about addresses. A write that answered `Ok` was committed.
pub trait IpRules: Debug + Send + Sync {
    /// Every rule, in the order of creation.
    fn ip_rules(&self) -> BoxFuture<'_, Result<Vec<Rule>, IpRulesError>>;

    /// Adds a rule, together with what goes with it.
    fn insert_ip_rule(&self, rule: Rule, act: Act) -> BoxFuture<'_, Result<(), IpRulesError>>;

    /// Removes a rule, together with what goes with that.
    fn remove_ip_rule(&self, id: Uuid, act: Act) -> BoxFuture<'_, Result<(), IpRulesError>>;
}

/// Why a rule was not kept, or not given up.
#[derive(Debug, thiserror::Error)]
pub enum IpRulesError {
    /// No such rule.
    #[error("no such rule")]
    NotFound,
    /// The same is said of the network already.
    #[error("there is such a rule already")]
    Taken,
    /// The store failed, or did not answer in time.
    #[error("the store of rules cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
