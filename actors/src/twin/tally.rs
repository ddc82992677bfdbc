//! What the numbers of a fleet need of one twin, so that to count thousands does not read each of them.

use super::{Twin, derive};
use crate::domain::{Quality, StatusState};

/// What the numbers of a fleet need of one twin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tally {
    /// How the node stands.
    pub state: StatusState,
    /// Metrics whose current value is good.
    pub good: usize,
    /// Metrics that have a value, or those that its channel has a field for where these are more.
    pub metrics: usize,
    /// What a tank holds and could hold, in litres, as in [`Twin::derived`]; `None` where it is not known.
    pub stored: Option<(f64, f64)>,
}

impl Tally {
    /// That of `twin`.
    pub fn of(twin: &Twin) -> Self {
        let channel = twin.spec().channel.as_ref();
        let mapped = channel.map_or(0, |channel| channel.field_map.len());
        let reported = twin.reported();
        let good = reported
            .iter()
            .filter(|property| property.verdict.quality == Quality::Good);
        Self {
            state: twin.status().state,
            good: good.count(),
            metrics: reported.len().max(mapped),
            stored: derive::stored(twin),
        }
    }
}
