//! The nouns: what a water system is made of, with the laws that every value of them obeys.
//!
//! Pure. Nothing here waits, logs, draws random numbers or reads a clock.

mod field_map;
mod geometry;
mod ids;
mod metric;
mod node;
mod quality;
mod reading;
mod rfc3339;
mod status;
mod time;
mod well_meter;

pub use field_map::{FieldMap, FieldRule};
pub use geometry::{Geometry, StrapPoint, Tank};
pub use ids::{ChannelId, EntryId, NodeId, Revision, ShardId};
pub use metric::Metric;
pub use node::{
    Category, ChannelBinding, Kind, Limits, Maintenance, NodeConfig, NodeSpec, Position,
};
pub use quality::{Quality, Reason, Verdict};
pub use reading::{Sample, Source, Value};
pub use rfc3339::TimeError;
pub use status::{Status, StatusReason, StatusState};
pub use time::Timestamp;
pub use well_meter::{Meter, Well};

/// A value that a constructor refused: where it was, as a JSON pointer, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct FieldError {
    /// A JSON pointer relative to the value that was checked, such as `/geometry/radius_m`.
    pub pointer: String,
    /// What is wrong, in lower case, without the value itself.
    pub message: String,
}

impl FieldError {
    /// Says what is wrong with the field at `pointer`.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.into(),
        }
    }

    /// The same error, seen from one level further out.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}
