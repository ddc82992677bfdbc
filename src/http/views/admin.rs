//! What those who run the service see of it, as JSON.

use evara_actors::ports::DeadLetter;
use evara_actors::tree::Census;
use evara_actors::twin::Presence;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Time;
use crate::app::database::{QueryProfile, ReplicaReport, ReplicaState};

/// A message that broke an actor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct DeadLetterView {
    id: Uuid,
    node_id: Uuid,
    at: Time,
    /// What the panic said.
    error: String,
    /// The message, as JSON in a string.
    message: String,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            node_id: letter.node.0,
            at: Time(letter.at),
            error: letter.error,
            message: letter.message,
        }
    }
}

/// How long a query of the database took, over all of its calls. Times are upper ends of fixed buckets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Query)]
pub(crate) struct QueryView {
    name: &'static str,
    count: u64,
    /// Calls that took more than 100 ms.
    slow: u64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
}

impl From<QueryProfile> for QueryView {
    fn from(profile: QueryProfile) -> Self {
        Self {
            name: profile.name,
            count: profile.count,
            slow: profile.slow,
            p50_ms: profile.p50_ms,
            p95_ms: profile.p95_ms,
            p99_ms: profile.p99_ms,
        }
    }
}

/// How the database does, beside what is always the same.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Database)]
pub(crate) struct DatabaseView {
    /// Hours of nodes that readings came in for after they were sealed, since the start: these readings are
    /// in no rollup, and go with the next removal.
    pub(crate) late_hours: u64,
    /// Records that wait to be written. When they are too many, no more are taken.
    pub(crate) waiting: u64,
    /// Null where there is none.
    pub(crate) replica: Option<ReplicaView>,
}

/// How the replica was found when it was asked last.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replica)]
pub(crate) struct ReplicaView {
    state: ReplicaStateView,
    /// Bytes of the primary's log that it had not replayed; null where it did not say.
    lag_bytes: Option<u64>,
    /// For how long it had not been as the primary is.
    lag_ms: Option<u64>,
    /// Questions about the past that it answered, since the start.
    answered: u64,
    /// Questions that the primary answered in its place.
    passed_over: u64,
}

/// Whether a replica is of use: while it is `following`.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReplicaState)]
pub(crate) enum ReplicaStateView {
    Unasked,
    Following,
    Behind,
    Away,
    Foreign,
}

impl From<ReplicaState> for ReplicaStateView {
    fn from(state: ReplicaState) -> Self {
        match state {
            ReplicaState::Unasked => Self::Unasked,
            ReplicaState::Following => Self::Following,
            ReplicaState::Behind => Self::Behind,
            ReplicaState::Away => Self::Away,
            ReplicaState::Foreign => Self::Foreign,
        }
    }
}

impl From<ReplicaReport> for ReplicaView {
    fn from(report: ReplicaReport) -> Self {
        Self {
            state: report.state.into(),
            lag_bytes: report.lag_bytes,
            lag_ms: report.lag_ms,
            answered: report.answered,
            passed_over: report.passed_over,
        }
    }
}

/// Whether an actor runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ActorState)]
pub(crate) enum PresenceView {
    Running,
    Restarting,
    Quarantined,
    Gone,
}

impl From<Presence> for PresenceView {
    fn from(presence: Presence) -> Self {
        match presence {
            Presence::Running => Self::Running,
            Presence::Restarting => Self::Restarting,
            Presence::Quarantined => Self::Quarantined,
            Presence::Gone => Self::Gone,
        }
    }
}

/// An actor, and those that it keeps running.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
pub(crate) struct ActorView {
    /// Its name in the tree, such as `shard/17`.
    id: String,
    /// `supervisor`, `poller`, `twin` or `writer`.
    kind: &'static str,
    state: PresenceView,
    /// How often it was started again, since the process started.
    restarts: u32,
    /// Messages that wait, where they are counted.
    depth: u32,
    /// Messages that were refused for want of room, where they are counted.
    refused: u64,
    /// How many are right below it, shown or not.
    child_count: usize,
    #[schema(no_recursion)]
    children: Vec<ActorView>,
}

impl ActorView {
    /// An actor and so many levels below it.
    pub(crate) fn new(census: &Census, depth: u32) -> Self {
        let shown = if depth == 0 {
            &[][..]
        } else {
            &census.children
        };
        Self {
            id: census.name.clone(),
            kind: census.kind.name(),
            state: census.presence.into(),
            restarts: census.restarts,
            depth: census.depth,
            refused: census.refused,
            child_count: census.children.len(),
            children: shown
                .iter()
                .map(|child| Self::new(child, depth - 1))
                .collect(),
        }
    }

    /// The actors in a state, at or below this one, without their children.
    pub(crate) fn in_state(census: &Census, state: PresenceView) -> Vec<Self> {
        let mut found: Vec<_> = census
            .children
            .iter()
            .flat_map(|child| Self::in_state(child, state))
            .collect();
        if PresenceView::from(census.presence) == state {
            found.push(Self::new(census, 0));
        }
        found
    }
}
