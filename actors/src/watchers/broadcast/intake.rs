//! Where twins leave what changed, for the broadcast to take: bounded, and shut while nobody listens.
//!
//! A broadcast that is slow holds nobody up: what there is no room for is not kept, and that something was
//! lost is told with the next taking. One lock for all shards: it is held for as long as a pointer takes.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex};

use crate::domain::NodeId;
use crate::twin::Twin;
use crate::watchers::desk::lock;

/// What may wait: a third of a second of a fleet that changes 50,000 times a second, and some 100 MB, since
/// each keeps a twin as it was.
const WAITING_LIMIT: usize = 16_384;

/// What happened to a node.
#[derive(Debug)]
pub(super) enum Item {
    /// Its twin was published.
    Changed(Arc<Twin>),
    /// It is there no longer.
    Removed(NodeId),
}

impl Item {
    pub(super) fn node(&self) -> NodeId {
        match self {
            Self::Changed(twin) => twin.spec().id,
            Self::Removed(node) => *node,
        }
    }
}

/// Something was left out: only the twins themselves can tell how they are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lost;

/// Where twins leave what changed.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    open: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    items: Vec<Item>,
    lost: bool,
}

impl Intake {
    /// Tells of a twin that was just published.
    pub(crate) fn changed(&self, twin: impl FnOnce() -> Arc<Twin>) {
        if self.is_open() {
            self.put(Item::Changed(twin()));
        }
    }

    /// Tells of a node that cannot be found any more.
    pub(crate) fn removed(&self, node: NodeId) {
        if self.is_open() {
            self.put(Item::Removed(node));
        }
    }

    /// Whoever publishes asks this afterwards, and whoever opens looks at what is published afterwards:
    /// between the two fences one of them sees the other's work.
    fn is_open(&self) -> bool {
        fence(Ordering::SeqCst);
        self.open.load(Ordering::Relaxed)
    }

    fn put(&self, item: Item) {
        let mut waiting = lock(&self.waiting);
        if waiting.items.len() < WAITING_LIMIT {
            waiting.items.push(item);
        } else {
            waiting.lost = true;
        }
    }

    /// Begins to keep what is told.
    pub(super) fn open(&self) {
        self.forget();
        self.open.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Keeps nothing any more.
    pub(super) fn shut(&self) {
        self.open.store(false, Ordering::Relaxed);
        self.forget();
    }

    /// What is dropped may be large: not under the lock that twins take.
    fn forget(&self) {
        let old = std::mem::take(&mut *lock(&self.waiting));
        drop(old);
    }

    /// What was told since the last time, in its order.
    pub(super) fn take(&self) -> Result<Vec<Item>, Lost> {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        if waiting.lost {
            Err(Lost)
        } else {
            Ok(waiting.items)
        }
    }
}
