//! Builders and fakes for tests and benches: a world in memory, with a clock that tests can pause.
//!
//! Nothing of the service may depend on it: it is compiled for tests, and under the feature `testing`.

mod archive;
mod build;
mod clock;
mod feed;

pub use archive::FakeArchive;
pub use build::{level, on_channel, sample, tank};
pub use clock::{START, VirtualClock};
pub use feed::FakeFeed;
