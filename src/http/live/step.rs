//! What comes next for one who listens: worked out of the log, from a place on, by what is asked and by nothing else.
//!
//! Pure. Whoever sees the same and is at the same place asks the same, and is given the same.

use std::collections::HashSet;
use std::sync::Arc;

use evara_actors::domain::NodeId;
use evara_actors::watchers::broadcast::{Gone, Log, Position, Told, Update, UpdateKind, fold};

use super::cursor::{Covered, Cursors, Known, Place};
use super::frame::{Frame, Part, known};
use super::topic::Topic;
use super::watch::{Mode, Sight};

/// What a frame may weigh, by the most that updates could weigh: in truth it is a third of that.
const FRAME_BYTES: usize = 128 * 1024;

/// Updates that are looked at for one frame, and nodes for a part of a snapshot: a millisecond or two.
const LOOKED_AT: usize = 8_192;

/// How far the nodes of a snapshot were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Snapshot {
    /// As far as there are any.
    Whole,
    /// Up to this one, or not at all, in so many parts.
    Upto(Option<NodeId>, u32),
}

/// All that what comes next follows from, beside the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Ask {
    pub(super) covered: Covered,
    pub(super) mode: Mode,
    pub(super) at: Position,
    pub(super) until: u64,
    pub(super) snapshot: Snapshot,
    pub(super) is_slow: bool,
    pub(super) known: Option<Known>,
}

/// What comes next, and where it leads.
#[derive(Debug)]
pub(crate) struct Step {
    /// Little enough to be held at once; none where nothing of it is seen.
    pub(crate) frames: Vec<Frame>,
    /// How many events were left out of them.
    pub(crate) folded: usize,
    pub(super) at: Position,
    pub(super) snapshot: Snapshot,
    pub(super) known: Option<Known>,
    /// Whether the log ended there.
    pub(super) is_at_end: bool,
}

/// What a step is made of.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(super) told: Vec<Told>,
    pub(super) looked_at: usize,
    pub(super) is_at_end: bool,
    /// Where the next part of the snapshot is due: how its nodes are, and how far it is read then.
    pub(super) part: Option<(Vec<Arc<Update>>, Snapshot)>,
}

impl Ask {
    /// Whether it is asked of the log that ends there, and not of another.
    pub(super) fn is_of(&self, end: Position) -> bool {
        self.at.epoch == end.epoch
    }

    /// Takes what it is about out of the log.
    ///
    /// # Errors
    /// [`Gone`] where that was dropped.
    pub(crate) fn gather(&self, sight: &Sight, log: &Log) -> Result<Gathered, Gone> {
        let behind = self.until.saturating_sub(self.at.sequence);
        let most = usize::try_from(behind).map_or(LOOKED_AT, |behind| behind.min(LOOKED_AT));
        let since = log.since(self.at, most)?;
        let (looked_at, told) = self.gathered(sight, &since.updates);
        let is_at_end = self.at.sequence + looked_at as u64 == log.position().sequence;
        let part = match self.snapshot {
            Snapshot::Upto(after, number) if is_at_end => {
                Some(self.part(sight, log, (after, number)))
            }
            Snapshot::Upto(..) | Snapshot::Whole => None,
        };
        Ok(Gathered {
            told,
            looked_at,
            is_at_end,
            part,
        })
    }

    /// What is sent of it.
    pub(crate) fn step(&self, gathered: Gathered, cursors: &Cursors) -> Step {
        let Gathered {
            told,
            looked_at,
            is_at_end,
            part,
        } = gathered;
        let mut step = Step {
            frames: Vec::new(),
            folded: 0,
            at: self.at,
            snapshot: self.snapshot,
            known: self.known,
            is_at_end,
        };
        step.at.sequence += looked_at as u64;
        self.spell(told, &mut step, cursors);
        if let (Snapshot::Upto(_, number), Some((nodes, snapshot))) = (self.snapshot, part) {
            step.snapshot = snapshot;
            self.know(nodes.last(), &mut step);
            let part = Part {
                number,
                is_last: snapshot == Snapshot::Whole,
                nodes: &nodes,
                cursor: self.cursor(&step, cursors),
            };
            step.frames.push(Frame::snapshot(&self.covered, part));
        }
        step
    }

