//! What tells a channel whose clock was set from one that was cleared: when its newest entries were
//! written, by its own clock, and a digest of what they hold.
//!
//! Pure; lost at a restart. Must never explain away a clearing: where the entries leave a doubt, the
//! clock was not set.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::domain::Timestamp;
use crate::ports::{Ask, Entry, Page};

/// As many entries as every ordinary answer shows.
const MOST_KNOWN: usize = Ask::MAX_LIVE as usize;

/// The newest entries of a channel, by number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Clock {
    known: BTreeMap<u64, Known>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    at: Timestamp,
    content: u64,
}

impl Clock {
    /// By how many milliseconds the clock was set: all entries that are known moved by so much, and
    /// hold what they held. 0 if not, or if they all hold the same, which any other life of the
    /// channel may hold as well.
    pub(super) fn shift(&self, page: &Page) -> i64 {
        let (mut shift, mut first, mut tells) = (None, None, false);
        for entry in &page.entries {
            let Some(known) = self.known.get(&entry.id.0) else {
                continue;
            };
            let moved = entry.created_at.millis_since(known.at);
            if moved == 0 || *shift.get_or_insert(moved) != moved {
                return 0;
            }
            if content(entry) != known.content {
                return 0;
            }
            tells |= *first.get_or_insert(known.content) != known.content;
        }
        shift.filter(|_| tells).unwrap_or(0)
    }

    /// Takes it that the clock was set by `shift` milliseconds.
    pub(super) fn set(&mut self, shift: i64) {
        for known in self.known.values_mut() {
            known.at = moved(known.at, shift);
        }
    }

    /// Keeps the newest entries of an answer.
    pub(super) fn note(&mut self, page: &Page) {
        for entry in &page.entries {
            let id = entry.id.0;
            let oldest = self.known.first_key_value().map(|(id, _)| *id);
            let is_too_old = self.known.len() >= MOST_KNOWN && oldest > Some(id);
            if is_too_old || self.known.contains_key(&id) {
                continue;
            }
            let known = Known {
                at: entry.created_at,
                content: content(entry),
            };
            self.known.insert(id, known);
            if self.known.len() > MOST_KNOWN {
                self.known.pop_first();
            }
        }
    }
}

/// An instant by a clock that was set by `shift` milliseconds.
pub(super) fn moved(at: Timestamp, shift: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add(shift))
}

fn content(entry: &Entry) -> u64 {
    let mut hasher = DefaultHasher::new();
    entry.fields.hash(&mut hasher);
    hasher.finish()
}
