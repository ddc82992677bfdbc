//! What somebody knows of a topic, and what is wrong with how he came to know it.
//!
//! The rules of the contract, and nothing of how the service keeps them: no revision of a node goes back, each event
//! continues what was known of its node, nothing of a snapshot is there twice, who brings a cursor is told from there on or that
//! he is not, and the same revision is the same state whoever tells it.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::said::{Event, Node, Nodes, Said};

/// What is kept of complaints: the first of them say what is wrong.
const MOST_COMPLAINTS: usize = 3;

/// How whole it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// It is not listened to.
    Away,
    /// A place was brought that is no use: that is said next.
    ResyncDue,
    /// This part of a snapshot comes next.
    PartDue(u32),
    /// All of it is known.
    Whole,
}

/// How much was told.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) events: u64,
    pub(super) snapshots: u64,
    pub(super) resyncs: u64,
    /// Times that he went on from where he was.
    pub(super) resumed: u64,
    /// Events that were left out, as was said.
    pub(super) folded: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Knowledge {
    topic: String,
    nodes: Nodes,
    /// How each node was when it was last told of, whether it is known now or not.
    told: BTreeMap<Uuid, Arc<Node>>,
    cursor: Option<String>,
    stand: Stand,
    /// The topic is not there for him, as was said.
    pub(super) is_refused: bool,
    pub(super) counts: Counts,
    complaints: Vec<String>,
}

