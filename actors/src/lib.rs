//! The twin system: every node of a water network as a supervised actor with a pure core.
pub mod domain;
pub mod ingest;
pub mod normalise;
pub mod ports;
pub mod system;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tree;
pub mod twin;
pub mod watchers;
pub mod water;
