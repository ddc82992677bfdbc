//! Asking history: what the readings of a span of time come to, bucket by bucket.
//!
//! [`grid`] says where buckets begin, [`summary`] what the readings in one come to, [`plan`] which part of
//! a span is read from rollups, and all three are pure. [`ask`] performs a question over the [`port`] that
//! the stores implement; [`roller`] keeps the rollups up. Only values that derived ones may rest on count:
//! good ones, and suspect ones that still say where the water stands. No truth is held here: rollups are
//! the store's, and worked out again whenever a reading arrives late.

pub(crate) mod aggregate;
pub(crate) mod ask;
pub mod checkpoint;
pub(crate) mod grid;
pub(crate) mod lttb;
pub(crate) mod plan;
mod port;
mod register;
pub(crate) mod replay;
mod retention;
pub mod roller;
pub(crate) mod select;
mod summary;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod replay_laws;
#[cfg(test)]
pub(crate) mod testing;

pub use checkpoint::Checkpoint;
pub use port::{
    CommunityDays, Due, Expired, History, HourRollups, Mark, PastSample, Rolling, Rollup,
    RollupSpan, RuleBook, SampleSpan, Standing, Unit,
};
pub use summary::{Reading, Rule, Summary};
