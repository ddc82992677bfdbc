//! Where the descriptions of nodes are kept.

use std::fmt::Debug;

use super::BoxFuture;
use crate::domain::{NodeId, NodeSpec};

/// The durable list of nodes. A write that answered `Ok` was committed.
pub trait Registry: Debug + Send + Sync {
    /// Every node, in the order of creation.
    fn nodes(&self) -> BoxFuture<'_, Result<Vec<NodeSpec>, RegistryError>>;

    /// One of them; `None` where there is no such node.
    fn node(&self, id: NodeId) -> BoxFuture<'_, Result<Option<NodeSpec>, RegistryError>>;

    /// Adds a node.
    fn insert(&self, spec: NodeSpec) -> BoxFuture<'_, Result<(), RegistryError>>;

    /// Replaces the description whose version is one less than `spec.version`.
    fn update(&self, spec: NodeSpec) -> BoxFuture<'_, Result<(), RegistryError>>;

    /// Removes a node and its channel binding; its history stays until retention takes it.
    fn remove(&self, id: NodeId) -> BoxFuture<'_, Result<(), RegistryError>>;
}

/// Why the list did not change.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Another node of the community has this key.
    #[error("the node key is taken")]
    KeyTaken,
    /// Someone else changed it first.
    #[error("the description was changed meanwhile")]
    VersionMoved,
    /// No such node.
    #[error("no such node")]
    NotFound,
    /// The community that it names is not there, or not the customer in that community.
    #[error("what the node belongs to is not there")]
    NoTenant,
    /// The community that it is to be in has as many nodes as its plan allows.
    #[error("the plan {plan} allows {nodes} nodes")]
    NoRoom {
        /// What the plan is called.
        plan: String,
        /// How many nodes it allows.
        nodes: u32,
    },
    /// The store failed, or did not answer in time.
    #[error("the registry cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
