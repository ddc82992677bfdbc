//! The twin of a node: what is known of it, and how that changes.
//!
//! [`apply()`] decides and is pure; [`actor`] performs and owns the live state; everybody else reads
//! the view that was last published.
//!
//! What a twin remembers of readings is built of sets with a fixed rule of what to forget (the newest
//! so many, one a quarter of an hour), so that it is the same whatever the order in which the readings
//! came, however often, and in whatever batches. All else (current values, verdicts, derived values) is
//! computed from those sets.

mod actor;
mod apply;
mod calendar;
mod cell;
mod derive;
mod event;
mod handle;
mod judge;
mod property;
mod series;
mod slots;
mod snapshot;
mod state;
mod status;
mod tally;
mod window;

#[cfg(test)]
mod apply_laws;
#[cfg(test)]
mod derive_tests;
#[cfg(test)]
mod piece_laws;

pub(crate) use actor::{Apply, perform, text_of};
pub use apply::apply;
pub use cell::Presence;
pub(crate) use cell::TwinCell;
pub use event::{Change, Effect, Event, Transition};
pub use handle::{OfferError, TwinHandle};
pub use property::{Derived, Property};
pub use snapshot::SnapshotError;
pub use state::{FUTURE_TOLERANCE, Twin};
pub use tally::Tally;
