//! The state of a twin, and how a reading becomes part of it.

use std::sync::Arc;
use std::time::Duration;

use super::calendar::Today;
use super::slots::Slots;
use super::window::{Key, Place, Window};
use super::{Derived, Property, derive, judge, status};
use crate::domain::{
    Kind, Metric, NodeSpec, Revision, Sample, Source, Status, StatusState, Timestamp, Value,
};
use crate::ports::{LogEntry, Record};
use crate::twin::Change;

/// Devices' clocks run a little ahead; what is stamped later than this after its arrival is wrong.
pub const FUTURE_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// What is known of a node. Changed by [`apply()`](super::apply()) alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Twin {
    pub(super) spec: Arc<NodeSpec>,
    /// The version of the description that the log last told of.
    pub(super) configured: u64,
    pub(super) revision: Revision,
    pub(super) status: Status,
    /// By metric.
    pub(super) reported: Vec<Property>,
    pub(super) window: Window,
    /// By metric; only of those that a day of history is needed for.
    pub(super) slots: Vec<Slots>,
    /// The community's day that the newest reading falls into, where a day matters.
    pub(super) today: Option<Today>,
    /// The usual time between two samples.
    pub(super) interval: Duration,
}

impl Twin {
    /// A twin of which nothing is known yet, at revision zero.
    pub fn blank(spec: Arc<NodeSpec>, at: Timestamp) -> Self {
        let mut twin = Self {
            configured: spec.version,
            revision: Revision::ZERO,
            status: status::at_birth(at),
            reported: Vec::new(),
            window: Window::default(),
            slots: Vec::new(),
            today: Today::of(&spec),
            interval: Duration::ZERO,
            spec,
        };
        twin.conclude();
        twin.status = twin.status_at(at);
        twin
    }

    /// The twin after an entry of its own log; an entry at or below its revision changes nothing.
    #[must_use]
    pub fn replay(self, entry: &LogEntry) -> Self {
        if entry.revision <= self.revision {
            return self;
        }
        let mut next = match &entry.record {
            Record::Telemetry(sample) => self.absorb(sample).unwrap_or(self),
            Record::Event(_, Change::Status(status)) => Self {
                status: *status,
                ..self
            },
            Record::Event(_, Change::Configured { version }) => Self {
                configured: *version,
                ..self
            },
            Record::Event(_, Change::Created) => self,
        };
        next.revision = entry.revision;
        next
    }

    /// The twin with a sample taken in, still at its old revision; `None` where that changes nothing,
    /// because the sample is known, too old to matter, or stamped in the future.
    pub(super) fn absorb(&self, sample: &Sample) -> Option<Self> {
        if sample.source_at > sample.received_at.plus(FUTURE_TOLERANCE) {
            return None;
        }
        let key = Key::of(sample);
        let mut reported = self.reported.clone();
        let mut slots = self.slots.clone();
        let told =
            |value: &Value| is_pushed(sample) && self.told_before(sample, &value.metric).is_some();
        let place = self.window.place(key);
        let (window, mut changed) = match place {
            Place::Wanted(index) => (self.window.with(index, key, sample), true),
            Place::TooOld => (self.window.clone(), false),
            // A channel's entry is whole. A pusher may say the rest of an instant later.
            Place::Known(_) if !is_pushed(sample) => return None,
            Place::Known(index) => match self.window.joined(index, sample, told) {
                Some(window) => (window, true),
                None => (self.window.clone(), false),
            },
        };
        for value in &sample.values {
            if told(value) {
                continue;
            }
            let Some(number) = value.number.filter(|number| number.is_finite()) else {
                continue;
            };
            changed |= report(&mut reported, sample, key, value, number);
            if judge::intrinsic(value.verdict).is_good() && keeps_slots(&self.spec, &value.metric) {
                changed |= take(&mut slots, &value.metric, key, number);
            }
        }
        changed.then(|| self.with_memory(reported, window, slots))
    }

    fn with_memory(&self, reported: Vec<Property>, window: Window, slots: Vec<Slots>) -> Self {
        let mut next = Self {
            spec: Arc::clone(&self.spec),
            configured: self.configured,
            revision: self.revision,
            status: self.status,
            today: self.today.clone(),
            interval: self.interval,
            reported,
            window,
            slots,
        };
        next.conclude();
        next
    }

    /// Works out again all that follows from what is remembered.
    pub(super) fn conclude(&mut self) {
        self.interval = status::interval(&self.spec.config, &self.window);
        if let (Some(today), Some(newest)) = (&mut self.today, self.window.newest()) {
            today.turn_to(newest.at);
        }
        judge::properties(self);
    }

