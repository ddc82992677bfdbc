//! How a channel is being read, as JSON.

use evara_actors::domain::ChannelId;
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
