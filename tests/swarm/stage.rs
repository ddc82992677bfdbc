//! What those who listen are told from the outside: where the service is, who they are, and what they are to know.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use evara_actors::domain::Timestamp;
use uuid::Uuid;

use super::said::Nodes;

/// Somebody whom several listen as.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) token: String,
    /// What he may is being changed: his token may be refused at any time from now on.
    pub(crate) is_changing: bool,
    /// The token is no use any more.
    pub(crate) is_out: bool,
    /// What he must not be told of.
    pub(crate) hidden: Option<Hidden>,
    /// Once the storm is over: all that he sees.
    pub(crate) sees: Option<Nodes>,
}

/// What somebody saw, and does no longer.
#[derive(Debug, Clone)]
pub(crate) struct Hidden {
    pub(crate) nodes: BTreeSet<Uuid>,
    pub(crate) since: Timestamp,
}

/// What everyone is told from the outside.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    /// At least one; the clients are theirs by turns.
    pub(crate) people: Vec<Person>,
    /// Whether they leave and forget to read, as they please.
    pub(crate) is_storm: bool,
    /// Whether those who forget to read do not read at all.
    pub(crate) is_deaf: bool,
    /// How often all connections broke at once.
    pub(crate) breaks: u32,
    /// How often the service died with what was told and not written yet.
    pub(crate) losses: u32,
    /// Who does not know everything by now never will.
    pub(crate) is_over: bool,
}

impl Stage {
    /// These people listen, while a storm goes over them.
    pub(crate) fn of(address: SocketAddr, people: Vec<Person>) -> Self {
        Self {
            address,
            people,
            is_storm: true,
            is_deaf: false,
            breaks: 0,
            losses: 0,
            is_over: false,
        }
    }
}

impl Person {
    /// Somebody who bears this token.
    pub(crate) fn with(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            is_changing: false,
            is_out: false,
            hidden: None,
            sees: None,
        }
    }
}
