//! One who listens to a topic: where he is, what he sees, and what he is to be sent next.
//!
//! He is a place in the log and little else. What he was not sent yet is nowhere but there, so that a slow
//! reader takes up no more than a quick one: he is folded where he falls behind, and begins anew where he falls
//! out. Decides by what it is given; reads no clock and waits for nothing.
//!
//! What comes next follows from an [`Ask`] and the log alone, and not from who asks: whoever sees the same and
//! is at the same place is given the same [`Step`].
//!
//! A snapshot is read in parts, in the order of the nodes' ids, each part behind all that was told before it.
//! What happens meanwhile is sent of nodes that are behind the reader and left out of those ahead of him, who
//! will see it in their part. There is no cursor until the last part: with half a snapshot nobody can go on.

use std::collections::HashSet;
use std::sync::Arc;

use evara_actors::domain::NodeId;
use evara_actors::watchers::broadcast::{Gone, Log, Position, Stretch, Told, Update, fold};

use super::cursor::{Covered, Cursors};
use super::frame::{Frame, Part};
use super::topic::Topic;
use crate::http::guard::Scope;

/// What a frame may weigh, by the most that updates could weigh: in truth it is a third of that.
const FRAME_BYTES: usize = 128 * 1024;

/// Updates that are looked at for one frame, and nodes for a part of a snapshot: a millisecond or two.
const LOOKED_AT: usize = 8_192;

/// Who is so many updates behind is slow: more than a tick of the busiest fleet.
const SLOW: u64 = 4_096;

/// Which updates somebody wants.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Of what falls together, the last of each node.
    #[default]
    Latest,
    /// Every one, as long as he keeps up.
    All,
}

/// What somebody sees, and what tells it from what others see.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    pub(crate) scope: Scope,
    /// See [`Forest::print_of`](crate::access::Forest::print_of).
    pub(crate) print: u64,
}

impl From<Scope> for Sight {
    fn from(scope: Scope) -> Self {
        let print = scope.forest().print_of(&scope.person().reach);
        Self { scope, print }
    }
}

/// How far the nodes of a snapshot were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Snapshot {
    /// As far as there are any.
    Whole,
    /// Up to this one, or not at all, in so many parts.
    Upto(Option<NodeId>, u32),
}

/// One who listens to a topic.
#[derive(Debug)]
pub(crate) struct Watch {
    topic: Topic,
    mode: Mode,
    sight: Sight,
    at: Position,
    /// So many updates are before what is behind the last one that may mean something to him.
    until: u64,
    snapshot: Snapshot,
    /// Up to here he is sent what he missed while he was away, which is no sign of slowness.
    missed_until: Position,
}

/// All that what comes next follows from, beside the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Ask {
    covered: Covered,
    mode: Mode,
    at: Position,
    until: u64,
    snapshot: Snapshot,
    is_slow: bool,
}

/// What comes next, and where it leads.
#[derive(Debug)]
pub(crate) struct Step {
    /// Little enough to be held at once; none where nothing of it is seen.
    pub(crate) frames: Vec<Frame>,
    /// How many events were left out of them.
    pub(crate) folded: usize,
    at: Position,
    snapshot: Snapshot,
    /// Whether the log ended there.
    is_at_end: bool,
}

/// What a step is made of.
#[derive(Debug)]
pub(crate) struct Gathered {
    told: Vec<Told>,
    looked_at: usize,
    is_at_end: bool,
    /// Where the next part of the snapshot is due: how its nodes are, and how far it is read then.
    part: Option<(Vec<Arc<Update>>, Snapshot)>,
}

impl Watch {
    /// Begins to listen: behind `since` where that is a place that can be gone on from, else with a snapshot.
    pub(crate) fn begin(
        (topic, mode): (Topic, Mode),
        sight: Sight,
        since: Option<&str>,
        (log, cursors): (&Log, &Cursors),
    ) -> (Self, Vec<Frame>) {
        let end = log.position();
        let mut watch = Self {
            topic,
            mode,
            sight,
            at: end,
            until: end.sequence,
            snapshot: Snapshot::Upto(None, 0),
            missed_until: end,
        };
        let place = since.and_then(|since| cursors.open(watch.covered(), since));
        let place = place.filter(|place| log.since(*place, 0).is_ok());
        let frames = match (since, place) {
            (Some(cursor), Some(place)) => {
                watch.at = place;
                watch.snapshot = Snapshot::Whole;
                vec![Frame::subscribed(topic, Some(cursor.into()))]
            }
            (Some(_), None) => {
                let resync = Frame::resync(topic, "cursor_unknown");
                vec![Frame::subscribed(topic, None), resync]
            }
            (None, _) => vec![Frame::subscribed(topic, None)],
        };
        (watch, frames)
    }

