//! What somebody listens to, and of which of it there is something to tell: the same for a socket and for a stream.
//!
//! He is woken by his topics alone, and looks at those of them that have news. What is made for him is shared
//! with whoever sees the same, see [`steps`](super::steps).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use evara_actors::watchers::broadcast::{Gone, Listener, Log, NotYet, Position};

use super::Live;
use super::frame::Frame;
use super::topic::Topic;
use super::watch::{Mode, Sight, Watch};

/// What somebody listens to.
#[derive(Debug)]
pub(super) struct Topics {
    listener: Listener,
    watches: BTreeMap<Topic, Watch>,
    /// Those of which there may be something to tell.
    behind: BTreeSet<Topic>,
    /// Before it there is nothing of those that are not behind.
    place: Option<Position>,
}

impl Topics {
    /// Nothing yet, by way of `listener`.
    pub(super) fn new(listener: Listener) -> Self {
        Self {
            listener,
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
    pub(super) fn begin(
        &mut self,
        told: (Topic, Mode),
        sight: Sight,
        since: Option<&str>,
        live: &Live,
    ) -> Vec<Frame> {
        let (topic, _) = told;
        if let Some(interest) = topic.interest() {
            self.listener.hear(interest);
        }
        let cursors = &live.cursors;
        let (watch, frames) = self
            .listener
            .read(|log| Watch::begin(told, sight, since, (log, cursors)));
        self.watches.insert(topic, watch);
        self.behind.insert(topic);
        frames
    }

    /// Listens to a topic no more; whether it was listened to.
    pub(super) fn end(&mut self, topic: Topic) -> bool {
        if let Some(interest) = topic.interest() {
            self.listener.ignore(interest);
        }
        self.behind.remove(&topic);
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
    }

    /// The next of a topic.
    pub(super) fn next(&mut self, topic: Topic, live: &Live) -> Vec<Frame> {
        let Some(watch) = self.watches.get_mut(&topic) else {
            return Vec::new();
        };
        let listener = &self.listener;
        let end = || listener.read(Log::position);
        let ask = watch.ask(end);
        let step = live.steps.of(&ask, || {
            let gathered = listener.read(|log| ask.gather(watch.sight(), log))?;
            Ok(ask.step(gathered, &live.cursors))
        });
        let frames = match step {
            Ok(step) => {
                watch.go(&step);
                step.frames.clone()
            }
            Err(Gone) => vec![watch.begin_anew(end(), "gap")],
        };
        if watch.is_up_to_date() {
            self.behind.remove(&topic);
        }
        frames
    }

    /// Has every topic be seen as `sight` says, and those end that are not there for it.
    pub(super) fn look(&mut self, sight: &Sight, is_there: impl Fn(Topic) -> bool) -> Vec<Frame> {
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
                frames.push(resync);
            }
        }
        frames
    }

    /// The places that the topics have come to, also while nothing happened that is seen.
    pub(super) fn cursors(&mut self, live: &Live) -> Vec<(Topic, Option<Arc<str>>)> {
        self.note();
        let place = self.place;
        let cursor = |(topic, watch): (&Topic, &mut Watch)| {
            if let Some(place) = place {
                watch.pass(place);
            }
            (*topic, watch.cursor(&live.cursors))
        };
        self.watches.iter_mut().map(cursor).collect()
    }
}
