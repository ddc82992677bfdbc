//! Frames, as whoever listens reads them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use evara_actors::domain::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uuid::Uuid;

/// How nodes are, by id.
pub(crate) type Nodes = BTreeMap<Uuid, Arc<Node>>;

/// How a node is, as a frame and the API say it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Node {
    pub(crate) node_id: Uuid,
    pub(crate) revision: u64,
    /// Not of a node that is removed.
    #[serde(default)]
    status: String,
    #[serde(default)]
    reported: Value,
    #[serde(default)]
    derived: Value,
}

/// What happened to a node.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) event: String,
    pub(super) previous_revision: u64,
    /// When it was told.
    #[serde(deserialize_with = "time")]
    pub(super) at: Timestamp,
    #[serde(flatten)]
    pub(super) node: Arc<Node>,
}

fn time<'de, D: Deserializer<'de>>(text: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(text)?;
    text.parse().map_err(|_| D::Error::custom("no time"))
}

impl Event {
    pub(super) fn is_removal(&self) -> bool {
        self.event == "NODE_REMOVED"
    }
}

/// What a frame says, as far as anybody here looks at it.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said {
    Hello {},
    Authenticated {},
    Subscribed {
        topic: String,
        cursor: Option<String>,
    },
    Unsubscribed {
        topic: String,
    },
    Snapshot {
        topic: String,
        part: u32,
        more: bool,
        cursor: Option<String>,
        nodes: Vec<Arc<Node>>,
    },
    Event {
        topic: String,
        cursor: Option<String>,
        #[serde(flatten)]
        event: Event,
    },
    Batch {
        topic: String,
        cursor: Option<String>,
        updates: Vec<Event>,
    },
    Lag {
        topic: String,
        folded: u64,
    },
    Resync {
        topic: String,
    },
    Error {
        code: String,
    },
    Ping {
        cursors: BTreeMap<String, String>,
    },
}

impl Said {
    /// Which topic it is of.
    pub(super) fn topic(&self) -> Option<&str> {
        match self {
            Self::Subscribed { topic, .. }
            | Self::Unsubscribed { topic }
            | Self::Snapshot { topic, .. }
            | Self::Event { topic, .. }
            | Self::Batch { topic, .. }
            | Self::Lag { topic, .. }
            | Self::Resync { topic } => Some(topic),
            Self::Hello {} | Self::Authenticated {} | Self::Error { .. } | Self::Ping { .. } => {
                None
            }
        }
    }

    /// What it says that happened.
    pub(super) fn events(&self) -> &[Event] {
        if let Self::Event { event, .. } = self {
            std::slice::from_ref(event)
        } else if let Self::Batch { updates, .. } = self {
            updates
        } else {
            &[]
        }
    }

    /// The nodes that it tells of.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        let states: &[Arc<Node>] = if let Self::Snapshot { nodes, .. } = self {
            nodes
        } else {
            &[]
        };
        let of_events = self.events().iter().map(|event| &event.node);
        states.iter().chain(of_events)
    }
}

/// Frames that are remembered: some ticks of some topics.
const REMEMBERED: usize = 1_024;

/// Reads frames, each text once, however many are told it: a debug build reads some megabytes a second.
#[derive(Debug, Default)]
pub(super) struct Reader(Mutex<HashMap<String, Arc<Said>>>);

impl Reader {
    pub(super) fn read(&self, text: &str) -> Result<Arc<Said>, String> {
        let held = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(said) = held().get(text) {
            return Ok(Arc::clone(said));
        }
        let said = serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?;
        let said = Arc::new(said);
        let mut held = held();
        if held.len() >= REMEMBERED {
            held.clear();
        }
        held.insert(text.to_owned(), Arc::clone(&said));
        Ok(said)
    }
}
