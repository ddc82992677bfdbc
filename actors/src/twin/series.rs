//! Events in a row as one step of a twin.
//!
//! It leads to the same twin, by the same revisions and with the same effects, as one event after the
//! other would. What came before an event that breaks [`apply()`](super::apply()) stands; nothing behind
//! it is looked at. Pure: it must never publish or put anything.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::actor::Apply;
use super::{Effect, Event, Transition, Twin};

/// What a panic carried.
pub(crate) type Panic = Box<dyn Any + Send>;

/// What became of events in a row.
pub(super) struct Series {
    /// The twin after them; `None` where nothing has changed, and the one before is as good.
    pub(super) twin: Option<Twin>,
    /// In the order of their revisions.
    pub(super) effects: Vec<Effect>,
    /// How many events were applied.
    pub(super) taken: usize,
    /// The event behind those, if there is one: it broke what decides.
    pub(super) broken: Option<(Event, Panic)>,
}

impl Series {
    /// Applies `events` to the twin that stood `before`, as far as the first that breaks `apply`.
    pub(super) fn of(before: &Twin, apply: Apply, events: impl IntoIterator<Item = Event>) -> Self {
        let mut series = Self {
            twin: None,
            effects: Vec::new(),
            taken: 0,
            broken: None,
        };
        for event in events {
            let twin = series.twin.as_ref().unwrap_or(before);
            match catch_unwind(AssertUnwindSafe(|| apply(twin, &event))) {
                Ok(transition) => series.take(transition),
                Err(panic) => {
                    series.broken = Some((event, panic));
                    break;
                }
            }
        }
        series
    }

    fn take(&mut self, Transition { twin, mut effects }: Transition) {
        self.taken += 1;
        if effects.is_empty() {
            return;
        }
        self.twin = Some(twin);
        if self.effects.is_empty() {
            self.effects = effects;
        } else {
            self.effects.append(&mut effects);
        }
    }
}
