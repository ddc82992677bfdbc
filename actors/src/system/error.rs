//! What can go wrong with the system as a whole.

use crate::domain::NodeId;
use crate::tree::{AskError, PlantError};
use crate::twin::{OfferError, SnapshotError};

/// Why the system did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A twin cannot come back: to begin it anew in silence would lose its past.
    #[error("node {node} cannot be brought back")]
    Unreadable {
        /// Whose snapshot it is.
        node: NodeId,
        /// What is wrong with it.
        #[source]
        source: SnapshotError,
    },
    /// Two descriptions with one id.
    #[error("node {0} is there twice")]
    Twice(NodeId),
    /// An actor did not start.
    #[error("the tree did not come up")]
    Tree(#[from] PlantError),
}

/// Why the system did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// There is a node with this id.
    #[error("node {0} is there already")]
    Exists(NodeId),
    /// No such node.
    #[error("there is no node {0}")]
    NotFound(NodeId),
    /// There is nothing to release.
    #[error("node {0} is not quarantined")]
    NotQuarantined(NodeId),
    /// The twin did not take it.
    #[error("the twin did not take it")]
    Twin(#[from] OfferError),
    /// An actor did not start, or a supervisor did not answer: to repeat it is safe.
    #[error("the tree did not follow")]
    Tree(#[from] PlantError),
    /// Not everyone is there yet: nothing was changed.
    #[error("the system is being started")]
    Starting,
    /// The system is being stopped.
    #[error("the system is being stopped")]
    Stopping,
}

impl From<AskError> for SystemError {
    fn from(error: AskError) -> Self {
        Self::Tree(error.into())
    }
}
