//! What came of those who listen, in numbers: of each for as long as he is there, and of all since the start.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::frame::Frame;
use super::topic::Topic;

/// Over so long a rate is taken.
const RATED_OVER: Duration = Duration::from_secs(10);

/// Of one who listens, or of all.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) began: Instant,
    frames: Meter,
    bytes: Meter,
    folded: AtomicU64,
    resyncs: AtomicU64,
    too_slow: AtomicU64,
    /// Updates that were there for him and not sent yet, when he was last looked at.
    behind: AtomicU64,
    /// What he listens to; nothing of all together.
    topics: Mutex<BTreeSet<Topic>>,
}

/// The same, as it stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    pub(crate) frames_per_s: f64,
    pub(crate) bytes_per_s: f64,
    pub(crate) folded: u64,
    pub(crate) resyncs: u64,
    pub(crate) too_slow: u64,
    pub(crate) behind: u64,
    pub(crate) topics: BTreeSet<Topic>,
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            began: now,
            frames: Meter::new(now),
            bytes: Meter::new(now),
            folded: AtomicU64::new(0),
            resyncs: AtomicU64::new(0),
            too_slow: AtomicU64::new(0),
            behind: AtomicU64::new(0),
            topics: Mutex::default(),
        }
    }

    /// Frames that are sent, of which so many events were left out.
    pub(super) fn sends(&self, frames: &[Frame], folded: usize) {
        let now = Instant::now();
        let bytes: usize = frames.iter().map(|frame| frame.json.len()).sum();
        self.frames.add(frames.len() as u64, now);
        self.bytes.add(bytes as u64, now);
        self.folded.fetch_add(folded as u64, Ordering::Relaxed);
    }

    /// He began anew.
    pub(super) fn resyncs(&self) {
        self.resyncs.fetch_add(1, Ordering::Relaxed);
    }

    /// Somebody was sent away who read too slowly.
    pub(super) fn sends_away_as_slow(&self) {
        self.too_slow.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn is_behind(&self, updates: u64) {
        self.behind.store(updates, Ordering::Relaxed);
    }

    pub(super) fn topics(&self) -> MutexGuard<'_, BTreeSet<Topic>> {
        held(&self.topics)
    }

    pub(crate) fn counts(&self) -> Counts {
        let now = Instant::now();
        let (frames, frames_per_s) = self.frames.read(now);
        let (bytes, bytes_per_s) = self.bytes.read(now);
        Counts {
            frames,
            bytes,
            frames_per_s,
            bytes_per_s,
            folded: self.folded.load(Ordering::Relaxed),
            resyncs: self.resyncs.load(Ordering::Relaxed),
            too_slow: self.too_slow.load(Ordering::Relaxed),
            behind: self.behind.load(Ordering::Relaxed),
            topics: self.topics().clone(),
        }
    }
}

/// Counts, and how many of it there were a second of late.
#[derive(Debug)]
struct Meter(Mutex<Metered>);

#[derive(Debug)]
struct Metered {
    all: u64,
    /// Since when `of_late` is counted.
    since: Instant,
    of_late: u64,
    /// In the stretch before that, a second.
    before: f64,
}

impl Meter {
    fn new(now: Instant) -> Self {
        Self(Mutex::new(Metered {
            all: 0,
            since: now,
            of_late: 0,
            before: 0.0,
        }))
    }

    fn add(&self, count: u64, now: Instant) {
        let mut it = held(&self.0);
        it.go_on(now);
        it.all += count;
        it.of_late += count;
    }

    fn read(&self, now: Instant) -> (u64, f64) {
        let mut it = held(&self.0);
        it.go_on(now);
        (it.all, it.before)
    }
}

impl Metered {
    fn go_on(&mut self, now: Instant) {
        let passed = now.duration_since(self.since);
        if passed >= RATED_OVER {
            self.before = self.of_late as f64 / passed.as_secs_f64();
            (self.since, self.of_late) = (now, 0);
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_last_stretch_and_falls_when_nothing_happens() {
        let start = Instant::now();
        let meter = Meter::new(start);
        for second in 0..10 {
            meter.add(30, start + Duration::from_secs(second));
        }
        let (all, rate) = meter.read(start + RATED_OVER);
        assert_eq!(all, 300);
        assert!((rate - 30.0).abs() < 1e-9);
        let (all, rate) = meter.read(start + 2 * RATED_OVER);
        assert_eq!((all, rate), (300, 0.0));
    }
}
