//! What comes next for one who listens: worked out of the log, from a place on, by what is asked and by nothing else.
//!
//! Pure. Whoever sees the same and is at the same place asks the same, and is given the same.

use std::collections::HashSet;
use std::sync::Arc;

use evara_actors::domain::NodeId;
use evara_actors::watchers::broadcast::{
    Entry, Gone, Log, Position, Subject, Told, Turn, Update, UpdateKind, fold,
};

use super::cursor::{Covered, Cursors, Known, Place};
use super::frame::{Frame, Members, Part, known};
use super::topic::Topic;
use super::watch::{Mode, Sight};

/// What a frame may weigh, by the most that updates could weigh: in truth it is a third of that.
const FRAME_BYTES: usize = 128 * 1024;

/// What a part of a snapshot may weigh, by the same measure: whoever is told it keeps as much room for as long as he listens, also
/// when nothing happens any more.
const PART_BYTES: usize = 40 * 1024;

/// Updates that are looked at for one frame, and nodes for a part of a snapshot: a millisecond or two.
const LOOKED_AT: usize = 8_192;

/// Turns of the tree in a frame, and those of it in a part of a snapshot: some 80 KiB.
const TURNS_AT_ONCE: usize = 512;

/// The last of a snapshot that was read, in the order of those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Last {
    Node(NodeId),
    Subject(Subject),
}

/// How far a snapshot was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Snapshot {
    /// As far as there are any.
    Whole,
    /// Up to this one, or not at all, in so many parts.
    Upto(Option<Last>, u32),
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
    pub(super) turns: Vec<Turn>,
    pub(super) looked_at: usize,
    pub(super) is_at_end: bool,
    /// Where the next part of the snapshot is due: what is in it, and how far it is read then.
    pub(super) part: Option<(Members, Snapshot)>,
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
        let (looked_at, told, turns) = if self.covered.topic == Topic::Supervision {
            self.turns(&since.entries)
        } else {
            self.gathered(sight, &since.entries)
        };
        let is_at_end = self.at.sequence + looked_at as u64 == log.position().sequence;
        let part = match self.snapshot {
            Snapshot::Upto(after, number) if is_at_end => {
                Some(self.part(sight, log, (after, number)))
            }
            Snapshot::Upto(..) | Snapshot::Whole => None,
        };
        Ok(Gathered {
            told,
            turns,
            looked_at,
            is_at_end,
            part,
        })
    }

    /// What is sent of it.
    pub(crate) fn step(&self, gathered: Gathered, cursors: &Cursors) -> Step {
        let Gathered {
            told,
            turns,
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
        if !turns.is_empty() {
            let cursor = self.cursor(&step, cursors);
            let frame = Frame::turns(self.covered.topic, &turns, cursor);
            step.frames.push(frame);
        }
        if let (Snapshot::Upto(_, number), Some((members, snapshot))) = (self.snapshot, part) {
            step.snapshot = snapshot;
            if let Members::Nodes(nodes) = &members {
                self.know(nodes.last(), &mut step);
            }
            let part = Part {
                number,
                is_last: snapshot == Snapshot::Whole,
                members: &members,
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

    /// As many updates as make up a frame, and how many entries were looked at for that.
    fn gathered(&self, sight: &Sight, entries: &[Entry]) -> (usize, Vec<Told>, Vec<Turn>) {
        let folds = self.is_slow || self.mode == Mode::Latest;
        let (mut told, mut nodes, mut bytes) = (Vec::new(), HashSet::new(), 0);
        for (place, entry) in entries.iter().enumerate() {
            let Some(update) = entry.node() else {
                continue;
            };
            let Some(one) = self.told(sight, update) else {
                continue;
            };
            let is_more = !folds || nodes.insert(update.node);
            if is_more && bytes + update.bytes() > FRAME_BYTES && !told.is_empty() {
                return (place, told, Vec::new());
            }
            bytes += if is_more { update.bytes() } else { 0 };
            told.push(one);
        }
        (entries.len(), told, Vec::new())
    }

    /// The same of turns: none of them is ever left out.
    fn turns(&self, entries: &[Entry]) -> (usize, Vec<Told>, Vec<Turn>) {
        let mut turns = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            let Entry::Tree(turn) = entry else {
                continue;
            };
            if turns.len() == TURNS_AT_ONCE {
                return (place, Vec::new(), turns);
            }
            if self.is_passed(Last::Subject(turn.subject)) {
                turns.push(*turn);
            }
        }
        (entries.len(), Vec::new(), turns)
    }

    /// Whether its state was sent, so that what happens to it is told.
    fn is_passed(&self, one: Last) -> bool {
        match self.snapshot {
            Snapshot::Whole => true,
            Snapshot::Upto(last, _) => last.is_some_and(|last| one <= last),
        }
    }

    fn told(&self, sight: &Sight, update: &Arc<Update>) -> Option<Told> {
        if !self.is_passed(Last::Node(update.node)) {
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
        (after, number): (Option<Last>, u32),
    ) -> (Members, Snapshot) {
        if self.covered.topic == Topic::Supervision {
            return part_of_tree(log, (after, number));
        }
        let (mut nodes, mut bytes, mut last) = (Vec::new(), 0, after);
        for (place, state) in states(self.covered.topic, log, after).enumerate() {
            if place == LOOKED_AT || bytes > PART_BYTES {
                return (Members::Nodes(nodes), Snapshot::Upto(last, number + 1));
            }
            last = Some(Last::Node(state.node));
            if self.covered.topic.covers(&state.spec) && sight.scope.sees(&state.spec) {
                bytes += state.bytes();
                nodes.push(Arc::clone(state));
            }
        }
        (Members::Nodes(nodes), Snapshot::Whole)
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
    after: Option<Last>,
) -> Box<dyn Iterator<Item = &Arc<Update>> + '_> {
    let after = match after {
        Some(Last::Node(node)) => Some(node),
        Some(Last::Subject(_)) | None => None,
    };
    match topic {
        Topic::Node(node) => Box::new(log.latest(node).map(|(state, _)| state).into_iter()),
        Topic::Alerts | Topic::Commands | Topic::Supervision => Box::new(std::iter::empty()),
        Topic::Fleet | Topic::Community(_) => Box::new(log.states(after)),
    }
}

/// The next of those of the tree who are not as usual.
fn part_of_tree(log: &Log, (after, number): (Option<Last>, u32)) -> (Members, Snapshot) {
    let after = match after {
        Some(Last::Subject(subject)) => Some(subject),
        Some(Last::Node(_)) | None => None,
    };
    let mut behind = log.standing().after(after);
    let those: Vec<_> = behind.by_ref().take(TURNS_AT_ONCE).collect();
    let last = those.last().map(|(subject, _)| Last::Subject(*subject));
    let snapshot = match behind.next() {
        Some(_) => Snapshot::Upto(last, number + 1),
        None => Snapshot::Whole,
    };
    (Members::Tree(those), snapshot)
}
