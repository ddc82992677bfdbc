//! What clients are told, as types: small frames are spelt from them, and the
//! [description](super::asyncapi) is made of all of them.
//!
//! Frames that hold nodes are spelt by [`frame`](super::frame) around texts that many share. Their types here are
//! never made; that what is sent has their shape is tested where frames are sent.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    nodes: Vec<NodeShape>,
}

/// What an event says beside the node.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "spelt by hand around shared texts: only the shape is used"
)]
pub(super) struct Step {
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
