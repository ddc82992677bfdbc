//! Why a node is not as somebody wanted it.

use evara_actors::domain::FieldError;
use evara_actors::ports::RegistryError;
use evara_actors::system::SystemError;

use super::KeysError;

/// Why nothing was changed, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such node.
    #[error("no such node")]
    NotFound,
    /// Another node has the key.
    #[error("the node key is taken")]
    KeyTaken,
    /// Someone else changed it first.
    #[error("the description was changed meanwhile")]
    Conflict,
    /// It is not what the caller's condition expects.
    #[error("the node has moved on")]
    Precondition,
    /// The community that it is to be in has as many nodes as its plan allows.
    #[error("the plan {plan} allows {nodes} nodes")]
    NoRoom {
        /// What the plan is called.
        plan: String,
        /// How many nodes it allows.
        nodes: u32,
    },
    /// The description cannot be taken.
    #[error("the description has {} faults", .0.len())]
    Invalid(Vec<FieldError>),
    /// Too many changes are under way; nothing was changed.
    #[error("too many changes are under way")]
    Busy,
    /// The registry failed, and took nothing, unless its answer was lost.
    #[error("the registry failed")]
    Registry(#[source] RegistryError),
    /// The change is kept, and the key is not.
    #[error("the key was not kept")]
    Keys(#[from] KeysError),
    /// The change is kept, and the twin has not followed yet.
    #[error("the twin did not follow")]
    System(#[from] SystemError),
    /// A fault of ours.
    #[error("the change broke off")]
    Broke(#[from] tokio::task::JoinError),
}

impl Error {
    /// Whether the registry may have the change all the same.
    pub const fn may_be_kept(&self) -> bool {
        matches!(
            self,
            Self::Registry(_) | Self::Keys(_) | Self::System(_) | Self::Broke(_)
        )
    }
}

impl From<RegistryError> for Error {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::KeyTaken => Self::KeyTaken,
            // What people say is checked before: somebody removed it since.
            RegistryError::VersionMoved | RegistryError::NoTenant => Self::Conflict,
            RegistryError::NotFound => Self::NotFound,
            RegistryError::NoRoom { plan, nodes } => Self::NoRoom { plan, nodes },
            RegistryError::Unavailable(_) => Self::Registry(error),
        }
    }
}
