//! What somebody listens to, and of which of it there is something to tell: the same for a socket and for a stream.
//!
//! He is woken by his topics alone, and looks at those of them that have news. What is made for him is shared
//! with whoever sees the same, see [`steps`](super::steps).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use evara_actors::domain::NodeId;
use evara_actors::watchers::broadcast::{Gone, Listener, Log, NotYet, Position};

use super::Live;
use super::cursor::{Covered, Known, Place};
use super::frame::Frame;
use super::recall::recall;
use super::tally::Tally;
use super::topic::Topic;
use super::watch::{Sight, Since, Wanted, Watch};
use crate::failpoint;
use crate::http::state::AppState;

/// What somebody listens to.
#[derive(Debug)]
pub(super) struct Topics {
    listener: Listener,
    /// Each apart: a tree makes room for eleven at once, and most listen to one.
    watches: BTreeMap<Topic, Box<Watch>>,
    /// Those of which there may be something to tell.
    behind: BTreeSet<Topic>,
    /// Before it there is nothing of those that are not behind.
    place: Option<Position>,
    /// Updates that may be there for him.
    owed: u64,
    tally: Arc<Tally>,
}

impl Topics {
    /// Nothing yet, by way of `listener`.
    pub(super) fn new(listener: Listener, tally: Arc<Tally>) -> Self {
        Self {
            listener,
            owed: 0,
            tally,
            watches: BTreeMap::new(),
            behind: BTreeSet::new(),
            place: None,
        }
    }

    /// Waits until there is something to listen to at all.
    ///
    /// # Errors
    /// [`NotYet`], after five seconds.
    pub(super) async fn ready(&mut self) -> Result<(), NotYet> {
        self.listener.ready().await.map(drop)
    }

    /// Begins to listen to a topic, also where it is listened to already.
    pub(super) async fn begin(
        &mut self,
        wanted: Wanted,
        sight: Sight,
        since: Option<&str>,
        app: &AppState,
    ) -> Vec<Frame> {
        let (topic, live) = (wanted.topic, app.live());
        let covered = Covered::of(&wanted, &sight);
        let place = since.and_then(|since| live.cursors.open(&covered, since));
        let recalled = match place.and_then(|place| self.forgotten(topic, place)) {
            Some((node, known)) => recall(app, node, known).await,
            None => None,
        };
        if let Some(interest) = topic.interest() {
            self.listener.hear(interest);
        }
        let comes_back = since.is_some();
        let since = since.map(|since| Since {
            cursor: since.into(),
            place,
            recalled,
        });
        let begun = |log: &Log| Watch::begin(wanted, sight, since, (log, &live.cursors));
        let (watch, frames) = self.listener.read(begun);
        if comes_back && !watch.is_whole() {
            self.begins_anew(live);
        }
        self.sends(live, &frames, 0);
        self.tally.topics().insert(topic);
        self.watches.insert(topic, Box::new(watch));
        self.behind.insert(topic);
        frames
    }

    /// The node that is listened to, and what was known of it, where the log does not know what came after that.
    fn forgotten(&self, topic: Topic, place: Place) -> Option<(NodeId, Known)> {
        let (Topic::Node(node), Some(known)) = (topic, place.known) else {
            return None;
        };
        let is_forgotten = |log: &Log| {
            let is_behind = log
                .latest(node)
                .is_some_and(|(latest, _)| latest.revision > known.revision);
            is_behind && log.since(place.position, 0).is_err()
        };
        self.listener.read(is_forgotten).then_some((node, known))
    }

    /// Listens to a topic no more; whether it was listened to.
    pub(super) fn end(&mut self, topic: Topic) -> bool {
        if let Some(interest) = topic.interest() {
            self.listener.ignore(interest);
        }
        self.behind.remove(&topic);
        self.tally.topics().remove(&topic);
        self.watches.remove(&topic).is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.watches.len()
    }

    pub(super) fn contains(&self, topic: Topic) -> bool {
        self.watches.contains_key(&topic)
    }

