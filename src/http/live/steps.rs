//! What was worked out for one who listens, kept for a moment for all who see the same: a frame is made once, however
//! many it is sent to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use evara_actors::watchers::broadcast::Gone;

use super::step::{Ask, Step};

/// Steps that are kept at least, and twice as many at most: some ticks of a thousand different topics.
const KEPT: usize = 4_096;

/// What those may weigh, and twice as much at most: some ticks of the largest frames of fifty different sights.
const KEPT_BYTES: usize = 16 * 1024 * 1024;

/// Being made, or made: those who come meanwhile wait for the one who makes it.
type Slot = Arc<OnceLock<Result<Arc<Step>, Gone>>>;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    kept: Mutex<Kept>,
    made: AtomicU64,
    given: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    young: HashMap<Ask, Slot>,
    old: HashMap<Ask, Slot>,
    /// What the young ones weigh.
    bytes: usize,
}

impl Kept {
    fn slot(&mut self, ask: &Ask) -> Slot {
        if let Some(slot) = self.young.get(ask) {
            return Arc::clone(slot);
        }
        if self.young.len() >= KEPT || self.bytes >= KEPT_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        let slot = self.old.remove(ask).unwrap_or_default();
        if let Some(Ok(step)) = slot.get() {
            self.bytes += step.bytes();
        }
        self.young.insert(ask.clone(), Arc::clone(&slot));
        slot
    }
}

impl Steps {
    /// The answer to `ask`: that of another who asked the same, or what `make` makes of it.
    pub(crate) fn of(
        &self,
        ask: &Ask,
        make: impl FnOnce() -> Result<Step, Gone>,
    ) -> Result<Arc<Step>, Gone> {
        let slot = self.kept().slot(ask);
        self.given.fetch_add(1, Ordering::Relaxed);
        let made = slot.get_or_init(|| {
            let made = make().map(Arc::new);
            self.made.fetch_add(1, Ordering::Relaxed);
            if let Ok(step) = &made {
                self.kept().bytes += step.bytes();
            }
            made
        });
        made.clone()
    }

    /// How many were made, and how many were given.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let [made, given] = [&self.made, &self.given].map(|count| count.load(Ordering::Relaxed));
        (made, given)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
