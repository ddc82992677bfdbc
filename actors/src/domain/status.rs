//! Whether a node can be believed to be alive: a judgement on the age of its newest source time.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// The states that a node can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusState {
    /// Known, but never heard of.
    Provisioning,
    /// Its newest source time is as recent as expected.
    Online,
    /// Silent for longer than usual.
    Late,
    /// Silent for so long that its values describe the past.
    Offline,
    /// Taken out of service by a person.
    Maintenance,
    /// Its messages broke its actor; answered from the last view.
    Quarantined,
}

impl StatusState {
    /// The name used in the API and in the history.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Online => "online",
            Self::Late => "late",
            Self::Offline => "offline",
            Self::Maintenance => "maintenance",
            Self::Quarantined => "quarantined",
        }
    }
}

/// Why a status holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusReason {
    /// Nothing was ever heard.
    NeverSeen,
    /// The newest source time is recent.
    Fresh,
    /// The newest source time is older than the node's limit.
    Silent,
    /// A person said so.
    Maintenance,
    /// The actor was given up on.
    RestartsExhausted,
}

impl StatusReason {
    /// The name used in the API and in the history.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeverSeen => "never_seen",
            Self::Fresh => "fresh",
            Self::Silent => "silent",
            Self::Maintenance => "maintenance",
            Self::RestartsExhausted => "restarts_exhausted",
        }
    }
}

/// A state, since when, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Status {
    /// What holds.
    pub state: StatusState,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: StatusReason,
}
