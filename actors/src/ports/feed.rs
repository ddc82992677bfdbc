//! Where polled readings come from.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use super::BoxFuture;
use crate::domain::{ChannelId, EntryId, NodeId, NodeSpec, Timestamp};

/// A source of channels, such as ThingSpeak. Knows their keys; never tells them.
pub trait Feed: Debug + Send + Sync {
    /// Reads entries of a channel, oldest first, within a deadline of its own.
    fn read(&self, channel: ChannelId, ask: Ask) -> BoxFuture<'_, Result<Page, FeedError>>;
}

/// Which entries are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The newest so many, at most [`Ask::MAX_LIVE`]: larger answers come from a cache.
    Newest(u16),
    /// The newest so many, at most [`Ask::MAX_BACKFILL`], perhaps minutes old: to fill a gap.
    Backfill(u16),
    /// What was created from `start` up to and including `end`, at most [`Ask::MAX_BACKFILL`].
    Between {
        /// The first instant that counts.
        start: Timestamp,
        /// The last instant that counts.
        end: Timestamp,
    },
}

impl Ask {
    /// ThingSpeak answers up to this many live, and more from a cache of five minutes.
    pub const MAX_LIVE: u16 = 100;
    /// ThingSpeak answers no more than this at once.
    pub const MAX_BACKFILL: u16 = 8_000;
}

/// What a channel answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Oldest first, by the time of creation.
    pub entries: Vec<Entry>,
    /// The newest entry that the channel says it has; `None` for an empty one.
    pub last_entry: Option<EntryId>,
    /// Rows that could not be read and were left out.
    pub malformed: u32,
    /// Whose it is to have.
    pub opened: Opened,
}

/// To whom a channel was opened. Who knows the number of somebody's channel is not to read it by their key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Opened {
    /// With no key, or with one that nobody brought: to every node that reads it.
    #[default]
    ToAll,
    /// With keys that these nodes brought: to them, and to the other nodes of their communities.
    ByKeysOf(Arc<BTreeSet<NodeId>>),
}

impl Opened {
    /// Whether `node` may have what was read. `find` has the nodes that read the channel; none where that
    /// hangs on one which is not among them, as while it is described anew.
    pub fn admits(
        &self,
        node: &NodeSpec,
        find: impl Fn(NodeId) -> Option<Arc<NodeSpec>>,
    ) -> Option<bool> {
        let Self::ByKeysOf(bearers) = self else {
            return Some(true);
        };
        if bearers.contains(&node.id) {
            return Some(true);
        }
        let mut are_all_known = true;
        for bearer in bearers.iter() {
            match find(*bearer) {
                Some(bearer) if bearer.community_id == node.community_id => return Some(true),
                Some(_) => {}
                None => are_all_known = false,
            }
        }
        are_all_known.then_some(false)
    }
}

/// A row of a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number in the channel.
    pub id: EntryId,
    /// The time that ThingSpeak, or the writer, gave it.
    pub created_at: Timestamp,
    /// Field 1 to 8 as they came, untrimmed; `None` for null and for a field that is not there.
    pub fields: [Option<Box<str>>; 8],
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// Asked too often; says when to come back where the other side did.
    #[error("the feed asks for patience")]
    Throttled {
        /// From a `Retry-After` header.
        retry_after: Option<Duration>,
    },
    /// The channel is private and the key does not open it, or there is no such channel.
    #[error("the channel cannot be read with the key that is set")]
    NoAccess,
    /// The other side failed.
    #[error("the feed answered with status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// No answer in time.
    #[error("the feed did not answer in time")]
    TimedOut,
    /// No connection.
    #[error("the feed cannot be reached")]
    Unreachable,
    /// An answer that is no feed.
    #[error("the feed's answer is not a feed: {0}")]
    Malformed(&'static str),
    /// An answer past the limit of bytes.
    #[error("the feed's answer is too large")]
    TooLarge,
}

impl FeedError {
    /// Whether it tells something of the host rather than of this channel alone.
    pub const fn is_host_wide(&self) -> bool {
        match self {
            Self::Status { status } => *status >= 500,
            Self::TimedOut | Self::Unreachable => true,
            Self::Throttled { .. } | Self::NoAccess | Self::Malformed(_) | Self::TooLarge => false,
        }
    }
}
