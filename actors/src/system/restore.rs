//! How a twin comes back from what was saved of it, or into being where nothing was.

use std::sync::Arc;

use super::StartError;
use crate::domain::{NodeSpec, Timestamp};
use crate::ports::SavedTwin;
use crate::twin::{Transition, Twin};

/// The twin as it was, or a new one and what is to be written of it.
///
/// # Errors
/// When the snapshot cannot be read.
pub(super) fn restore(
    spec: Arc<NodeSpec>,
    saved: Option<SavedTwin>,
    now: Timestamp,
) -> Result<Transition, StartError> {
    let Some(saved) = saved.filter(|saved| saved.snapshot.is_some() || !saved.tail.is_empty())
    else {
        return Ok(Twin::create(spec, now));
    };
    let node = spec.id;
    let twin = match &saved.snapshot {
        Some(row) => Twin::restore(spec, &row.state)
            .map_err(|source| StartError::Unreadable { node, source })?,
        None => Twin::blank(Arc::clone(&spec), spec.created_at),
    };
    let twin = saved.tail.iter().fold(twin, Twin::replay);
    let effects = Vec::new();
    Ok(Transition { twin, effects })
}
