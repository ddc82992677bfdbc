//! The look at what a dead process left, held against what is known to be true.
//!
//! A look goes on where the one before it ended, so that many of them are cheap; the last one begins at
//! the beginning.

use std::collections::{BTreeMap, BTreeSet};

use evara_actors::domain::{ChannelId, NodeId, NodeSpec, Source, Timestamp};
use evara_actors::ports::Point;
use evara_actors::twin::Twin;

use super::evidence::Evidence;
use super::findings::Findings;
use super::ledger::Ledger;
use super::replay::Replay;

/// See the module.
#[derive(Debug)]
pub(crate) struct Audit {
    nodes: BTreeMap<NodeId, Watched>,
    pub(crate) findings: Findings,
}

#[derive(Debug)]
struct Watched {
    replay: Replay,
    /// What is not known yet has no older source time.
    seen_up_to: Timestamp,
    feed: Option<Feed>,
}

/// What is read of a node's channel.
#[derive(Debug)]
struct Feed {
    channel: ChannelId,
    /// The newest entry before the node read it: it must have what came later.
    begun: u64,
    kept: BTreeSet<u64>,
}

impl Audit {
    /// Of these nodes; `begun` says of polled ones where their channel stood.
    pub(crate) fn of(specs: Vec<NodeSpec>, begun: &BTreeMap<NodeId, u64>) -> Self {
        let watched = |spec: NodeSpec| {
            let feed = spec.channel.as_ref().map(|binding| Feed {
                channel: binding.channel_id,
                begun: begun[&spec.id],
                kept: BTreeSet::new(),
            });
            let watched = Watched {
                feed,
                seen_up_to: Timestamp::MIN,
                replay: Replay::of(spec.clone()),
            };
            (spec.id, watched)
        };
        Self {
            nodes: specs.into_iter().map(watched).collect(),
            findings: Findings::default(),
        }
    }

    /// Looks at everything that came since the last look.
    pub(crate) async fn look(&mut self, evidence: &Evidence, ledger: &Ledger) {
        let saved = evidence.saved().await;
        for (node, watched) in &mut self.nodes {
            let log = evidence.log(*node, watched.replay.reached()).await;
            let twin = saved.twins.get(node);
            let snapshot = twin.and_then(|twin| twin.snapshot.as_ref());
            watched.replay.follow(&log, snapshot, &mut self.findings);
            let points = evidence.history(*node, watched.seen_up_to).await;
            match &mut watched.feed {
                None => {
                    let sent = ledger.since(*node, watched.seen_up_to);
                    let kept: Vec<_> = points.iter().filter_map(reading).collect();
                    self.findings.compare(*node, &sent, &kept);
                    let newest = points.last().map(|point| point.source_at);
                    watched.seen_up_to = newest.unwrap_or(watched.seen_up_to);
                }
                Some(feed) => {
                    feed.take(*node, &points, &mut self.findings);
                    if let Some(cursor) = saved.cursors.get(&feed.channel) {
                        let behind = feed.begun + 1..=cursor.last_entry.0;
                        let missed = cursor.missed;
                        self.findings
                            .compare_entries(*node, behind, &feed.kept, missed);
                        // Where there is a gap, the newest entries may be kept before those in it.
                        watched.seen_up_to = cursor.last_created_at;
                    }
                }
            }
        }
    }

    /// Looks at everything there is.
    pub(crate) async fn look_at_all(&mut self, evidence: &Evidence, ledger: &Ledger) {
        for watched in self.nodes.values_mut() {
            watched.seen_up_to = Timestamp::MIN;
            watched.replay.begin_again();
        }
        self.look(evidence, ledger).await;
    }

    /// What the log made of a node at the last look.
    pub(crate) fn twin(&self, node: NodeId) -> Option<&Twin> {
        self.nodes[&node].replay.twin()
    }

    /// How many entries of channels were kept.
    pub(crate) fn entries(&self) -> usize {
        let feeds = self
            .nodes
            .values()
            .filter_map(|watched| watched.feed.as_ref());
        feeds.map(|feed| feed.kept.len()).sum()
    }
}

fn reading(point: &Point) -> Option<(Timestamp, f64)> {
    Some((point.source_at, point.number?))
}

impl Feed {
    /// Takes note of the entries that are there. An entry says its number, and is there once.
    fn take(&mut self, node: NodeId, points: &[Point], findings: &mut Findings) {
        let mut times: BTreeMap<u64, Timestamp> = BTreeMap::new();
        for point in points {
            let Source::ThingSpeak { channel, entry } = point.source else {
                findings.invented.insert(format!("{node} {point:?}"));
                continue;
            };
            let is_true = channel == self.channel && point.number == Some(entry.0 as f64);
            if !is_true {
                findings.invented.insert(format!("{node} {point:?}"));
            }
            if times.insert(entry.0, point.source_at).is_some() {
                findings.doubled.insert(format!("{node} has {entry} twice"));
            }
            self.kept.insert(entry.0);
        }
    }
}
