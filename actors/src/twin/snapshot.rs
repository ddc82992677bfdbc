//! A twin as bytes: what it remembers, without what follows from that.
//!
//! A stored format. A field may be added with a default; a change of meaning takes a new number.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::calendar::Today;
use super::slots::Slots;
use super::window::{Column, Key, Window};
use super::{Property, Twin};
use crate::domain::{Metric, NodeSpec, Revision, Status, Timestamp};

const FORMAT: u32 = 1;

/// Why a snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is not what this service writes.
    #[error("the snapshot cannot be read")]
    Malformed(#[from] serde_json::Error),
    /// A newer version wrote it.
    #[error("the snapshot has format {0}, and this version knows formats up to {FORMAT}")]
    Newer(u32),
}

#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    format: u32,
    configured: u64,
    revision: Revision,
    status: Status,
    reported: std::borrow::Cow<'a, [Property]>,
    keys: Vec<(Timestamp, u64)>,
    columns: Vec<(Metric, Vec<Option<f64>>)>,
    slots: std::borrow::Cow<'a, [Slots]>,
}

impl Twin {
    /// Its state as bytes, for [`Twin::restore`].
    pub fn snapshot(&self) -> Vec<u8> {
        let absent_as_null = |number: &f64| (!number.is_nan()).then_some(*number);
        let columns = self.window.columns.iter().map(|column| {
            (
                column.metric.clone(),
                column.numbers.iter().map(absent_as_null).collect(),
            )
        });
        let stored = Stored {
            format: FORMAT,
            configured: self.configured,
            revision: self.revision,
            status: self.status,
            reported: (&self.reported).into(),
            keys: self
                .window
                .keys
                .iter()
                .map(|key| (key.at, key.tag))
                .collect(),
            columns: columns.collect(),
            slots: (&self.slots).into(),
        };
        serde_json::to_vec(&stored).expect("text keys and finite numbers are always JSON")
    }

    /// The twin as it was when `state` was made by [`Twin::snapshot`], under the description `spec`,
    /// which may be a newer one: then the log has not told of it yet.
    ///
    /// # Errors
    /// When `state` is not a snapshot, or one of a newer version.
    pub fn restore(spec: Arc<NodeSpec>, state: &[u8]) -> Result<Self, SnapshotError> {
        let stored: Stored<'_> = serde_json::from_slice(state)?;
        if stored.format > FORMAT {
            return Err(SnapshotError::Newer(stored.format));
        }
        let columns = stored.columns.into_iter().map(|(metric, numbers)| Column {
            metric,
            numbers: numbers
                .into_iter()
                .map(|number| number.unwrap_or(f64::NAN))
                .collect(),
        });
        let keys = stored
            .keys
            .into_iter()
            .map(|(at, tag)| Key { at, tag })
            .collect();
        let mut twin = Self {
            today: Today::of(&spec),
            spec,
            configured: stored.configured,
            revision: stored.revision,
            status: stored.status,
            reported: stored.reported.into_owned(),
            window: Window {
                keys,
                columns: columns.collect(),
            },
            slots: stored.slots.into_owned(),
            interval: Duration::ZERO,
        };
        twin.conclude();
        Ok(twin)
    }
}
