//! What the outside sees of a twin: the values that were reported, and those that follow from them.

use serde::{Deserialize, Serialize};

use crate::domain::{Metric, Source, Timestamp, Verdict};

/// The current value of one metric: the newest that any source reported with a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Property {
    /// What is measured; the number is in its unit.
    pub metric: Metric,
    /// The number, as reported.
    pub number: f64,
    /// How far it is to be trusted.
    pub verdict: Verdict,
    /// Who said it.
    pub source: Source,
    /// When it was measured. Never moves back.
    pub source_at: Timestamp,
    /// When it reached us.
    pub received_at: Timestamp,
    /// When a sample last brought another number than the one before.
    pub changed_at: Timestamp,
}

/// A value that follows from reported ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Derived {
    /// Its name, which ends in its unit, such as `level_pct`.
    pub name: &'static str,
    /// Its unit, as people write it.
    pub unit: &'static str,
    /// The number; `None` where the readings do not allow one.
    pub number: Option<f64>,
    /// How far it is to be trusted.
    pub verdict: Verdict,
    /// The source time of the newest reading it rests on.
    pub source_at: Timestamp,
}

impl Derived {
    /// The names of all that any node may have.
    pub const NAMES: &'static [&'static str] = &[
        "level_m",
        "level_pct",
        "volume_l",
        "volume_pct",
        "capacity_l",
        "net_rate_lpm",
        "time_to_empty_s",
        "time_to_full_s",
        "rate_lpm",
        "delta_l",
        "volume_today_l",
        "depth_to_water_m",
        "static_level_m",
        "pumping_level_m",
        "drawdown_m",
        "available_column_m",
    ];

    /// The number with this name among `all`. Whoever wants several asks [`Twin::derived`] once.
    ///
    /// [`Twin::derived`]: super::Twin::derived
    pub fn number_of(all: &[Self], name: &str) -> Option<f64> {
        all.iter().find(|derived| derived.name == name)?.number
    }
}
