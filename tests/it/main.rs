//! The tests that need more than one module, as one binary: linked once.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod away;
mod fleet;
mod harness;
mod lying;
mod slow;
mod supply;
mod throttled;
mod tidy;
