//! Places in what was told, as clients hold them: opaque, and good only where they were given.
//!
//! A cursor is bound to its topic and to what was seen of it. One that was made up, altered, given for another
//! topic or to somebody who saw something else opens nothing: whoever brings it begins anew. The key is this
//! process's, like the log that a place is of.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evara_actors::watchers::broadcast::Position;
use uuid::Uuid;

use super::topic::Topic;

/// Which form a cursor has.
const FORM: u8 = 1;

/// As long as a guess must be.
const TAG_BYTES: usize = 16;

const POSITION_BYTES: usize = 17;

/// The longest text that is looked at.
const LONGEST: usize = 64;

/// Makes cursors, and reads them.
pub(crate) struct Cursors(Key);

/// What a cursor is a place in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Covered {
    /// What is listened to.
    pub(crate) topic: Topic,
    /// What is seen of it, see [`Forest::print_of`](crate::access::Forest::print_of).
    pub(crate) print: u64,
}

impl std::fmt::Debug for Cursors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursors").finish_non_exhaustive()
    }
}

impl Cursors {
    /// With a key that nobody has ever had.
    pub(crate) fn new() -> Self {
        let halves = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()];
        Self(Key::new(HMAC_SHA256, halves.as_flattened()))
    }

    /// A place as text.
    pub(crate) fn seal(&self, covered: Covered, place: Position) -> String {
        let mut bytes = [0; POSITION_BYTES + TAG_BYTES];
        let (position, tag) = bytes.split_at_mut(POSITION_BYTES);
        position[0] = FORM;
        position[1..9].copy_from_slice(&place.epoch.to_be_bytes());
        position[9..].copy_from_slice(&place.sequence.to_be_bytes());
        tag.copy_from_slice(&self.tag(covered, position));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a text stands for, if it was given for this.
    pub(crate) fn open(&self, covered: Covered, text: &str) -> Option<Position> {
        let text = Some(text).filter(|text| text.len() <= LONGEST)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let bytes: [u8; POSITION_BYTES + TAG_BYTES] = bytes.try_into().ok()?;
        let (position, tag) = bytes.split_at(POSITION_BYTES);
        verify_slices_are_equal(&self.tag(covered, position), tag).ok()?;
        if position[0] != FORM {
            return None;
        }
        Some(Position {
            epoch: u64::from_be_bytes(position[1..9].try_into().ok()?),
            sequence: u64::from_be_bytes(position[9..].try_into().ok()?),
        })
    }

    fn tag(&self, covered: Covered, position: &[u8]) -> [u8; TAG_BYTES] {
        let topic = covered.topic.to_string();
        let print = covered.print.to_be_bytes();
        let all = [position, &print, topic.as_bytes()].concat();
        let tag = sign(&self.0, &all);
        let mut short = [0; TAG_BYTES];
        short.copy_from_slice(&tag.as_ref()[..TAG_BYTES]);
        short
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FLEET: Covered = Covered {
        topic: Topic::Fleet,
        print: 7,
    };

    proptest! {
        #[test]
        fn a_cursor_opens_where_it_was_given_and_nowhere_else(
            epoch: u64, sequence: u64, print: u64,
        ) {
            let cursors = Cursors::new();
            let place = Position { epoch, sequence };
            let text = cursors.seal(FLEET, place);
            prop_assert_eq!(cursors.open(FLEET, &text), Some(place));
            let other = Covered { print, ..FLEET };
            prop_assert_eq!(cursors.open(other, &text).is_some(), print == FLEET.print);
            let other = Covered { topic: Topic::Alerts, ..FLEET };
            prop_assert_eq!(cursors.open(other, &text), None);
            prop_assert_eq!(Cursors::new().open(FLEET, &text), None);
        }

        #[test]
        fn a_cursor_that_was_altered_anywhere_opens_nothing(
            sequence: u64, at in 0..POSITION_BYTES + TAG_BYTES, flip in 1..=u8::MAX,
        ) {
            let cursors = Cursors::new();
            let text = cursors.seal(FLEET, Position { epoch: 1, sequence });
            let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
            bytes[at] ^= flip;
            prop_assert_eq!(cursors.open(FLEET, &URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn garbage_opens_nothing(text in "\\PC{0,80}") {
            prop_assert_eq!(Cursors::new().open(FLEET, &text), None);
        }
    }
}
