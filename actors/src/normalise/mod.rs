//! From a row of a channel to a sample: field map, parse, calibrate, first judgement.
//!
//! Pure. Holds no truth of its own and knows no neighbours of a reading: what needs them is the twin's.
//! A text is never turned into a number that it does not plainly say, and never lost: what is refused
//! is kept as it came.

mod entry;
#[cfg(test)]
mod fixture;
mod judge;
mod number;
mod pushed;
mod unit;

pub use entry::normalise;
pub use judge::judge;
pub use number::parse_number;
pub use pushed::{Said, pushed};
