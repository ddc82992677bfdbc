//! What is known of a poller without asking it. Outlives the poller's actor, and is replaced, never changed.

use std::time::Duration;

use super::breaker::BreakerState;
use crate::domain::{ChannelId, EntryId, Reason, Timestamp};
use crate::ports::FeedError;

/// A poller, as it was when it last did something.
#[derive(Debug, Clone, PartialEq)]
pub struct PollerView {
    /// The channel that it polls.
    pub channel: ChannelId,
    /// What it is about.
    pub state: PollerState,
    /// Whether the channel may be asked: the host's breaker where that is not closed, else its own.
    pub breaker: BreakerState,
    /// The newest entry that was read.
    pub last_entry_id: Option<EntryId>,
    /// When the channel was last asked.
    pub last_poll_at: Option<Timestamp>,
    /// When it will be asked next; `None` while that depends on others.
    pub next_poll_at: Option<Timestamp>,
    /// When it last answered.
    pub last_success_at: Option<Timestamp>,
    /// Since it last answered; answers that asked for patience do not count.
    pub consecutive_failures: u32,
    /// Why it did not answer, if it did not.
    pub last_error: Option<FeedError>,
    /// The channel's own interval, once it is known.
    pub interval: Option<Duration>,
    /// How often the channel was found cleared.
    pub generation: u32,
    /// Entries that could not be fetched any more.
    pub missed_entries: u64,
    /// What was counted since the process started.
    pub counts: PollerCounts,
}

/// What a poller counted since the process started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PollerCounts {
    /// Requests.
    pub polls: u64,
    /// Requests without a page.
    pub failures: u64,
    /// Entries that were read for the first time.
    pub entries: u64,
    /// Of those, how many are older than one that was read before them.
    pub late: u64,
    /// Rows that could not be read: by how many there are more of them than in the answer before.
    pub malformed: u64,
    /// Samples that twins took.
    pub samples: u64,
    /// Samples that a twin was not able to take: quarantined, removed, or broken by them.
    pub passed_over: u64,
    pub(super) refused: [u64; Reason::ALL.len()],
}

/// What a poller is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PollerState {
    /// Waits for its time.
    Waiting,
    /// Waits for the channel's answer.
    Polling,
    /// Hands entries to the twins.
    Delivering,
    /// Waits until the twins or the archive have room.
    Blocked,
    /// Stopped by a person.
    Paused,
}

impl PollerState {
    /// The name used in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Polling => "polling",
            Self::Delivering => "delivering",
            Self::Blocked => "blocked",
            Self::Paused => "paused",
        }
    }
}

impl PollerCounts {
    /// Values that were refused, by reason, where there are any.
    pub fn refused(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        let counts = Reason::ALL.into_iter().zip(self.refused);
        counts.filter(|(_, count)| *count > 0)
    }
}

impl PollerView {
    /// A poller that has done nothing yet.
    pub(super) const fn new(channel: ChannelId) -> Self {
        Self {
            channel,
            state: PollerState::Waiting,
            breaker: BreakerState::Closed,
            last_entry_id: None,
            last_poll_at: None,
            next_poll_at: None,
            last_success_at: None,
            consecutive_failures: 0,
            last_error: None,
            interval: None,
            generation: 0,
            missed_entries: 0,
            counts: PollerCounts {
                polls: 0,
                failures: 0,
                entries: 0,
                late: 0,
                malformed: 0,
                samples: 0,
                passed_over: 0,
                refused: [0; Reason::ALL.len()],
            },
        }
    }
}