    fn know(&self, update: Option<&Arc<Update>>, step: &mut Step) {
        if let Topic::Node(_) = self.covered.topic {
            step.known = update.map(|update| known(update));
        }
    }

    fn cursor(&self, step: &Step, cursors: &Cursors) -> Option<Arc<str>> {
        let is_whole = step.snapshot == Snapshot::Whole;
        let place = Place {
            position: step.at,
            known: step.known,
        };
        let cursor = is_whole.then(|| cursors.seal(&self.covered, place));
        cursor.flatten().map(Into::into)
    }

    /// As many updates as make up a frame, and how many were looked at for that.
    fn gathered(&self, sight: &Sight, updates: &[Arc<Update>]) -> (usize, Vec<Told>) {
        let folds = self.is_slow || self.mode == Mode::Latest;
        let (mut told, mut nodes, mut bytes) = (Vec::new(), HashSet::new(), 0);
        for (place, update) in updates.iter().enumerate() {
            let Some(one) = self.told(sight, update) else {
                continue;
            };
            let is_more = !folds || nodes.insert(update.node);
            if is_more && bytes + update.bytes() > FRAME_BYTES && !told.is_empty() {
                return (place, told);
            }
            bytes += if is_more { update.bytes() } else { 0 };
            told.push(one);
        }
        (updates.len(), told)
    }

    fn told(&self, sight: &Sight, update: &Arc<Update>) -> Option<Told> {
        let is_passed = match self.snapshot {
            Snapshot::Whole => true,
            Snapshot::Upto(node, _) => node.is_some_and(|node| update.node <= node),
        };
        if !is_passed {
            return None;
        }
        let sees = |spec: &_| self.covered.topic.covers(spec) && sight.scope.sees(spec);
        Told::of(update, sees)
    }

    fn spell(&self, told: Vec<Told>, step: &mut Step, cursors: &Cursors) {
        let (all, topic) = (told.len(), self.covered.topic);
        let told = match (self.mode, self.is_slow) {
            (Mode::Latest, _) | (Mode::All, true) => fold(told),
            (Mode::All, false) => told,
        };
        let folded = all - told.len();
        if self.is_slow && folded > 0 {
            step.folded = folded;
            step.frames.push(Frame::lag(topic, folded));
        }
        if let Some(last) = told.last() {
            let is_there = last.kind != UpdateKind::Removed;
            self.know(is_there.then_some(&last.update), step);
            let cursor = self.cursor(step, cursors);
            step.frames
                .push(Frame::events(&self.covered, &told, cursor));
        }
    }

    /// The next part of the snapshot; he is behind everything that was told.
    fn part(
        &self,
        sight: &Sight,
        log: &Log,
        (after, number): (Option<NodeId>, u32),
    ) -> (Vec<Arc<Update>>, Snapshot) {
        let (mut nodes, mut bytes, mut last) = (Vec::new(), 0, after);
        for (place, state) in states(self.covered.topic, log, after).enumerate() {
            if place == LOOKED_AT || bytes > FRAME_BYTES {
                return (nodes, Snapshot::Upto(last, number + 1));
            }
            last = Some(state.node);
            if self.covered.topic.covers(&state.spec) && sight.scope.sees(&state.spec) {
                bytes += state.bytes();
                nodes.push(Arc::clone(state));
            }
        }
        (nodes, Snapshot::Whole)
    }
}

impl Step {
    /// What it takes in memory, as far as that is letters.
    pub(crate) fn bytes(&self) -> usize {
        self.frames.iter().map(|frame| frame.json.len()).sum()
    }
}

fn states(
    topic: Topic,
    log: &Log,
    after: Option<NodeId>,
) -> Box<dyn Iterator<Item = &Arc<Update>> + '_> {
    match topic {
        Topic::Node(node) => Box::new(log.latest(node).map(|(state, _)| state).into_iter()),
        Topic::Alerts | Topic::Commands => Box::new(std::iter::empty()),
        Topic::Fleet | Topic::Community(_) => Box::new(log.states(after)),
    }
}
