//! What clients are told, as types: small frames are spelt from them, and the
//! [description](super::asyncapi) is made of all of them.
//!
//! Frames that hold nodes are spelt by [`frame`](super::frame) around texts that many share. Their types here are
//! never made; that what is sent has their shape is tested where frames are sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use evara_actors::ingest::BreakerState;
use evara_actors::twin::Presence;
use evara_actors::watchers::broadcast::{Condition, Subject};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::problem::Code;
use crate::http::views::{StateView, Time};

/// A frame that holds no nodes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said {
    /// The first of all.
    Hello {
        /// Of this connection alone.
        session: Uuid,
        /// Seconds between two signs of life that are asked for.
        heartbeat_s: u64,
        /// Seconds for which what was missed can be told again.
        resume_window_s: u64,
    },
    /// It is known who listens, after an `auth` frame.
    Authenticated {},
    /// A topic is listened to.
    Subscribed {
        topic: String,
        /// Where it goes on from; null where a snapshot follows.
        #[schema(required = true, value_type = Option<String>)]
        cursor: Option<Arc<str>>,
    },
    /// A topic is not listened to any more: it was asked for, or it is not there for the client any more.
    Unsubscribed { topic: String },
    /// The gap cannot be told: a snapshot follows.
    Resync {
        topic: String,
        /// `cursor_unknown`, `gap` or `rights_changed`; there may be more.
        reason: String,
    },
    /// Events of a slow reader were left out, each since a later one of its node says all that it said.
    Lag {
        topic: String,
        /// How many.
        folded: usize,
    },
    /// Something is not as it should be; a WebSocket stays open.
    Error { code: Code, detail: String },
    /// A sign of life is asked for: any frame is one.
    Ping {
        /// The places that topics have come to, by topic; those without one are left out.
        #[schema(value_type = BTreeMap<String, String>)]
        cursors: BTreeMap<String, Arc<str>>,
    },
}

/// Where an event or a batch stands.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "spelt by hand around shared texts: only the shape is used"
)]
pub(super) struct Place {
    topic: String,
    /// To go on from; null where there is no going on from there yet.
    #[schema(required = true)]
    cursor: Option<String>,
}

/// A part of how the nodes of a topic are; with part 0, all that was known of it is to be forgotten.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "spelt by hand around shared texts: only the shape is used"
)]
pub(super) struct Snapshot {
    topic: String,
    part: u32,
    /// Whether another part follows.
    more: bool,
    /// Of the last part alone.
    #[schema(required = true)]
    cursor: Option<String>,
    /// None where the topic is `supervision`.
    nodes: Vec<NodeShape>,
    /// Where the topic is `supervision`: those who are not as usual. Absent where it is another.
    #[schema(value_type = Vec<Supervised>, required = false)]
    supervised: Option<Vec<Supervised>>,
}

/// Somebody of the tree is otherwise than before, or a breaker is.
#[derive(Serialize, ToSchema)]
pub(super) struct Turned {
    pub(super) event: &'static str,
    /// When that was seen: within a second.
    pub(super) at: Time,
}

/// An actor or a breaker, and how it is. Of whom nothing is told, or that he is gone, is not there, or runs and was never started again, or is closed.
#[derive(Serialize, ToSchema)]
pub(super) struct Supervised {
    /// The actor's name in the tree, such as `shard/17`; of a breaker, `host` or `channel/{channel_id}`.
    id: String,
    /// `supervisor`, `broadcast`, `writer`, `twin`, `poller` or `breaker`.
    kind: &'static str,
    state: SupervisedState,
    /// How often it was started again, since the process started; 0 of a breaker.
    restarts: u32,
    /// Of a twin; null of all others.
    #[schema(required = true)]
    node_id: Option<Uuid>,
}

/// How an actor is, or, from `closed` on, a breaker.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SupervisedState {
    Running,
    Restarting,
    Quarantined,
    Gone,
    Closed,
    Open,
    HalfOpen,
}

impl From<(Subject, Condition)> for Supervised {
    fn from((subject, condition): (Subject, Condition)) -> Self {
        let restarts = match condition {
            Condition::Actor { restarts, .. } => restarts,
            Condition::Breaker(_) => 0,
        };
        let node_id = match subject {
            Subject::Twin(node) => Some(node.0),
            Subject::Watchers
            | Subject::Shards
            | Subject::Broadcast
            | Subject::Writer(_)
            | Subject::Shard(_)
            | Subject::Poller(_)
            | Subject::Host
            | Subject::Channel(_) => None,
        };
        Self {
            id: subject.to_string(),
            kind: subject.kind(),
            state: condition.into(),
            restarts,
            node_id,
        }
    }
}

impl From<Condition> for SupervisedState {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Actor { presence, .. } => match presence {
                Presence::Running => Self::Running,
                Presence::Restarting => Self::Restarting,
                Presence::Quarantined => Self::Quarantined,
                Presence::Gone => Self::Gone,
            },
            Condition::Breaker(BreakerState::Closed) => Self::Closed,
            Condition::Breaker(BreakerState::Open) => Self::Open,
            Condition::Breaker(BreakerState::HalfOpen) => Self::HalfOpen,
        }
    }
}

/// What an event says beside the node.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "spelt by hand around shared texts: only the shape is used"
)]
pub(super) struct Step {
    /// What is most notable of it. Whoever keeps what he read of descriptions, lists and figures reads those that the node is in again
    /// where it was described anew (`CACHE_INVALIDATED`), came into what is listened to (`NODE_PROVISIONED`) or went (`NODE_REMOVED`).
    event: String,
    /// What a client knew of the node, if it was told everything; 0 for nothing.
    previous_revision: u64,
    /// When it was told.
    at: Time,
}

/// A node that is there no longer.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "spelt by hand around shared texts: only the shape is used"
)]
pub(super) struct Gone {
    node_id: Uuid,
    revision: u64,
}

/// A node, as the description has it: its numbers are by name, whatever they are held in.
pub(super) type NodeShape = NodeState<(), ()>;

/// How a node is. Where a subscription names `fields`, its other members are absent; where it names none, all are there.
#[derive(Serialize, ToSchema)]
#[schema(as = Node)]
pub(super) struct NodeState<R, D> {
    pub(super) node_id: Uuid,
    /// Of one node it never goes back.
    pub(super) revision: u64,
    #[schema(value_type = StateView, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<StateView>,
    #[schema(value_type = Time, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status_since: Option<Time>,
    /// The newest time that a source gave; null where there was none yet.
    #[schema(value_type = Option<Time>, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_seen_at: Option<Option<Time>>,
    /// The current values by metric, in the metric's unit; null for what is no number.
    #[schema(value_type = BTreeMap<String, Option<f64>>, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reported: Option<R>,
    /// What follows from them, by name; null while it is not known.
    #[schema(value_type = BTreeMap<String, Option<f64>>, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) derived: Option<D>,
}
