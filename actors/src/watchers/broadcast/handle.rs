//! The way to what is told, for those who listen: they read it where it is, and ask nobody.
//!
//! Outlives the actor that tells. When another log is begun, a position in the one before is found to be gone.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::ears::{Ear, Ears};
use super::{Bounds, Entry, Interest, Log, Position, Standing, Touched, Update};
use crate::domain::NodeId;
use crate::watchers::desk::lock;

/// For a log to be made of the largest fleet, several times over.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// The log is not made yet: come back soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be told yet")]
pub struct NotYet;

/// Where everything is told. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Broadcast(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    log: RwLock<Log>,
    /// The place behind everything; none before the first log, and while nobody listens. Those to whom something
    /// before it means anything have been woken by then.
    told: watch::Sender<Option<Position>>,
    ears: Mutex<Ears>,
    audience: Mutex<Audience>,
    bounds: Bounds,
}

#[derive(Debug, Default)]
struct Audience {
    listeners: usize,
    last_left_at: Option<Instant>,
}

impl Broadcast {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Shared {
            log: RwLock::new(Log::new(0, bounds)),
            told: watch::Sender::new(None),
            ears: Mutex::default(),
            audience: Mutex::default(),
            bounds,
        }))
    }

    /// Listens, from whichever position he reads, and is interested in nothing yet.
    pub fn listen(&self) -> Listener {
        lock(&self.0.audience).listeners += 1;
        let (number, ear) = lock(&self.0.ears).open();
        Listener {
            told: self.0.told.subscribe(),
            shared: Arc::clone(&self.0),
            number,
            ear,
            interests: HashSet::new(),
        }
    }

    /// How much is kept for those who come back.
    pub fn bounds(&self) -> Bounds {
        self.0.bounds
    }

    /// How many entries are kept, and what they take at most.
    pub fn depth(&self) -> (usize, usize) {
        self.0.read(Log::depth)
    }

    /// Whether anybody listens, or may come back for what he missed. Where nobody does, the log is let go of in
    /// the same step: whoever comes then finds that there is none yet, and never one with nobody in it.
    pub(super) fn is_wanted(&self) -> bool {
        let audience = lock(&self.0.audience);
        let may_come_back = |left: Instant| left.elapsed() <= self.0.bounds.span;
        let is_wanted = audience.listeners > 0 || audience.last_left_at.is_some_and(may_come_back);
        if !is_wanted {
            self.fall_silent();
        }
        is_wanted
    }

    /// How nodes were when they were last told of.
    pub(super) fn latest(
        &self,
        nodes: impl Iterator<Item = NodeId>,
    ) -> HashMap<NodeId, Option<Arc<Update>>> {
        let held = |log: &Log, node| log.latest(node).map(|(update, _)| Arc::clone(update));
        self.0
            .read(|log| nodes.map(|node| (node, held(log, node))).collect())
    }

    /// How the tree was when it was last told of.
    pub(super) fn standing(&self) -> Standing {
        self.0.read(|log| log.standing().clone())
    }

    /// Says what is new: puts it into the log, and wakes those to whom it means something.
    pub(super) fn tell(&self, now: Duration, entries: &[Entry]) {
        let mut log = self.0.write();
        let before = log.position();
        log.append(now, entries);
        let after = log.position();
        drop(log);
        if before != after {
            lock(&self.0.ears).touch(before, entries);
            self.0.told.send_replace(Some(after));
        }
    }

    /// Has everyone read from another log.
    pub(super) fn begin(&self, log: Log) {
        let position = log.position();
        let old = std::mem::replace(&mut *self.0.write(), log);
        lock(&self.0.ears).begin_anew();
        self.0.told.send_replace(Some(position));
        drop(old);
    }

    /// Lets go of the log, which nobody reads.
    fn fall_silent(&self) {
        if self.0.told.send_replace(None).is_none() {
            return;
        }
        let nothing = Log::new(0, self.0.bounds);
        let old = std::mem::replace(&mut *self.0.write(), nothing);
        drop(old);
    }
}

impl Shared {
    fn read<R>(&self, read: impl FnOnce(&Log) -> R) -> R {
        read(&self.log.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whoever panicked while it was held is started again, and begins another log.
    fn write(&self) -> RwLockWriteGuard<'_, Log> {
        self.log.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who listens. As long as there is one, everything is told.
#[derive(Debug)]
pub struct Listener {
    shared: Arc<Shared>,
    told: watch::Receiver<Option<Position>>,
    number: u64,
    ear: Arc<Ear>,
    /// What he is woken by.
    interests: HashSet<Interest>,
}

impl Listener {
    /// Waits until there is a log, and tells the place behind all of it.
    ///
    /// # Errors
    /// [`NotYet`], after five seconds.
    pub async fn ready(&mut self) -> Result<Position, NotYet> {
        let told = timeout(READY_WITHIN, self.told.wait_for(Option::is_some)).await;
        // The sender is ours, and so cannot be gone.
        let told = told.map_err(|_| NotYet)?.map_err(|_| NotYet)?;
        told.ok_or(NotYet)
    }

    /// Is woken by it from now on. To be said before it is read from where on he listens.
    pub fn hear(&mut self, interest: Interest) {
        if self.interests.insert(interest) {
            lock(&self.shared.ears).prick(self.number, interest);
        }
    }

    /// Is not woken by it any more.
    pub fn ignore(&mut self, interest: Interest) {
        if self.interests.remove(&interest) {
            lock(&self.shared.ears).ignore(self.number, interest);
        }
    }

    /// Waits until something happened that he is interested in, or another log was begun.
    pub async fn news(&self) {
        self.ear.rings().await;
    }

    /// What happened that he is interested in since the last time, and a place before which there is nothing else;
    /// none while there is no log.
    pub fn touched(&self) -> (Touched, Option<Position>) {
        // In this order: those who are touched by what is before it were so before it was told.
        let told = *self.told.borrow();
        (self.ear.take(), told)
    }

    /// Reads what is there. Holds up whoever tells: to be brief, and never to wait.
    pub fn read<R>(&self, read: impl FnOnce(&Log) -> R) -> R {
        self.shared.read(read)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        lock(&self.shared.ears).close(self.number, self.interests.drain());
        let mut audience = lock(&self.shared.audience);
        audience.listeners -= 1;
        audience.last_left_at = Some(Instant::now());
    }
}
