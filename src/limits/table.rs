//! Accounts by whom they are of, never more than there is room for.
//!
//! An account that is level again is as good as none and may be forgotten; one that is not is never
//! forgotten, or whoever fills the table would give all others a fresh start. Those who find no room
//! share one account until there is some.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Subject;
use super::gcra::{Quota, Standing, take};

/// Accounts in one table: some megabytes, and more people or devices than one process serves in a minute.
pub(super) const CAPACITY: usize = 65_536;

/// Looking through a full table takes a millisecond; within a second few accounts become level.
const SWEEP_EVERY_US: u64 = 1_000_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Table {
    capacity: usize,
    accounts: Mutex<Accounts>,
}

#[derive(Debug, Default)]
struct Accounts {
    /// When each is level again.
    levels: HashMap<Subject, u64>,
    /// The account of all who found no room.
    shared: u64,
    /// Before that, another look for room would be in vain.
    next_sweep: u64,
}

impl Default for Table {
    fn default() -> Self {
        Self::with_room_for(CAPACITY)
    }
}

impl Table {
    pub(super) fn with_room_for(capacity: usize) -> Self {
        Self {
            capacity,
            accounts: Mutex::default(),
        }
    }

    /// Takes one request of `subject`.
    pub(super) fn take(&self, subject: Subject, quota: Quota, now: u64) -> Standing {
        // Nothing that is done under the lock panics half-way.
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let level = accounts.level_of(subject, self.capacity, now);
        let (next, standing) = take(quota, *level, now);
        *level = next;
        standing
    }

    /// Takes over that an account is level no sooner than so many microseconds from now.
    pub(super) fn follow(&self, subject: Subject, ahead: u64, now: u64) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let level = accounts.level_of(subject, self.capacity, now);
        *level = (*level).max(now.saturating_add(ahead));
    }

    /// How a request of `subject` would stand; nothing is taken.
    pub(super) fn look(&self, subject: Subject, quota: Quota, now: u64) -> Standing {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let own = accounts.levels.get(&subject).copied();
        let is_full = accounts.levels.len() >= self.capacity;
        let level = own.unwrap_or(if is_full { accounts.shared } else { 0 });
        take(quota, level, now).1
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.accounts.lock().unwrap().levels.len()
    }
}

impl Accounts {
    fn level_of(&mut self, subject: Subject, capacity: usize, now: u64) -> &mut u64 {
        if !self.levels.contains_key(&subject) {
            if self.levels.len() >= capacity {
                self.make_room(now);
            }
            if self.levels.len() >= capacity {
                return &mut self.shared;
            }
        }
        self.levels.entry(subject).or_default()
    }

    fn make_room(&mut self, now: u64) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now.saturating_add(SWEEP_EVERY_US);
        self.levels.retain(|_, level| *level > now);
    }
}