    /// Waits until there may be something to tell.
    pub(super) async fn news(&self) {
        if self.behind.is_empty() {
            self.listener.news().await;
        }
    }

    /// Those of which there may be something to tell.
    pub(super) fn behind(&mut self) -> Vec<Topic> {
        self.note();
        self.behind.iter().copied().collect()
    }

    /// Takes in what happened since the last time.
    fn note(&mut self) {
        let (touched, place) = self.listener.touched();
        for (interest, stretch) in touched.stretches {
            let topic = Topic::from(interest);
            if let Some(watch) = self.watches.get_mut(&topic) {
                watch.touch(stretch);
                self.behind.insert(topic);
            }
        }
        if touched.is_anew {
            self.behind.extend(self.watches.keys());
        }
        self.place = place;
        let behind = self.behind.iter().filter_map(|it| self.watches.get(it));
        self.owed = behind.map(|watch| watch.behind()).sum();
        self.tally.is_behind(self.owed);
    }

    fn sends(&self, live: &Live, frames: &[Frame], folded: usize) {
        self.tally.sends(frames, folded);
        live.tally.sends(frames, folded);
    }

    fn begins_anew(&self, live: &Live) {
        self.tally.resyncs();
        live.tally.resyncs();
    }

    /// The next of a topic.
    pub(super) fn next(&mut self, topic: Topic, live: &Live) -> Vec<Frame> {
        let Some(watch) = self.watches.get_mut(&topic) else {
            return Vec::new();
        };
        let listener = &self.listener;
        let end = listener.read(Log::position);
        let owed_before = watch.behind();
        let ask = watch.ask(end);
        let make = || {
            let mut gathered = listener.read(|log| ask.gather(watch.sight(), log))?;
            if !gathered.told.is_empty() && failpoint::loses_event() {
                gathered.told.pop();
            }
            Ok(ask.step(gathered, &live.cursors))
        };
        // What was worked out of a log that is gone holds no more: it says that nothing happened since.
        let step = match ask.is_of(end) {
            true => live.steps.of(&ask, make),
            false => Err(Gone),
        };
        let (frames, folded) = match &step {
            Ok(step) => {
                watch.go(step);
                (step.frames.clone(), step.folded)
            }
            Err(Gone) => (
                vec![watch.begin_anew(listener.read(Log::position), "gap")],
                0,
            ),
        };
        if watch.is_up_to_date() {
            self.behind.remove(&topic);
        }
        self.owed = self.owed.saturating_sub(owed_before) + watch.behind();
        self.tally.is_behind(self.owed);
        if step.is_err() {
            self.begins_anew(live);
        }
        self.sends(live, &frames, folded);
        frames
    }

    /// Has every topic be seen as `sight` says, and those end that are not there for it.
    pub(super) fn look(
        &mut self,
        sight: &Sight,
        live: &Live,
        is_there: impl Fn(Topic) -> bool,
    ) -> Vec<Frame> {
        let end = self.listener.read(Log::position);
        let mut frames = Vec::new();
        let topics: Vec<Topic> = self.watches.keys().copied().collect();
        for topic in topics {
            if !is_there(topic) {
                self.end(topic);
                frames.push(Frame::unsubscribed(topic));
            } else if let Some(watch) = self.watches.get_mut(&topic)
                && let Some(resync) = watch.look(sight.clone(), end)
            {
                self.behind.insert(topic);
                self.begins_anew(live);
                frames.push(resync);
            }
        }
        self.sends(live, &frames, 0);
        frames
    }

    /// The places that the topics have come to, also while nothing happened that is seen.
    pub(super) fn cursors(&mut self, live: &Live) -> Vec<(Topic, Option<Arc<str>>)> {
        self.note();
        let place = self.place;
        let cursor = |(topic, watch): (&Topic, &mut Box<Watch>)| {
            if let Some(place) = place {
                watch.pass(place);
            }
            (*topic, watch.cursor(&live.cursors))
        };
        self.watches.iter_mut().map(cursor).collect()
    }
}
