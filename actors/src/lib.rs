//! The twin system: every node of a water network as a supervised actor with a pure core.
//!
//! ```text
//! channel ──ask──▶ ingest ──entry──▶ normalise ──sample──▶ twin ──effects──▶ watchers ──batch──▶ archive
//!                  poller            pure, with            apply             sink,
//!                  one a channel     units and verdicts    (pure)            writer
//!                     ╰──────────────── shard ────────────────╯                │
//!                     ╰──────────────────────────── tree ──────────────────────╯
//! ```
//!
//! The modules below are declared in the order of that path: first the words and what is asked of the
//! outside, then what keeps actors alive, then the stages. [`system`] puts all of it together and is where
//! a caller begins. Nothing in here knows HTTP, SQL or the environment.

pub mod domain;

pub mod ports;

pub mod tree;

pub mod ingest;

pub mod normalise;

pub mod water;

pub mod twin;

pub mod watchers;

pub mod system;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
