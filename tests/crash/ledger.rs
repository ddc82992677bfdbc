//! What was sent, and what of it was acknowledged: the truth that a crash is judged by.
//!
//! Written before anything is sent. A reading whose answer never came may or may not be kept; one that
//! was acknowledged must be. Every reading has a time and a value of its own within its node.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use evara_actors::domain::{NodeId, Timestamp};
use tokio::sync::watch;

/// What was sent for one instant of one node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sent {
    pub(crate) value: f64,
    pub(crate) acknowledged: bool,
}

/// Readings that travel together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    pub(crate) batches: Vec<(NodeId, Vec<(Timestamp, f64)>)>,
}

/// By node, what was sent.
type Pages = HashMap<NodeId, BTreeMap<Timestamp, Sent>>;

/// See the module.
#[derive(Debug)]
pub(crate) struct Ledger {
    pages: Mutex<Pages>,
    acknowledged: watch::Sender<u64>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            pages: Mutex::default(),
            acknowledged: watch::Sender::new(0),
        }
    }
}

impl Ledger {
    /// So many new readings of each of `nodes`, from `now` on and after all that was sent before.
    pub(crate) fn draft(&self, nodes: &[NodeId], each: usize, now: Timestamp) -> Draft {
        let mut pages = self.pages.lock().unwrap();
        let mut draft = Draft::default();
        for node in nodes {
            let page = pages.entry(*node).or_default();
            let mut readings = Vec::new();
            for _ in 0..each {
                let newest = page.keys().next_back().map(|at| at.millis() + 1);
                let at = newest.unwrap_or(i64::MIN).max(now.millis());
                let at = Timestamp::from_millis(at);
                let value = (page.len() + 1) as f64;
                let acknowledged = false;
                page.insert(
                    at,
                    Sent {
                        value,
                        acknowledged,
                    },
                );
                readings.push((at, value));
            }
            draft.batches.push((*node, readings));
        }
        draft
    }

    /// Notes that all of `draft` was acknowledged, perhaps not for the first time.
    pub(crate) fn acknowledge(&self, draft: &Draft) {
        let mut pages = self.pages.lock().unwrap();
        let mut new = 0;
        for (node, readings) in &draft.batches {
            let page = pages.get_mut(node).unwrap();
            for (at, _) in readings {
                let sent = page.get_mut(at).unwrap();
                new += u64::from(!std::mem::replace(&mut sent.acknowledged, true));
            }
        }
        self.acknowledged.send_modify(|count| *count += new);
    }

    /// What was sent of a node from `from` on.
    pub(crate) fn since(&self, node: NodeId, from: Timestamp) -> BTreeMap<Timestamp, Sent> {
        let pages = self.pages.lock().unwrap();
        let page = pages.get(&node);
        let sent = page.map(|page| page.range(from..).map(|(at, sent)| (*at, *sent)).collect());
        sent.unwrap_or_default()
    }

    /// The newest reading of a node that was acknowledged.
    pub(crate) fn newest_acknowledged(&self, node: NodeId) -> Option<(Timestamp, f64)> {
        let pages = self.pages.lock().unwrap();
        let mut sent = pages.get(&node)?.iter().rev();
        sent.find_map(|(at, sent)| sent.acknowledged.then_some((*at, sent.value)))
    }

    /// How many readings were acknowledged so far, to be followed.
    pub(crate) fn acknowledged(&self) -> watch::Receiver<u64> {
        self.acknowledged.subscribe()
    }
}