    /// What he sees.
    pub(crate) fn sight(&self) -> &Sight {
        &self.sight
    }

    /// What to go on from, if he can.
    pub(crate) fn cursor(&self, cursors: &Cursors) -> Option<Arc<str>> {
        let is_whole = self.snapshot == Snapshot::Whole;
        is_whole.then(|| cursors.seal(self.covered(), self.at).into())
    }

    fn covered(&self) -> Covered {
        Covered {
            topic: self.topic,
            print: self.sight.print,
        }
    }

    /// Has him see what he sees now. Where that is something else, all that he knows begins anew: what was told
    /// before is not for him.
    pub(crate) fn look(&mut self, sight: Sight, end: Position) -> Option<Frame> {
        let is_same = sight.print == self.sight.print;
        self.sight = sight;
        (!is_same).then(|| self.begin_anew(end, "rights_changed"))
    }

    /// Has all that he knows begin anew, where the log ends.
    pub(crate) fn begin_anew(&mut self, end: Position, reason: &'static str) -> Frame {
        (self.at, self.until) = (end, end.sequence);
        self.missed_until = end;
        self.snapshot = Snapshot::Upto(None, 0);
        Frame::resync(self.topic, reason)
    }

    /// That something which may mean something to him is in a stretch of the log, and nothing between where he
    /// has been up to and there.
    pub(crate) fn touch(&mut self, stretch: Stretch) {
        if stretch.epoch != self.at.epoch {
            return;
        }
        if self.is_up_to_date() {
            self.at.sequence = self.at.sequence.max(stretch.from);
        }
        self.until = self.until.max(stretch.until);
    }

    /// That there is nothing for him before a place.
    pub(crate) fn pass(&mut self, place: Position) {
        if self.is_up_to_date() && self.at.epoch == place.epoch {
            self.at.sequence = self.at.sequence.max(place.sequence);
            self.until = self.at.sequence;
        }
    }

    /// Whether he knows all that he can.
    pub(crate) fn is_up_to_date(&self) -> bool {
        self.at.sequence >= self.until && self.snapshot == Snapshot::Whole
    }

    /// What he asks for next. In a snapshot he goes along with the log, and is told where that ends.
    pub(crate) fn ask(&mut self, end: impl FnOnce() -> Position) -> Ask {
        if self.snapshot != Snapshot::Whole {
            let end = end();
            if end.epoch == self.at.epoch {
                self.until = self.until.max(end.sequence);
            }
        }
        let is_missed = self.at.sequence < self.missed_until.sequence;
        let behind = self.until.saturating_sub(self.at.sequence);
        Ask {
            covered: self.covered(),
            mode: self.mode,
            at: self.at,
            until: self.until,
            snapshot: self.snapshot,
            is_slow: behind > SLOW && !is_missed,
        }
    }

    /// Goes where a step leads.
    pub(crate) fn go(&mut self, step: &Step) {
        (self.at, self.snapshot) = (step.at, step.snapshot);
        if step.is_at_end {
            self.until = self.at.sequence;
        }
    }
}

impl Ask {
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
            is_at_end,
        };
        step.at.sequence += looked_at as u64;
        self.spell(told, &mut step, cursors);
        if let (Snapshot::Upto(_, number), Some((nodes, snapshot))) = (self.snapshot, part) {
            step.snapshot = snapshot;
            let part = Part {
                number,
                is_last: snapshot == Snapshot::Whole,
                nodes: &nodes,
                cursor: self.cursor(&step, cursors),
            };
            step.frames.push(Frame::snapshot(self.covered.topic, part));
        }
        step
    }

    fn cursor(&self, step: &Step, cursors: &Cursors) -> Option<Arc<str>> {
        let is_whole = step.snapshot == Snapshot::Whole;
        is_whole.then(|| cursors.seal(self.covered, step.at).into())
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
        if !told.is_empty() {
            let cursor = self.cursor(step, cursors);
            step.frames.push(Frame::events(topic, &told, cursor));
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