    /// The same memory under another description.
    pub(super) fn described_by(mut self, spec: Arc<NodeSpec>) -> Self {
        self.today = Today::of(&spec);
        self.spec = spec;
        self.conclude();
        self
    }

    /// Whether all of a sample was taken in and is still remembered.
    pub(super) fn knows(&self, sample: &Sample) -> bool {
        let told = |value: &Value| {
            let before = self.told_before(sample, &value.metric);
            before.is_some() && before.map(f64::to_bits) == value.number.map(f64::to_bits)
        };
        match self.window.place(Key::of(sample)) {
            Place::Known(_) => !is_pushed(sample) || sample.values.iter().all(told),
            Place::Wanted(_) | Place::TooOld => false,
        }
    }

    /// The number that the source of `sample` gave of a metric at its instant before, where that is still
    /// remembered. It stays, whatever `sample` says.
    pub fn told_before(&self, sample: &Sample, metric: &Metric) -> Option<f64> {
        let key = Key::of(sample);
        let current = self.property(metric).filter(|property| {
            (property.source_at, property.source) == (sample.source_at, sample.source)
        });
        match (current, self.window.place(key)) {
            (Some(property), _) => Some(property.number),
            (None, Place::Known(index)) => self.window.number(index, metric),
            (None, Place::Wanted(_) | Place::TooOld) => None,
        }
    }

    /// The status that holds at `now` if nothing more is heard.
    pub fn status_at(&self, now: Timestamp) -> Status {
        status::judged(self, now)
    }

    /// The description that it goes by.
    pub fn spec(&self) -> &Arc<NodeSpec> {
        &self.spec
    }

    /// How many changes it has seen.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Whether the node is alive.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether its actor was given up on.
    pub fn is_quarantined(&self) -> bool {
        self.status.state == StatusState::Quarantined
    }

    /// The current values, by metric.
    pub fn reported(&self) -> &[Property] {
        &self.reported
    }

    /// The current value of a metric.
    pub fn property(&self, metric: &Metric) -> Option<&Property> {
        self.reported
            .iter()
            .find(|property| property.metric == *metric)
    }

    /// What follows from the current values, in a fixed order. Worked out at each call: it is asked
    /// for seldom, and kept it would be a tenth of what a twin takes in memory.
    pub fn derived(&self) -> Vec<Derived> {
        derive::derived(self)
    }

    /// The newest source time that any sample had; `None` before the first.
    pub fn last_seen_at(&self) -> Option<Timestamp> {
        self.window.newest().map(|key| key.at)
    }

    /// The usual time between two samples: configured, or the median of what was seen.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    pub(super) fn slots_of(&self, metric: &Metric) -> Option<&Slots> {
        self.slots.iter().find(|slots| slots.metric == *metric)
    }
}

fn is_pushed(sample: &Sample) -> bool {
    match sample.source {
        Source::Pushed(_) => true,
        Source::ThingSpeak { .. } => false,
    }
}

/// Makes `number` the current value where the sample is newer than the current one.
fn report(
    reported: &mut Vec<Property>,
    sample: &Sample,
    key: Key,
    value: &Value,
    number: f64,
) -> bool {
    let place = reported.binary_search_by(|property| property.metric.cmp(&value.metric));
    let current = place.ok().map(|index| &reported[index]);
    if current.is_some_and(|property| Key::new(property.source_at, property.source) >= key) {
        return false;
    }
    let still = current.filter(|property| property.number.to_bits() == number.to_bits());
    let property = Property {
        metric: value.metric.clone(),
        number,
        verdict: judge::intrinsic(value.verdict),
        source: sample.source,
        source_at: sample.source_at,
        received_at: sample.received_at,
        changed_at: still.map_or(sample.received_at, |property| property.changed_at),
    };
    match place {
        Ok(index) => reported[index] = property,
        Err(index) => reported.insert(index, property),
    }
    true
}

fn take(slots: &mut Vec<Slots>, metric: &Metric, key: Key, number: f64) -> bool {
    match slots.binary_search_by(|slots| slots.metric.cmp(metric)) {
        Ok(index) => slots[index].take(key, number),
        Err(index) => {
            slots.insert(index, Slots::first(metric.clone(), key, number));
            true
        }
    }
}

/// Whether a day of a metric is remembered: where a derived value or a flat-line limit needs it.
fn keeps_slots(spec: &NodeSpec, metric: &Metric) -> bool {
    let needed = match spec.kind {
        Kind::Flow => *metric == Metric::TotalL,
        Kind::Deep => matches!(metric, Metric::DepthM | Metric::PressureKpa | Metric::Pump),
        Kind::Tank | Kind::Generic => false,
    };
    let limits = spec.config.limits.get(metric);
    needed || limits.is_some_and(|limits| limits.flat_after_s.is_some())
}
