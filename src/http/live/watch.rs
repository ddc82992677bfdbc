//! One who listens to a topic: where he is, what he sees, and what he is to be sent next.
//!
//! He is a place in the log and little else. What he was not sent yet is nowhere but there, so that a slow
//! reader takes up no more than a quick one: he is folded where he falls behind, and begins anew where he falls
//! out. Decides by what it is given; reads no clock and waits for nothing.
//!
//! A snapshot is read in parts, in the order of the nodes' ids, each part behind all that was told before it.
//! What happens meanwhile is sent of nodes that are behind the reader and left out of those ahead of him, who
//! will see it in their part. There is no cursor until the last part: with half a snapshot nobody can go on.

use std::collections::HashSet;
use std::sync::Arc;

use evara_actors::domain::NodeId;
use evara_actors::watchers::broadcast::{Log, Position, Told, Update, fold};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    snapshot: Snapshot,
    /// Up to here he is sent what he missed while he was away, which is no sign of slowness.
    missed_until: Position,
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

    /// What he listens to.
    pub(crate) fn topic(&self) -> Topic {
        self.topic
    }

    /// Where he is.
    pub(crate) fn position(&self) -> Position {
        self.at
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
    pub(crate) fn look(&mut self, sight: Sight, log: &Log) -> Option<Frame> {
        let is_same = sight.print == self.sight.print;
        self.sight = sight;
        (!is_same).then(|| self.begin_anew(log, "rights_changed"))
    }

    fn begin_anew(&mut self, log: &Log, reason: &'static str) -> Frame {
        self.at = log.position();
        self.missed_until = self.at;
        self.snapshot = Snapshot::Upto(None, 0);
        Frame::resync(self.topic, reason)
    }

    /// Whether there is more for him at once, before anything happens.
    pub(crate) fn is_behind(&self, log: &Log) -> bool {
        self.at != log.position() || self.snapshot != Snapshot::Whole
    }

    /// What he is to be sent next: little enough to be held at once, and nothing where he sees nothing new.
    pub(crate) fn next(&mut self, log: &Log, cursors: &Cursors) -> Vec<Frame> {
        if self.passes_by(log) {
            self.at = log.position();
        }
        let Ok(since) = log.since(self.at, LOOKED_AT) else {
            return vec![self.begin_anew(log, "gap")];
        };
        let behind = log.position().sequence - self.at.sequence;
        let is_missed = self.at.sequence < self.missed_until.sequence;
        let is_slow = behind > SLOW && !is_missed;
        let (looked_at, told) = self.gathered(&since.updates, is_slow);
        self.at.sequence += looked_at as u64;
        let mut frames = self.spelt(told, is_slow, cursors);
        if self.at == log.position() {
            frames.extend(self.part(log, cursors));
        }
        frames
    }

    /// Whether nothing behind him is of his topic, as far as that can be told without looking.
    fn passes_by(&self, log: &Log) -> bool {
        let Topic::Node(node) = self.topic else {
            return false;
        };
        let before = |(_, sequence)| sequence < self.at.sequence;
        log.since(self.at, 0).is_ok() && log.latest(node).is_some_and(before)
    }

    /// As many updates as make up a frame, and how many were looked at for that.
    fn gathered(&self, updates: &[Arc<Update>], is_slow: bool) -> (usize, Vec<Told>) {
        let folds = is_slow || self.mode == Mode::Latest;
        let (mut told, mut nodes, mut bytes) = (Vec::new(), HashSet::new(), 0);
        for (place, update) in updates.iter().enumerate() {
            let Some(one) = self.told(update) else {
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

    fn told(&self, update: &Arc<Update>) -> Option<Told> {
        let is_passed = match self.snapshot {
            Snapshot::Whole => true,
            Snapshot::Upto(node, _) => node.is_some_and(|node| update.node <= node),
        };
        if !is_passed {
            return None;
        }
        let sees = |spec: &_| self.topic.covers(spec) && self.sight.scope.sees(spec);
        Told::of(update, sees)
    }

    fn spelt(&self, told: Vec<Told>, is_slow: bool, cursors: &Cursors) -> Vec<Frame> {
        let all = told.len();
        let told = match (self.mode, is_slow) {
            (Mode::Latest, _) | (Mode::All, true) => fold(told),
            (Mode::All, false) => told,
        };
        let mut frames = Vec::new();
        if is_slow && all > told.len() {
            frames.push(Frame::lag(self.topic, all - told.len()));
        }
        if !told.is_empty() {
            frames.push(Frame::events(self.topic, &told, self.cursor(cursors)));
        }
        frames
    }

    /// The next part of the snapshot; he is behind everything that was told.
    fn part(&mut self, log: &Log, cursors: &Cursors) -> Option<Frame> {
        let Snapshot::Upto(after, number) = self.snapshot else {
            return None;
        };
        let (mut nodes, mut bytes, mut last) = (Vec::new(), 0, after);
        let mut is_last = true;
        for (place, state) in self.states(log, after).enumerate() {
            if place == LOOKED_AT || bytes > FRAME_BYTES {
                is_last = false;
                break;
            }
            last = Some(state.node);
            if self.topic.covers(&state.spec) && self.sight.scope.sees(&state.spec) {
                bytes += state.bytes();
                nodes.push(Arc::clone(state));
            }
        }
        self.snapshot = if is_last {
            Snapshot::Whole
        } else {
            Snapshot::Upto(last, number + 1)
        };
        let part = Part {
            number,
            is_last,
            nodes: &nodes,
            cursor: self.cursor(cursors),
        };
        Some(Frame::snapshot(self.topic, part))
    }

    fn states<'a>(
        &self,
        log: &'a Log,
        after: Option<NodeId>,
    ) -> Box<dyn Iterator<Item = &'a Arc<Update>> + 'a> {
        match self.topic {
            Topic::Node(node) => Box::new(log.latest(node).map(|(state, _)| state).into_iter()),
            Topic::Alerts | Topic::Commands => Box::new(std::iter::empty()),
            Topic::Fleet | Topic::Community(_) => Box::new(log.states(after)),
        }
    }
}
