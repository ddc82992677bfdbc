//! Frames, as whoever listens reads them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// Frames that are remembered at least, and twice as many at most: some ticks of some topics, as they are told to those
/// who are late by some of them.
const REMEMBERED: usize = 4_096;

/// What is shorter is mostly told to one alone, and quickly read.
const SHORT_BYTES: usize = 512;

/// Reads frames, each text once, however many are told it: a debug build reads some megabytes a second.
#[derive(Debug, Default)]
pub(super) struct Reader(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    young: HashMap<String, Arc<Said>>,
    old: HashMap<String, Arc<Said>>,
}

impl Reader {
    pub(super) fn read(&self, text: &str) -> Result<Arc<Said>, String> {
        if let Some(said) = self.remembered().get(text) {
            return Ok(said);
        }
        let said = serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?;
        let said = Arc::new(said);
        if text.len() > SHORT_BYTES {
            let forgotten = self.remembered().put(text.to_owned(), &said);
            // It takes its time, and not everybody else's.
            drop(forgotten);
        }
        Ok(said)
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    fn get(&self, text: &str) -> Option<Arc<Said>> {
        let said = self.young.get(text).or_else(|| self.old.get(text));
        said.map(Arc::clone)
    }

    /// Remembers one more; what is not remembered any more.
    fn put(&mut self, text: String, said: &Arc<Said>) -> HashMap<String, Arc<Said>> {
        let forgotten = if self.young.len() < REMEMBERED {
            HashMap::new()
        } else {
            let young = std::mem::take(&mut self.young);
            std::mem::replace(&mut self.old, young)
        };
        self.young.insert(text, Arc::clone(said));
        forgotten
    }
}
