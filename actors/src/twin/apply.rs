//! apply
use super::{Event, Transition, Twin};

/// The twin after `event`, and what must be done about it. Total: takes any event in any state.
pub fn apply(twin: &Twin, event: &Event) -> Transition {
    let _ = (twin, event);
    unimplemented!()
}
