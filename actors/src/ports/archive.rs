//! Where the twins' past is kept, and what a twin comes back from.

use std::collections::HashMap;
use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{BoxFuture, Epoch};
use crate::domain::{
    ChannelId, EntryId, Kind, Metric, NodeId, Revision, Sample, ShardId, Source, Timestamp, Verdict,
};
use crate::twin::Change;

/// The durable past. One process writes it at a time.
pub trait Archive: Debug + Send + Sync {
    /// Writes all of `batch` in one transaction, or nothing, and only while its shards are ours: see
    /// [`Ownership`](super::Ownership). A telemetry row, event, or dead letter that
    /// is there already is left as it is, so that a batch may be repeated.
    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// What the pollers of all channels come back from.
    fn cursors(&self) -> BoxFuture<'_, Result<Cursors, ArchiveError>>;

    /// What the twins of the nodes with these ids come back from; there is nothing of a node of which
    /// nothing was written.
    fn twins(
        &self,
        nodes: RangeInclusive<NodeId>,
    ) -> BoxFuture<'_, Result<SavedTwins, ArchiveError>>;

    /// All of both.
    fn load(&self) -> BoxFuture<'_, Result<Saved, ArchiveError>> {
        Box::pin(async move {
            // In this order: a cursor must not be ahead of the readings it led to.
            let cursors = self.cursors().await?;
            let twins = self.twins(NodeId::ALL).await?;
            Ok(Saved { twins, cursors })
        })
    }

    /// The numbers, texts and verdicts of a node from the oldest to the newest.
    fn telemetry(
        &self,
        node: NodeId,
        query: TelemetryQuery,
    ) -> BoxFuture<'_, Result<Vec<Point>, ArchiveError>>;

    /// The change log of a node after a revision, by revision: telemetry and events together.
    fn changes(
        &self,
        node: NodeId,
        after: Revision,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<LogEntry>, ArchiveError>>;

    /// The newest dead letters, newest first.
    fn dead_letters(&self, limit: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, ArchiveError>>;
}

/// What one transaction writes.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Whose changes these are, each once, ascending: the shards that must still be ours.
    pub shards: Vec<ShardId>,
    /// Readings, in the order of their shards' sequence.
    pub telemetry: Vec<TelemetryRow>,
    /// Discrete changes, in the order of their shards' sequence.
    pub events: Vec<EventRow>,
    /// The newest state of twins; an older revision never replaces a newer one.
    pub snapshots: Vec<SnapshotRow>,
    /// How far channels were read: never ahead of the readings that are written with it.
    pub cursors: Vec<CursorRow>,
    /// Messages that broke an actor.
    pub dead_letters: Vec<DeadLetter>,
}

impl Batch {
    /// How many rows it holds.
    pub fn len(&self) -> usize {
        self.telemetry.len()
            + self.events.len()
            + self.snapshots.len()
            + self.cursors.len()
            + self.dead_letters.len()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A sample that a twin took.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetryRow {
    /// Whose it is.
    pub node: NodeId,
    /// Chooses the table.
    pub kind: Kind,
    /// The revision that it led to; the one that stood where it changed nothing (see `late`).
    pub revision: Revision,
    /// Whether it came too late, or too early, to change the twin and is history only.
    pub late: bool,
    /// The sample, with the twin's verdict on each value.
    pub sample: Arc<Sample>,
    /// What the twin derived from it, by name, such as `level_pct`.
    pub derived: Vec<(&'static str, f64)>,
}

/// A discrete change of a twin.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// Whose it is.
    pub node: NodeId,
    /// The revision that it led to.
    pub revision: Revision,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub change: Change,
}

/// The state of a twin, to begin again from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Whose it is.
    pub node: NodeId,
    /// The shard it lives in.
    pub shard: ShardId,
    /// The revision it was taken at.
    pub revision: Revision,
    /// Opaque to the archive.
    pub state: Vec<u8>,
}

/// How far a channel was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorRow {
    /// The channel.
    pub channel: ChannelId,
    /// The shard it lives in.
    pub shard: ShardId,
    /// Every entry up to this one was handed to the twins, or counted as missed.
    pub last_entry: EntryId,
    /// The newest creation time among them: writers may give later entries older times.
    pub last_created_at: Timestamp,
    /// How often the channel was found cleared.
    pub generation: u32,
    /// Entries that could not be fetched any more.
    pub missed: u64,
}

/// A message that broke an actor, kept for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its own name.
    pub id: Uuid,
    /// Whose message it was.
    pub node: NodeId,
    /// When it broke the actor.
    pub at: Timestamp,
    /// What the panic said.
    pub error: String,
    /// The message, as JSON.
    pub message: String,
}

/// What everything comes back from.
#[derive(Debug, Clone, Default)]
pub struct Saved {
    /// The twins.
    pub twins: SavedTwins,
    /// How far channels were read.
    pub cursors: Cursors,
}

/// What twins come back from, by node.
pub type SavedTwins = HashMap<NodeId, SavedTwin>;

/// How far channels were read, by channel.
pub type Cursors = HashMap<ChannelId, CursorRow>;

/// What one twin comes back from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SavedTwin {
    /// The newest snapshot, if there is one.
    pub snapshot: Option<SnapshotRow>,
    /// What changed the twin after it, by revision; late rows are left out.
    pub tail: Vec<LogEntry>,
}

/// One entry of a node's change log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// The revision that it led to.
    pub revision: Revision,
    /// What it was.
    pub record: Record,
}

/// What a change log is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A sample.
    Telemetry(Sample),
    /// Anything else, and when.
    Event(Timestamp, Change),
}

/// Which telemetry is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetryQuery {
    /// Only this metric; `None` for all of them.
    pub metric: Option<Metric>,
    /// From this instant on, inclusive.
    pub from: Timestamp,
    /// Up to this instant, exclusive.
    pub to: Timestamp,
    /// At most so many samples' worth of points; a sample is never cut.
    pub limit: u32,
    /// After the sample with this instant and source: how the next page is asked for.
    pub after: Option<(Timestamp, Source)>,
}

/// One value in the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// What was measured.
    pub metric: Metric,
    /// The number, if there was one.
    pub number: Option<f64>,
    /// What was thought of it when it came.
    pub verdict: Verdict,
    /// The text, where it was refused.
    pub raw: Option<Box<str>>,
    /// Where it came from.
    pub source: Source,
    /// When it was measured.
    pub source_at: Timestamp,
    /// When it reached us.
    pub received_at: Timestamp,
    /// The revision that it led to.
    pub revision: Revision,
}

/// Why the archive did not answer, or did not take.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It failed, or did not answer in time; the same batch may be offered again.
    #[error("the archive cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another process has claimed the database since: nothing was written, and nothing will be.
    #[error("another process has taken over: epoch {0} of this one is over")]
    Fenced(Epoch),
    /// It never takes this batch, for what is in it; of a part of it, it may take every row. To offer the
    /// same again is vain.
    #[error("the archive does not take this")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What it holds cannot be read by this version.
    #[error("the archive holds what this version cannot read: {0}")]
    Corrupt(String),
}
