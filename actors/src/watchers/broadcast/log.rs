//! What was told lately, in one order, and the last of each node and of the tree: the ring and the states. Pure.
//!
//! A reading from a position gives everything since, or says that it cannot. What is dropped is always the
//! oldest, and a position before it is refused from then on: there is never a gap that nobody hears of.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use super::{Standing, Turn, Update, UpdateKind};
use crate::domain::NodeId;

/// How much is kept for those who come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// So long.
    pub span: Duration,
    /// And so much of it.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            // A phone in a lift, a browser that is reloaded, a rolling update of a proxy.
            span: Duration::from_secs(120),
            // Two minutes of some 250 changes a second; a busier fleet has a shorter memory.
            bytes: 64 * 1024 * 1024,
        }
    }
}

/// What a turn of the tree takes, spelt and held.
const BYTES_OF_TURN: usize = 512;

/// What is told.
#[derive(Debug, Clone)]
pub enum Entry {
    /// Of a node.
    Node(Arc<Update>),
    /// Of the tree.
    Tree(Turn),
}

impl Entry {
    fn bytes(&self) -> usize {
        match self {
            Self::Node(update) => update.bytes(),
            Self::Tree(_) => BYTES_OF_TURN,
        }
    }

    /// The update of a node that it is.
    pub fn node(&self) -> Option<&Arc<Update>> {
        match self {
            Self::Node(update) => Some(update),
            Self::Tree(_) => None,
        }
    }
}

/// A place between two entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// Which log: each has a number of its own, by chance.
    pub epoch: u64,
    /// How many entries of it are before.
    pub sequence: u64,
}

/// What was asked for is not there: it was dropped, or never was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what follows this position is not known")]
pub struct Gone;

/// What follows a position.
#[derive(Debug, Clone)]
pub struct Since {
    /// In their order, as many as were asked for at most.
    pub entries: Vec<Entry>,
    /// The place behind the last of them.
    pub position: Position,
    /// How many there are behind that.
    pub left: u64,
}

/// What was told lately.
#[derive(Debug)]
pub struct Log {
    epoch: u64,
    bounds: Bounds,
    ring: VecDeque<Kept>,
    /// The number of the oldest in the ring; as many were dropped.
    first: u64,
    bytes: usize,
    /// Of every node there is.
    latest: BTreeMap<NodeId, Latest>,
    /// Of the tree.
    standing: Standing,
}

#[derive(Debug)]
struct Kept {
    entry: Entry,
    /// On the clock of whoever appends.
    at: Duration,
    bytes: usize,
}

#[derive(Debug)]
struct Latest {
    update: Arc<Update>,
    /// How many entries were before it.
    sequence: u64,
}

impl Log {
    pub(super) fn new(epoch: u64, bounds: Bounds) -> Self {
        Self {
            epoch,
            bounds,
            ring: VecDeque::new(),
            first: 0,
            bytes: 0,
            latest: BTreeMap::new(),
            standing: Standing::default(),
        }
    }

    /// The place behind everything.
    pub fn position(&self) -> Position {
        Position {
            epoch: self.epoch,
            sequence: self.end(),
        }
    }

    fn end(&self) -> u64 {
        self.first + self.ring.len() as u64
    }

    /// Takes in how a node is, of which nobody is told: it was so before anybody listened.
    pub(super) fn know(&mut self, update: Update) {
        let sequence = self.end();
        let update = Arc::new(update);
        self.latest.insert(update.node, Latest { update, sequence });
    }

    /// Takes in how the tree is, of which nobody is told.
    pub(super) fn know_tree(&mut self, standing: Standing) {
        self.standing = standing;
    }

    /// Takes in what happened, and drops what is too old or too much for that.
    pub(super) fn append(&mut self, now: Duration, entries: &[Entry]) {
        for entry in entries {
            match entry {
                Entry::Node(update) => self.take_in(update),
                Entry::Tree(turn) => self.standing.take_in(turn),
            }
            let (entry, bytes) = (entry.clone(), entry.bytes());
            self.bytes += bytes;
            self.ring.push_back(Kept {
                entry,
                at: now,
                bytes,
            });
        }
        self.trim(now);
    }

    fn take_in(&mut self, update: &Arc<Update>) {
        if update.kind == UpdateKind::Removed {
            self.latest.remove(&update.node);
        } else {
            let latest = Latest {
                update: Arc::clone(update),
                sequence: self.end(),
            };
            self.latest.insert(update.node, latest);
        }
    }

    fn trim(&mut self, now: Duration) {
        let is_over = |kept: &Kept, bytes: usize, bounds: &Bounds| {
            bytes > bounds.bytes || now.saturating_sub(kept.at) > bounds.span
        };
        while let Some(oldest) = self.ring.front()
            && is_over(oldest, self.bytes, &self.bounds)
        {
            self.bytes -= oldest.bytes;
            self.first += 1;
            self.ring.pop_front();
        }
    }

    /// Up to `most` entries behind a position.
    ///
    /// # Errors
    /// [`Gone`] where it is another log's, is not reached yet, or something behind it was dropped.
    pub fn since(&self, from: Position, most: usize) -> Result<Since, Gone> {
        let known = self.first..=self.end();
        if from.epoch != self.epoch || !known.contains(&from.sequence) {
            return Err(Gone);
        }
        let behind = usize::try_from(from.sequence - self.first).map_err(|_| Gone)?;
        let entries = self.ring.range(behind..).take(most);
        let entries: Vec<_> = entries.map(|kept| kept.entry.clone()).collect();
        let sequence = from.sequence + entries.len() as u64;
        Ok(Since {
            entries,
            position: Position {
                epoch: self.epoch,
                sequence,
            },
            left: self.end() - sequence,
        })
    }

    /// How the tree is.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// How a node is, and how many entries were before the one that says so.
    pub fn latest(&self, node: NodeId) -> Option<(&Arc<Update>, u64)> {
        let latest = self.latest.get(&node)?;
        Some((&latest.update, latest.sequence))
    }

    /// How the nodes are that come behind one in the order of their ids, or all of them.
    pub fn states(&self, after: Option<NodeId>) -> impl Iterator<Item = &Arc<Update>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.latest.range((from, Bound::Unbounded));
        behind.map(|(_, latest)| &latest.update)
    }

    /// How many entries are kept, and what they take at most.
    pub fn depth(&self) -> (usize, usize) {
        (self.ring.len(), self.bytes)
    }
}
