//! What a caller expects of a node that it changes.

use evara_actors::domain::Revision;
use evara_actors::twin::Twin;

/// What must hold for a change to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    None,
    /// One of these.
    OneOf(Vec<Expected>),
}

/// One state of a node that would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The twin is at this revision: nothing at all has happened since.
    Revision(Revision),
    /// The description is at this version: nobody has edited it since.
    Version(u64),
    /// Something that never was.
    Other,
}

impl Precondition {
    /// Whether `twin` is what is expected.
    pub fn holds_for(&self, twin: &Twin) -> bool {
        match self {
            Self::None => true,
            Self::OneOf(expected) => expected.iter().any(|expected| match expected {
                Expected::Revision(revision) => twin.revision() == *revision,
                Expected::Version(version) => twin.spec().version == *version,
                Expected::Other => false,
            }),
        }
    }
}
