//! What is written down of an act.

use evara_actors::domain::Timestamp;
use uuid::Uuid;

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// Somebody with an account.
    Person,
    /// The bearer of a device's key.
    Device,
    /// Whoever bears nothing that is known.
    Stranger,
    /// The service itself, or whoever sits at its console.
    Service,
}

impl ActorKind {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Person, Self::Device, Self::Stranger, Self::Service];

    /// The name in the API and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Device => "device",
            Self::Stranger => "stranger",
            Self::Service => "service",
        }
    }
}

/// Who acted, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What they are.
    pub kind: ActorKind,
    /// The account or the key.
    pub id: Option<Uuid>,
    /// The session of a person.
    pub session: Option<Uuid>,
    /// The client's address, as far as it is known.
    pub address: Option<String>,
    /// What the request was called by; up to 64 characters.
    pub correlation: Option<String>,
}

/// What became of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, in the transaction that holds the entry; or begun, where it has none.
    Done,
    /// It was refused.
    Denied,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Done, Self::Denied];

    /// The name in the API and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
        }
    }
}

/// An act, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What, such as `node.create`.
    pub action: String,
    /// To what, such as `node/` and its id.
    pub target: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The target before, as JSON without secrets; byte for byte as it was hashed.
    pub before: Option<String>,
    /// The target after.
    pub after: Option<String>,
}
