//! How channels are being read, as JSON: for those who look at a node, and for those who run the service.

use std::collections::BTreeMap;

use evara_actors::domain::ChannelId;
use evara_actors::ingest::PollerView as Poller;
use evara_actors::ports::{Entry, Page};
use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// How a node's channel is being read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Feed)]
pub(crate) struct FeedView {
    channel_id: u64,
    /// `closed`, `open` or `half_open`; null while nobody reads the channel.
    breaker: Option<&'static str>,
    last_entry_id: Option<u64>,
    last_poll_at: Option<Time>,
    next_poll_at: Option<Time>,
    /// Entries that were gone before they could be read.
    missed_entries: u64,
}

impl FeedView {
    /// A channel that nobody reads just now.
    pub(crate) fn unread(channel: ChannelId) -> Self {
        Self {
            channel_id: channel.0,
            breaker: None,
            last_entry_id: None,
            last_poll_at: None,
            next_poll_at: None,
            missed_entries: 0,
        }
    }
}

impl From<&Poller> for FeedView {
    fn from(poller: &Poller) -> Self {
        Self {
            channel_id: poller.channel.0,
            breaker: Some(poller.breaker.name()),
            last_entry_id: poller.last_entry_id.map(|entry| entry.0),
            last_poll_at: poller.last_poll_at.map(Time),
            next_poll_at: poller.next_poll_at.map(Time),
            missed_entries: poller.missed_entries,
        }
    }
}

/// A poller, and what it counted since the process started.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Poller)]
pub(crate) struct PollerView {
    #[serde(flatten)]
    feed: FeedView,
    /// `waiting`, `polling`, `delivering`, `blocked` or `paused`.
    state: &'static str,
    last_success_at: Option<Time>,
    /// Since the channel last answered.
    consecutive_failures: u32,
    /// Why it did not answer.
    last_error: Option<String>,
    /// The channel's own interval, once it is known.
    interval_s: Option<f64>,
    /// How often the channel was found cleared.
    generation: u32,
    polls: u64,
    failures: u64,
    entries: u64,
    /// Entries that came after younger ones.
    late: u64,
    malformed: u64,
    samples: u64,
    /// Samples that a twin was not able to take.
    passed_over: u64,
    /// Values that were refused, by reason.
    refused: BTreeMap<&'static str, u64>,
}

impl From<&Poller> for PollerView {
    fn from(poller: &Poller) -> Self {
        let counts = &poller.counts;
        Self {
            feed: poller.into(),
            state: poller.state.name(),
            last_success_at: poller.last_success_at.map(Time),
            consecutive_failures: poller.consecutive_failures,
            last_error: poller.last_error.as_ref().map(ToString::to_string),
            interval_s: poller.interval.map(|interval| interval.as_secs_f64()),
            generation: poller.generation,
            polls: counts.polls,
            failures: counts.failures,
            entries: counts.entries,
            late: counts.late,
            malformed: counts.malformed,
            samples: counts.samples,
            passed_over: counts.passed_over,
            refused: counts
                .refused()
                .map(|(reason, count)| (reason.name(), count))
                .collect(),
        }
    }
}

/// What a channel answered last, as it came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelPage)]
pub(crate) struct PageView {
    channel_id: u64,
    last_entry_id: Option<u64>,
    /// Oldest first.
    entries: Vec<EntryView>,
    /// Rows that could not be read and were left out.
    malformed: u32,
}

/// A row of a channel, as it came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelEntry)]
pub(crate) struct EntryView {
    entry_id: u64,
    created_at: Time,
    /// `field1` to `field8`, as text; those that are null are left out.
    fields: BTreeMap<String, String>,
}

impl PageView {
    pub(crate) fn new(channel: ChannelId, page: &Page) -> Self {
        Self {
            channel_id: channel.0,
            last_entry_id: page.last_entry.map(|entry| entry.0),
            entries: page.entries.iter().map(EntryView::from).collect(),
            malformed: page.malformed,
        }
    }
}

impl From<&Entry> for EntryView {
    fn from(entry: &Entry) -> Self {
        let fields = (1..).zip(&entry.fields);
        let said = |(number, field): (u8, &Option<Box<str>>)| {
            Some((format!("field{number}"), field.as_deref()?.to_owned()))
        };
        Self {
            entry_id: entry.id.0,
            created_at: Time(entry.created_at),
            fields: fields.filter_map(said).collect(),
        }
    }
}
