//! The use-cases: what is done across the registry, the twin system and the keys.
pub mod nodes;
pub mod stats;
