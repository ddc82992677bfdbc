//! How a batch that is refused for what is in it is parted, until what is refused stands alone. Pure.
//!
//! The parts come in an order of which a crash may leave any beginning: the log of each node by revision,
//! and snapshots and cursors only after all readings. What is refused alone never keeps the rest waiting.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use serde_json::json;
use uuid::Builder;

use crate::domain::{NodeId, Revision, ShardId, Timestamp};
use crate::ports::{Batch, CursorRow, DeadLetter, EventRow, SnapshotRow, TelemetryRow};

/// So many rows of several nodes refused one by one, and none of them taken: the fault is not in the rows.
const MOST_ALONE: usize = 16;

/// The same as for a message that broke a twin: a thousand values, and some room.
const LETTER_BYTES: usize = 64 * 1024;

/// A row of a batch.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Row {
    Telemetry(TelemetryRow),
    Event(EventRow),
    DeadLetter(DeadLetter),
    Snapshot(SnapshotRow),
    Cursor(CursorRow),
}

/// A row that the archive does not take even alone, and what it said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refused {
    pub(super) row: Row,
    pub(super) why: String,
}

/// A batch on its way to the archive in parts.
#[derive(Debug)]
pub(super) struct Sift {
    /// Of the whole batch: each part is written by the same right.
    shards: Vec<ShardId>,
    rows: Vec<Row>,
    /// Parts that are not settled, the next one last.
    open: Vec<Range<usize>>,
    alone: Vec<Refused>,
    has_taken: bool,
}

/// Nothing is taken, whatever it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NothingTaken;

impl Sift {
    pub(super) fn of(mut batch: Batch) -> Self {
        let shards = std::mem::take(&mut batch.shards);
        let rows = lined_up(batch);
        let whole = 0..rows.len();
        Self {
            open: (!whole.is_empty()).then_some(whole).into_iter().collect(),
            shards,
            rows,
            alone: Vec::new(),
            has_taken: false,
        }
    }

    /// What to offer next; none when all is settled.
    pub(super) fn part(&self) -> Option<Batch> {
        let part = self.open.last()?;
        Some(Batch {
            shards: self.shards.clone(),
            ..batch_of(&self.rows[part.clone()])
        })
    }

    /// The archive took the part.
    pub(super) fn taken(&mut self) {
        self.open.pop();
        self.has_taken = true;
    }

    /// The archive refused the part for what is in it.
    ///
    /// # Errors
    /// When it refuses whatever it is offered.
    pub(super) fn refused(&mut self, why: &str) -> Result<(), NothingTaken> {
        let Some(part) = self.open.pop() else {
            return Ok(());
        };
        if part.len() > 1 {
            let middle = part.start + part.len() / 2;
            self.open.extend([middle..part.end, part.start..middle]);
            return Ok(());
        }
        let why = why.to_owned();
        let rows = self.rows[part].iter().cloned();
        self.alone.extend(rows.map(|row| Refused {
            row,
            why: why.clone(),
        }));
        if self.takes_nothing() {
            Err(NothingTaken)
        } else {
            Ok(())
        }
    }

    fn takes_nothing(&self) -> bool {
        let nodes = || self.alone.iter().map(|refused| refused.row.node());
        let several = nodes().any(|node| Some(node) != nodes().next());
        !self.has_taken && self.alone.len() >= MOST_ALONE && several
    }

    /// What was refused alone.
    pub(super) fn into_refused(self) -> Vec<Refused> {
        self.alone
    }
}

/// The readings and changes of a batch, and what only says how far they go.
pub(super) fn history_and_rest(batch: &Batch) -> (Batch, Batch) {
    let history = Batch {
        shards: batch.shards.clone(),
        telemetry: batch.telemetry.clone(),
        events: batch.events.clone(),
        ..Batch::default()
    };
    let rest = Batch {
        shards: batch.shards.clone(),
        dead_letters: batch.dead_letters.clone(),
        snapshots: batch.snapshots.clone(),
        cursors: batch.cursors.clone(),
        ..Batch::default()
    };
    (history, rest)
}

fn lined_up(batch: Batch) -> Vec<Row> {
    let telemetry = batch.telemetry.into_iter().map(Row::Telemetry);
    let mut rows: Vec<Row> = telemetry
        .chain(batch.events.into_iter().map(Row::Event))
        .collect();
    // Stable: late readings stay behind the revision that stood when they came.
    rows.sort_by_key(|row| (row.node(), row.revision()));
    rows.extend(batch.dead_letters.into_iter().map(Row::DeadLetter));
    rows.extend(batch.snapshots.into_iter().map(Row::Snapshot));
    rows.extend(batch.cursors.into_iter().map(Row::Cursor));
    rows
}

fn batch_of(rows: &[Row]) -> Batch {
    let mut batch = Batch::default();
    for row in rows.iter().cloned() {
        match row {
            Row::Telemetry(row) => batch.telemetry.push(row),
            Row::Event(row) => batch.events.push(row),
            Row::DeadLetter(row) => batch.dead_letters.push(row),
            Row::Snapshot(row) => batch.snapshots.push(row),
            Row::Cursor(row) => batch.cursors.push(row),
        }
    }
    batch
}

impl Row {
    /// Whose it is; a cursor is a channel's, which several nodes may read.
    pub(super) fn node(&self) -> Option<NodeId> {
        match self {
            Self::Telemetry(row) => Some(row.node),
            Self::Event(row) => Some(row.node),
            Self::DeadLetter(row) => Some(row.node),
            Self::Snapshot(row) => Some(row.node),
            Self::Cursor(_) => None,
        }
    }

    fn revision(&self) -> Option<Revision> {
        match self {
            Self::Telemetry(row) => Some(row.revision),
            Self::Event(row) => Some(row.revision),
            Self::Snapshot(row) => Some(row.revision),
            Self::DeadLetter(_) | Self::Cursor(_) => None,
        }
    }

    /// What kind of row it is, for people.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Telemetry(_) => "reading",
            Self::Event(_) => "change",
            Self::DeadLetter(_) => "dead letter",
            Self::Snapshot(_) => "snapshot",
            Self::Cursor(_) => "cursor",
        }
    }
}

impl Refused {
    /// What is kept in place of a reading or a change: the same letter, however often it is asked for. Of
    /// other rows nothing is: they are made anew from what stands.
    pub(super) fn letter(&self) -> Option<DeadLetter> {
        let (node, at, mut message) = match &self.row {
            Row::Telemetry(row) => {
                let said =
                    json!({ "type": "observed", "revision": row.revision, "sample": row.sample });
                (row.node, row.sample.received_at, said.to_string())
            }
            Row::Event(row) => {
                let said =
                    json!({ "type": "changed", "revision": row.revision, "change": row.change });
                (row.node, row.at, said.to_string())
            }
            Row::DeadLetter(_) | Row::Snapshot(_) | Row::Cursor(_) => return None,
        };
        message.truncate(message.floor_char_boundary(LETTER_BYTES));
        let error = format!("the archive does not take it: {}", self.why);
        let id = id_of(node, at, &message);
        Some(DeadLetter {
            id,
            node,
            at,
            error,
            message,
        })
    }
}

/// Of the time of the row, like other letters', and of what it says.
fn id_of(node: NodeId, at: Timestamp, message: &str) -> uuid::Uuid {
    let mut hasher = DefaultHasher::new();
    (node, message).hash(&mut hasher);
    let (first, second) = (hasher.finish(), node.0.as_u128() as u16);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&first.to_be_bytes());
    bytes[8..].copy_from_slice(&second.to_be_bytes());
    let millis = at.millis().max(0).unsigned_abs();
    Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}
