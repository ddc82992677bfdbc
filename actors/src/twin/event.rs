//! What can happen to a twin, and what comes of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Twin;
use crate::domain::{NodeSpec, Sample, Status, Timestamp};
use crate::ports::{EventRow, TelemetryRow};

/// What happened. Time is part of it: the core asks no clock.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A source said something.
    Observed(Arc<Sample>),
    /// People changed the description.
    Configured {
        /// The new description.
        spec: Arc<NodeSpec>,
        /// When.
        at: Timestamp,
    },
    /// Time passed: the status is judged anew.
    Ticked {
        /// What time it is.
        now: Timestamp,
    },
    /// The actor was given up on.
    Quarantined {
        /// When.
        at: Timestamp,
    },
    /// A person let the actor try again.
    Released {
        /// When.
        at: Timestamp,
    },
}

/// A discrete change, as the log keeps it. A stored format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Change {
    /// The twin came to be.
    Created,
    /// The status became this.
    Status(Status),
    /// The description has this version now.
    Configured {
        /// See [`NodeSpec::version`].
        version: u64,
    },
}

/// What the shell must do. The only way out of the core.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Keep this reading.
    Store(TelemetryRow),
    /// Keep this change.
    Log(EventRow),
}

/// The twin as it is after an event, and what must be done about it.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The twin; equal to the one before where nothing changed.
    pub twin: Twin,
    /// In the order of their revisions. Empty where nothing changed.
    pub effects: Vec<Effect>,
}
