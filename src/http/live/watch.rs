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

use std::sync::Arc;

use evara_actors::watchers::broadcast::{Log, Position, Stretch, Told, Update, UpdateKind, fold};

use super::cursor::{Covered, Cursors, Known, Place};
use super::fields::Fields;
use super::frame::{Frame, known};
use super::step::{Ask, Snapshot, Step};
use super::topic::Topic;
use crate::http::guard::Scope;

/// Updates of one node in a frame, whatever they weigh: some 100 KiB of the largest.
const UPDATES_AT_ONCE: usize = 32;

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

/// What somebody asks to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) topic: Topic,
    pub(crate) mode: Mode,
    pub(crate) fields: Fields,
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

/// One who listens to a topic.
#[derive(Debug)]
pub(crate) struct Watch {
    wanted: Wanted,
    sight: Sight,
    at: Position,
    /// So many updates are before what is behind the last one that may mean something to him.
    until: u64,
    snapshot: Snapshot,
    /// Up to here he is sent what he missed while he was away, which is no sign of slowness.
    missed_until: Position,
    /// Where the topic is one node: what he knows of it.
    known: Option<Known>,
}

/// Where somebody goes on who comes back.
#[derive(Debug)]
pub(crate) struct Since {
    /// As he brought it.
    pub(crate) cursor: Arc<str>,
    /// What it says, if it was given for this.
    pub(crate) place: Option<Place>,
    /// What the archive has, where the log does not reach back so far.
    pub(crate) recalled: Option<Recalled>,
}

/// What happened to a node, as the archive has it.
#[derive(Debug)]
pub(crate) struct Recalled {
    /// How it was known.
    pub(crate) base: Arc<Update>,
    /// What was told after that, or would have been.
    pub(crate) missed: Vec<Arc<Update>>,
}

impl Watch {
    /// Begins to listen: behind `since` where that is a place that can be gone on from, else with a snapshot.
    pub(crate) fn begin(
        wanted: Wanted,
        sight: Sight,
        since: Option<Since>,
        (log, cursors): (&Log, &Cursors),
    ) -> (Self, Vec<Frame>) {
        let (end, topic) = (log.position(), wanted.topic);
        let mut watch = Self {
            wanted,
            sight,
            at: end,
            until: end.sequence,
            snapshot: Snapshot::Upto(None, 0),
            missed_until: end,
            known: None,
        };
        let frames = match since {
            Some(since) => match watch.go_on(&since, log, cursors) {
                Some(missed) => {
                    let mut frames = vec![Frame::subscribed(topic, Some(since.cursor))];
                    frames.extend(missed);
                    frames
                }
                None => {
                    let resync = Frame::resync(topic, "cursor_unknown");
                    vec![Frame::subscribed(topic, None), resync]
                }
            },
            None => vec![Frame::subscribed(topic, None)],
        };
        (watch, frames)
    }

    /// Goes on behind `since`, where that can be done, with what is to be sent before anything else.
    fn go_on(&mut self, since: &Since, log: &Log, cursors: &Cursors) -> Option<Vec<Frame>> {
        let place = since.place?;
        if log.since(place.position, 0).is_ok() {
            (self.at, self.known) = (place.position, place.known);
            self.snapshot = Snapshot::Whole;
            return Some(Vec::new());
        }
        let (Topic::Node(node), Some(then)) = (self.wanted.topic, place.known) else {
            return None;
        };
        let (latest, _) = log.latest(node)?;
        let told = missed(then, since.recalled.as_ref(), latest)?;
        let told = match self.wanted.mode {
            Mode::Latest => fold(told),
            Mode::All => told,
        };
        self.snapshot = Snapshot::Whole;
        self.known = Some(known(latest));
        let (few, covered) = (told.chunks(UPDATES_AT_ONCE), self.covered());
        let frames = few.map(|told| {
            let known = told.last().map(|one| known(&one.update));
            // Before the last of them he is in no log that there is.
            let position = if known == self.known {
                self.at
            } else {
                place.position
            };
            let cursor = cursors.seal(&covered, Place { position, known });
            Frame::events(&covered, told, cursor.map(Into::into))
        });
        Some(frames.collect())
    }

    /// What he sees.
    pub(crate) fn sight(&self) -> &Sight {
        &self.sight
    }

    /// What to go on from, if he can.
    pub(crate) fn cursor(&self, cursors: &Cursors) -> Option<Arc<str>> {
        let is_whole = self.snapshot == Snapshot::Whole;
        let place = Place {
            position: self.at,
            known: self.known,
        };
        let cursor = is_whole.then(|| cursors.seal(&self.covered(), place));
        cursor.flatten().map(Into::into)
    }

    fn covered(&self) -> Covered {
        Covered::of(&self.wanted, &self.sight)
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
        Frame::resync(self.wanted.topic, reason)
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

    /// Whether he knows how everything is, or was at his place.
    pub(crate) fn is_whole(&self) -> bool {
        self.snapshot == Snapshot::Whole
    }

    /// How many updates may be there for him.
    pub(crate) fn behind(&self) -> u64 {
        self.until.saturating_sub(self.at.sequence)
    }

    /// Whether he knows all that he can.
    pub(crate) fn is_up_to_date(&self) -> bool {
        self.at.sequence >= self.until && self.snapshot == Snapshot::Whole
    }

    /// What he asks for next. In a snapshot he goes along with the log, which ends there.
    pub(crate) fn ask(&mut self, end: Position) -> Ask {
        if self.snapshot != Snapshot::Whole && end.epoch == self.at.epoch {
            self.until = self.until.max(end.sequence);
        }
        let is_missed = self.at.sequence < self.missed_until.sequence;
        let behind = self.until.saturating_sub(self.at.sequence);
        Ask {
            covered: self.covered(),
            mode: self.wanted.mode,
            at: self.at,
            until: self.until,
            snapshot: self.snapshot,
            is_slow: behind > SLOW && !is_missed,
            known: self.known,
        }
    }

    /// Goes where a step leads.
    pub(crate) fn go(&mut self, step: &Step) {
        (self.at, self.snapshot, self.known) = (step.at, step.snapshot, step.known);
        if step.is_at_end {
            self.until = self.at.sequence;
        }
    }
}

/// What somebody missed who knew a node as it was then: all that the archive has of it, and how it is now.
fn missed(then: Known, recalled: Option<&Recalled>, latest: &Arc<Update>) -> Option<Vec<Told>> {
    let now = known(latest);
    if now.revision == then.revision {
        return (now == then).then(Vec::new);
    }
    let recalled = recalled.filter(|it| known(&it.base) == then && then.revision < now.revision)?;
    let old = recalled.missed.iter();
    let old = old.filter(|update| update.revision < now.revision);
    let mut told: Vec<Told> = old
        .map(|update| Told {
            kind: update.kind,
            previous: update.previous,
            update: Arc::clone(update),
        })
        .collect();
    let before = told.last().map_or(&recalled.base, |one| &one.update);
    let is_same = before.status.state == latest.status.state;
    told.push(Told {
        kind: if is_same {
            UpdateKind::Telemetry
        } else {
            UpdateKind::Status
        },
        previous: before.revision,
        update: Arc::clone(latest),
    });
    Some(told)
}
