//! Who is woken by what: each listener by what he listens to, and by nothing else.
//!
//! A listener is told which of his interests were touched, and from which place of the log to which. Whatever he
//! listens to beside those is up to date without his having looked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use uuid::Uuid;

use super::{Entry, Position, Update};
use crate::domain::{NodeId, NodeSpec};
use crate::watchers::desk::lock;

/// What somebody wants to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interest {
    /// Every node.
    All,
    /// Those of a community, and what comes into it or leaves it.
    Community(Uuid),
    /// One.
    Node(NodeId),
    /// None of them, but the tree.
    Tree,
}

/// Where in a log something of interest is: so many entries are before the first of it, and before what is
/// behind the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Which log.
    pub epoch: u64,
    /// Before the first.
    pub from: u64,
    /// Up to the last.
    pub until: u64,
}

impl Stretch {
    /// Both of one log, or the later one's.
    fn with(self, later: Self) -> Self {
        if self.epoch != later.epoch {
            return later;
        }
        Self {
            epoch: later.epoch,
            from: self.from.min(later.from),
            until: self.until.max(later.until),
        }
    }
}

/// What was touched since somebody looked.
#[derive(Debug, Default)]
pub struct Touched {
    /// Another log was begun: nothing holds.
    pub is_anew: bool,
    /// Where, by interest.
    pub stretches: HashMap<Interest, Stretch>,
}

impl Touched {
    fn is_nothing(&self) -> bool {
        !self.is_anew && self.stretches.is_empty()
    }
}

/// What wakes one listener.
#[derive(Debug, Default)]
pub(super) struct Ear {
    /// As many stretches as he has interests at most.
    touched: Mutex<Touched>,
    bell: Notify,
}

impl Ear {
    /// Waits until something was touched.
    pub(super) async fn rings(&self) {
        while lock(&self.touched).is_nothing() {
            self.bell.notified().await;
        }
    }

    pub(super) fn take(&self) -> Touched {
        std::mem::take(&mut lock(&self.touched))
    }

    fn touch(&self, interest: Interest, stretch: Stretch) {
        let mut touched = lock(&self.touched);
        let held = touched.stretches.entry(interest);
        held.and_modify(|held| *held = held.with(stretch))
            .or_insert(stretch);
        drop(touched);
        self.bell.notify_one();
    }

    fn begin_anew(&self) {
        lock(&self.touched).is_anew = true;
        self.bell.notify_one();
    }
}

/// All who listen, by what they listen to.
#[derive(Debug, Default)]
pub(super) struct Ears {
    /// No interest without a listener is in it.
    by_interest: HashMap<Interest, HashMap<u64, Arc<Ear>>>,
    all: HashMap<u64, Arc<Ear>>,
    /// How many there ever were.
    count: u64,
}

impl Ears {
    /// One more, who is interested in nothing yet.
    pub(super) fn open(&mut self) -> (u64, Arc<Ear>) {
        let (number, ear) = (self.count, Arc::<Ear>::default());
        self.count += 1;
        self.all.insert(number, Arc::clone(&ear));
        (number, ear)
    }

    pub(super) fn prick(&mut self, number: u64, interest: Interest) {
        if let Some(ear) = self.all.get(&number) {
            let of_it = self.by_interest.entry(interest).or_default();
            of_it.insert(number, Arc::clone(ear));
        }
    }

    pub(super) fn ignore(&mut self, number: u64, interest: Interest) {
        if let Some(of_it) = self.by_interest.get_mut(&interest) {
            of_it.remove(&number);
            if of_it.is_empty() {
                self.by_interest.remove(&interest);
            }
        }
    }

    pub(super) fn close(&mut self, number: u64, interests: impl Iterator<Item = Interest>) {
        for interest in interests {
            self.ignore(number, interest);
        }
        self.all.remove(&number);
    }

    /// Wakes those to whom these entries mean something, the first of which is at `place`.
    pub(super) fn touch(&self, place: Position, entries: &[Entry]) {
        let mut touched: HashMap<Interest, Stretch> = HashMap::new();
        for (from, entry) in (place.sequence..).zip(entries) {
            let (epoch, until) = (place.epoch, from + 1);
            let of_tree = entry.node().is_none().then_some(Interest::Tree);
            let of_node = entry.node().into_iter().flat_map(|it| interests(it));
            for interest in of_tree.into_iter().chain(of_node) {
                if self.by_interest.contains_key(&interest) {
                    let stretch = Stretch { epoch, from, until };
                    let held = touched.entry(interest);
                    held.and_modify(|held| *held = held.with(stretch))
                        .or_insert(stretch);
                }
            }
        }
        for (interest, stretch) in touched {
            for (_, ear) in self.by_interest.get(&interest).into_iter().flatten() {
                ear.touch(interest, stretch);
            }
        }
    }

    /// Wakes everyone: another log was begun.
    pub(super) fn begin_anew(&self) {
        for ear in self.all.values() {
            ear.begin_anew();
        }
    }
}

/// To whom an update means something: a node that moves between communities is of both.
fn interests(update: &Update) -> impl Iterator<Item = Interest> {
    let home = |spec: &NodeSpec| spec.community_id.map(Interest::Community);
    let now = home(&update.spec);
    let before = update.before.as_deref().and_then(home);
    let before = before.filter(|before| Some(*before) != now);
    let own = [Interest::All, Interest::Node(update.node)];
    own.into_iter().chain(now).chain(before)
}