impl Knowledge {
    pub(super) fn of(topic: String) -> Self {
        Self {
            topic,
            nodes: Nodes::new(),
            told: BTreeMap::new(),
            cursor: None,
            stand: Stand::Away,
            is_refused: false,
            counts: Counts::default(),
            complaints: Vec::new(),
        }
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    pub(super) fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// The place that is brought, for he comes, or comes back.
    pub(super) fn comes(&mut self) -> Option<&str> {
        self.stand = Stand::Away;
        self.is_refused = false;
        self.cursor.as_deref()
    }

    /// What was told and not written may have been lost: a revision may be lower than one that was told before.
    pub(super) fn forgives(&mut self) {
        self.told.clear();
    }

    fn complain(&mut self, what: impl FnOnce() -> String) {
        if self.complaints.len() < MOST_COMPLAINTS {
            let complaint = format!("{}: {}", self.topic, what());
            self.complaints.push(complaint);
        }
    }

    /// Takes in what is said of the topic.
    pub(super) fn hear(&mut self, said: &Said) {
        match said {
            Said::Subscribed { cursor, .. } => self.hear_subscribed(cursor.as_deref()),
            Said::Unsubscribed { .. } => (self.stand, self.is_refused) = (Stand::Away, true),
            Said::Resync { .. } => {
                self.counts.resyncs += 1;
                self.cursor = None;
                self.stand = Stand::PartDue(0);
            }
            Said::Snapshot {
                part,
                more,
                cursor,
                nodes,
                ..
            } => self.hear_snapshot((*part, *more), cursor.as_deref(), nodes),
            Said::Event { cursor, .. } | Said::Batch { cursor, .. } => {
                for event in said.events() {
                    self.hear_event(event);
                }
                self.goes_to(cursor.as_deref());
            }
            Said::Lag { folded, .. } => self.counts.folded += folded,
            Said::Hello {} | Said::Authenticated {} | Said::Error { .. } | Said::Ping { .. } => {}
        }
    }

    fn hear_subscribed(&mut self, cursor: Option<&str>) {
        let brought = self.cursor.as_deref();
        let is_brought = brought.is_some();
        self.stand = match cursor {
            Some(cursor) if brought == Some(cursor) => {
                self.counts.resumed += 1;
                Stand::Whole
            }
            Some(cursor) => {
                let what = format!("goes on from {cursor}, not from {brought:?}");
                self.complain(|| what);
                Stand::Whole
            }
            None if is_brought => Stand::ResyncDue,
            None => Stand::PartDue(0),
        };
    }

    fn hear_snapshot(
        &mut self,
        (part, more): (u32, bool),
        cursor: Option<&str>,
        nodes: &[Arc<Node>],
    ) {
        if self.stand != Stand::PartDue(part) {
            let stand = self.stand;
            self.complain(|| format!("part {part} of a snapshot where {stand:?}"));
        }
        if part == 0 {
            self.nodes.clear();
            self.counts.snapshots += 1;
        }
        for node in nodes {
            self.learn(node);
            if self.nodes.insert(node.node_id, Arc::clone(node)).is_some() {
                self.complain(|| format!("{} is in a snapshot twice", node.node_id));
            }
        }
        self.stand = if more {
            Stand::PartDue(part + 1)
        } else {
            Stand::Whole
        };
        self.goes_to(cursor);
    }

    fn hear_event(&mut self, event: &Event) {
        self.counts.events += 1;
        let node = &event.node;
        let id = node.node_id;
        let known = self.nodes.get(&id).map_or(0, |known| known.revision);
        match self.stand {
            Stand::Whole | Stand::PartDue(1..) => {}
            stand @ (Stand::Away | Stand::ResyncDue | Stand::PartDue(0)) => {
                self.complain(|| format!("an event where {stand:?}"));
            }
        }
        let (previous, revision) = (event.previous_revision, node.revision);
        if previous != known {
            self.complain(|| format!("{id} is known at {known} and goes on from {previous}"));
        }
        if event.is_removal() {
            self.nodes.remove(&id);
            return;
        }
        if revision <= known {
            self.complain(|| format!("{id} goes from {known} to {revision}"));
        }
        self.learn(node);
        self.nodes.insert(id, Arc::clone(node));
    }

    /// Holds what is told of a node against what was told before, by whichever connection.
    fn learn(&mut self, node: &Arc<Node>) {
        let before = self.told.insert(node.node_id, Arc::clone(node));
        let Some(before) = before else { return };
        if before.revision > node.revision {
            self.complain(|| format!("back from {before:?} to {node:?}"));
        } else if before.revision == node.revision && before != *node {
            self.complain(|| format!("one revision, and told as {before:?} and {node:?}"));
        }
    }

    /// Behind a frame there is a place where all is known, and none where it is not.
    fn goes_to(&mut self, cursor: Option<&str>) {
        let is_whole = self.stand == Stand::Whole;
        if cursor.is_some() != is_whole {
            let stand = self.stand;
            self.complain(|| format!("a cursor {cursor:?} where {stand:?}"));
        }
        self.cursor = cursor.map(str::to_owned);
    }

    /// Takes over a place that was told while nothing happened.
    pub(super) fn passes_to(&mut self, cursor: &str) {
        if self.stand == Stand::Whole {
            self.cursor = Some(cursor.to_owned());
        }
    }

    /// Whether he knows what there is to know of the topic: of all of these nodes, what is seen of it.
    pub(super) fn is(&self, truth: &Nodes) -> bool {
        match self.only() {
            Some(node) => match truth.get(&node) {
                Some(state) => self.is_whole() && self.nodes.get(&node) == Some(state),
                None => self.is_refused,
            },
            None => self.is_whole() && self.nodes == *truth,
        }
    }

    /// What he does not know of these nodes, in words.
    pub(super) fn lacks(&self, truth: &Nodes) -> String {
        let is_other = |(id, state): &(&Uuid, &Arc<Node>)| {
            let is_meant = self.only().is_none_or(|only| only == **id);
            is_meant && self.nodes.get(id) != Some(state)
        };
        let other = truth.iter().find(is_other);
        let (stand, count) = (self.stand, self.nodes.len());
        let known = other.and_then(|(id, _)| self.nodes.get(id));
        let topic = &self.topic;
        format!("{topic}: {stand:?}, {count} nodes are known; {known:?} is in truth {other:?}")
    }

    /// Whether he knows all of it, as it was at his place.
    pub(super) fn is_whole(&self) -> bool {
        self.stand == Stand::Whole
    }

    /// The node that the topic is.
    fn only(&self) -> Option<Uuid> {
        let (_, id) = self.topic.split_once("nodes/")?;
        id.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NODE: Uuid = Uuid::from_u128(7);

    fn node(revision: u64) -> Value {
        json!({ "node_id": NODE, "revision": revision, "status": "online",
                "reported": { "level_cm": revision }, "derived": {} })
    }

    fn event(previous: u64, revision: u64) -> Value {
        let mut event = node(revision);
        event["type"] = json!("event");
        event["event"] = json!("TELEMETRY_UPDATE");
        event["topic"] = json!("fleet");
        event["cursor"] = json!("c");
        event["previous_revision"] = json!(previous);
        event["at"] = json!("2026-01-01T00:00:00Z");
        event
    }

    fn subscribed(cursor: Option<&str>) -> Value {
        json!({ "type": "subscribed", "topic": "fleet", "cursor": cursor })
    }

    fn resync() -> Value {
        json!({ "type": "resync", "topic": "fleet", "reason": "gap" })
    }

    fn snapshot(part: u32, more: bool, nodes: &[u64]) -> Value {
        let nodes: Vec<Value> = nodes.iter().map(|revision| node(*revision)).collect();
        json!({ "type": "snapshot", "topic": "fleet", "part": part, "more": more,
                "cursor": (!more).then_some("c"), "nodes": nodes })
    }

    /// What he has to complain of who is told all this.
    fn told(frames: &[Value]) -> Vec<String> {
        let mut knowledge = Knowledge::of("fleet".to_owned());
        for frame in frames {
            if frame["type"] == "subscribed" {
                knowledge.comes();
            }
            knowledge.hear(&serde_json::from_value(frame.clone()).unwrap());
        }
        knowledge.complaints
    }

    #[test]
    fn what_is_told_as_agreed_is_nothing_to_complain_of() {
        let mut removed = event(9, 9);
        removed["event"] = json!("NODE_REMOVED");
        let complaints = told(&[
            subscribed(None),
            snapshot(0, false, &[5]),
            event(5, 6),
            event(6, 8),
            subscribed(Some("c")),
            event(8, 9),
            subscribed(None),
            resync(),
            snapshot(0, false, &[9]),
            removed,
        ]);
        assert_eq!(complaints, Vec::<String>::new());
    }

    #[test]
    fn whatever_is_not_as_agreed_is_complained_of() {
        let begun = [subscribed(None), snapshot(0, false, &[5])];
        let mut otherwise = event(5, 6);
        otherwise["reported"] = json!({ "level_cm": 1 });
        let anew = |nodes: &[u64]| vec![subscribed(None), resync(), snapshot(0, false, nodes)];
        let silently = vec![subscribed(None), snapshot(0, false, &[5])];
        let wrong = [
            ("a skip", vec![event(6, 7)]),
            ("a step back", vec![event(5, 4)]),
            ("the same again", vec![event(5, 5)]),
            ("a lost event", vec![event(5, 6), event(7, 8)]),
            ("another place", vec![subscribed(Some("d"))]),
            ("a silent beginning anew", silently),
            ("a part too many", vec![snapshot(1, false, &[6])]),
            ("a snapshot that goes back", anew(&[4])),
            ("twice in a snapshot", anew(&[5, 5])),
            ("before the snapshot", vec![resync(), event(0, 6)]),
            ("told otherwise", [vec![otherwise], anew(&[6])].concat()),
        ];
        for (what, more) in wrong {
            let all = [&begun[..], &more].concat();
            assert!(!told(&all).is_empty(), "{what}");
        }
    }
}
