//! What asking history and keeping rollups up ask of a store.
//!
//! A mark says of a node and an hour of UTC that readings were written in it which no rollup has seen. It is
//! written in the transaction of the readings, and knows no time zone. The store keeps rows; what they come
//! to is worked out by [`crate::history`], and never in SQL.

use std::fmt::Debug;

use evara_actors::domain::{NodeId, Revision, Source, Timestamp, Value};
use evara_actors::ports::{ArchiveError, BoxFuture};
use uuid::Uuid;

use super::{Checkpoint, Summary};

/// The past of nodes, for those who ask about it.
pub trait History: Debug + Send + Sync {
    /// Samples of a node from the oldest to the newest, each once.
    fn samples(
        &self,
        node: NodeId,
        span: SampleSpan,
    ) -> BoxFuture<'_, Result<Vec<PastSample>, ArchiveError>>;

    /// How far a span of a node is rolled up.
    fn standing(
        &self,
        node: NodeId,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, ArchiveError>>;

    /// The rollups of a node that begin in a span, by their beginning.
    fn rollups(
        &self,
        node: NodeId,
        span: RollupSpan,
    ) -> BoxFuture<'_, Result<Vec<Rollup>, ArchiveError>>;

    /// The newest checkpoint of a node by an instant.
    fn checkpoint(
        &self,
        node: NodeId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ArchiveError>>;
}

/// The rollups, for the one who keeps them up. Each call is one transaction.
pub trait Rolling: History {
    /// By which rule each node is rolled up.
    fn rules(&self) -> BoxFuture<'_, Result<Vec<(NodeId, RuleBook)>, ArchiveError>>;

    /// Has a node rolled up by another rule from now on: marks every hour from `rule.since` on of which
    /// there are samples, and forgets its rollups that begin there.
    fn adopt(&self, node: NodeId, rule: RuleBook) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// Takes marks of hours that begin before an instant, oldest first. Of what is committed from now on
    /// there will be new ones. A mark that was taken and not settled, as by a process that was killed, is
    /// given again.
    fn take_marks(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Mark>, ArchiveError>>;

    /// Puts the rollups of hours in the place of what was there, makes their days due, and removes the
    /// marks that were taken of them.
    fn settle_hours(
        &self,
        node: NodeId,
        marks: Vec<Timestamp>,
        hours: Vec<HourRollups>,
    ) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// Days that begin before an instant and are due, oldest first.
    fn due_days(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Due>, ArchiveError>>;

    /// Puts the rollups of a day in the place of what was there; it is not due any more.
    fn settle_day(&self, due: Due, rollups: Vec<Rollup>)
    -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// Keeps the snapshots of at most `limit` nodes after `after` as checkpoints of the day that `at` is in,
    /// unless there is one. Tells the last of these nodes; `None` when no node was left.
    fn keep_checkpoints(
        &self,
        at: Timestamp,
        after: Option<NodeId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Option<NodeId>, ArchiveError>>;

    /// For how long communities keep readings as they came. Of a community that is not named they are kept for
    /// as long as the service was told.
    fn raw_days(&self) -> BoxFuture<'_, Result<Vec<CommunityDays>, ArchiveError>>;

    /// Seals of each node what begins before its instant: its rollups are the truth from now on, and its
    /// samples may go. Tells the nodes that were passed over, since a mark or a due day is before it.
    fn seal(
        &self,
        nodes: Vec<(NodeId, Timestamp)>,
    ) -> BoxFuture<'_, Result<Vec<NodeId>, ArchiveError>>;

    /// Removes sealed samples, at most `limit` of one of the nodes after `after`. A sample stays that a twin
    /// would come back without. Checkpoints go with the samples of their time.
    fn expire(
        &self,
        after: Option<NodeId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Expired, ArchiveError>>;
}

/// A community, and for how many days it keeps readings as they came; `None` for ever.
pub type CommunityDays = (Uuid, Option<u32>);

/// Which samples are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleSpan {
    /// From this source time on, inclusive.
    pub from: Timestamp,
    /// Up to this source time, exclusive.
    pub to: Timestamp,
    /// After the sample with this instant and source.
    pub after: Option<(Timestamp, Source)>,
    /// At most so many.
    pub limit: u32,
}

/// A sample as it was kept, with what the twin derived from it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastSample {
    /// Where it came from.
    pub source: Source,
    /// When it was measured.
    pub source_at: Timestamp,
    /// When it reached us.
    pub received_at: Timestamp,
    /// The revision that it led to.
    pub revision: Revision,
    /// What was reported.
    pub values: Vec<Value>,
    /// What was derived, by name, such as `level_pct`.
    pub derived: Vec<(String, f64)>,
}

/// What a rollup is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A local hour.
    Hour,
    /// A local day.
    Day,
}

/// Which rollups are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupSpan {
    /// Of hours or of days.
    pub unit: Unit,
    /// Of these metrics.
    pub metrics: Vec<String>,
    /// Those that begin at this instant or later.
    pub from: Timestamp,
    /// Those that begin before this instant.
    pub to: Timestamp,
}

/// What the readings of a metric in an hour or a day come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollup {
    /// The name of the metric, or of what was derived.
    pub metric: String,
    /// The first instant of the hour or day.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
    /// What the readings come to.
    pub summary: Summary,
}

/// By which rule a node is rolled up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleBook {
    /// The IANA name of the zone whose hours and days they are.
    pub zone: String,
    /// All else that rollups depend on, as text; opaque to the store.
    pub terms: String,
    /// What begins before this instant was rolled up by an earlier rule and is sealed.
    pub since: Timestamp,
}

/// How far a span of a node is rolled up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// By which rule; `None` where it never was.
    pub rule: Option<RuleBook>,
    /// Samples before this instant may be gone.
    pub raw_from: Option<Timestamp>,
    /// The beginnings of the hours of UTC that are marked, in order.
    pub marked: Vec<Timestamp>,
    /// The beginnings of the days that are due, in order.
    pub due: Vec<Timestamp>,
}

/// A node and an hour of UTC with readings that no rollup has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Whose readings.
    pub node: NodeId,
    /// The hour's beginning.
    pub hour: Timestamp,
}

/// A node and a day whose hours were rolled up since the day was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Whose day.
    pub node: NodeId,
    /// The day's beginning.
    pub from: Timestamp,
}

/// The rollups of one hour, of all metrics that have any.
#[derive(Debug, Clone, PartialEq)]
pub struct HourRollups {
    /// The first instant of the hour.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
    /// The beginning of the day that it is in.
    pub day: Timestamp,
    /// By metric; empty where nothing counted.
    pub rollups: Vec<Rollup>,
}

/// How far removing samples has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// How many samples were removed.
    pub samples: u64,
    /// The node to go on after; the one that was given where that node has more.
    pub after: Option<NodeId>,
    /// Whether no node is left.
    pub finished: bool,
}
