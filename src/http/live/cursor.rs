//! Places in what was told, as clients hold them: opaque, and good only where they were given.
//!
//! A cursor is bound to its topic, to what was seen of it, and to the fields that were told. One that was made up, altered, given for
//! another topic, other fields or to somebody who saw something else opens nothing: whoever brings it begins anew. The log that a place is
//! of ends with its process, and the key does not: a cursor of one node tells what was known of it, too, and so
//! can be gone on from by what the archive has.

use evara_actors::domain::Revision;
use evara_actors::watchers::broadcast::Position;

use super::fields::Fields;
use super::topic::Topic;
use super::watch::{Sight, Wanted};
use crate::http::cursor::{CursorKey, Sealer};

/// Keeps these from being taken for cursors of lists.
const PURPOSE: &[u8] = b"live";

/// A place in the log.
const FORM: u8 = 1;

/// The same of one node, with what is known of that.
const FORM_OF_A_NODE: u8 = 2;

const POSITION_BYTES: usize = 17;

const KNOWN_BYTES: usize = 16;

const LONG: usize = POSITION_BYTES + KNOWN_BYTES;

/// Makes cursors, and reads them.
#[derive(Debug)]
pub(crate) struct Cursors(Sealer);

/// What somebody knows of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Known {
    pub(crate) revision: Revision,
    /// Of what was told of it.
    pub(crate) print: u64,
}

/// What a cursor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The place in the log.
    pub(crate) position: Position,
    /// Where the topic is one node: what is known of it there.
    pub(crate) known: Option<Known>,
}

/// What a cursor is a place in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Covered {
    /// What is listened to.
    pub(crate) topic: Topic,
    /// What of its nodes is told: who knows less of them than he wants to cannot go on.
    pub(crate) fields: Fields,
    /// What is seen of it, see [`Forest::print_of`](crate::access::Forest::print_of).
    pub(crate) print: u64,
}

impl Covered {
    /// What is wanted, as it is seen.
    pub(crate) fn of(wanted: &Wanted, sight: &Sight) -> Self {
        Self {
            topic: wanted.topic,
            fields: wanted.fields.clone(),
            print: sight.print,
        }
    }

    /// No name of a topic has a question mark in it.
    fn bounds(&self) -> (String, [u8; 8]) {
        let topic = match self.fields.only() {
            None => self.topic.to_string(),
            Some(_) => format!("{}?{}", self.topic, self.fields),
        };
        (topic, self.print.to_be_bytes())
    }
}

impl Cursors {
    /// Sealed with this key.
    pub(crate) fn new(key: &CursorKey) -> Self {
        Self(Sealer::new(key))
    }

    /// A place as text; none where it cannot be sealed.
    pub(crate) fn seal(&self, covered: &Covered, place: Place) -> Option<String> {
        let form = place.known.map_or(FORM, |_| FORM_OF_A_NODE);
        let mut bytes = Vec::with_capacity(LONG);
        bytes.push(form);
        bytes.extend(place.position.epoch.to_be_bytes());
        bytes.extend(place.position.sequence.to_be_bytes());
        if let Some(known) = place.known {
            bytes.extend(known.revision.0.to_be_bytes());
            bytes.extend(known.print.to_be_bytes());
        }
        let (topic, print) = covered.bounds();
        self.0.seal(&[PURPOSE, topic.as_bytes(), &print], bytes)
    }

    /// The place that a text stands for, if it was given for this.
    pub(crate) fn open(&self, covered: &Covered, text: &str) -> Option<Place> {
        let (topic, print) = covered.bounds();
        let place = self.0.open(&[PURPOSE, topic.as_bytes(), &print], text)?;
        let number = |at: usize| {
            let bytes = place.get(at..at + 8)?;
            Some(u64::from_be_bytes(bytes.try_into().ok()?))
        };
        let known = match (place.first()?, place.len()) {
            (&FORM, POSITION_BYTES) => None,
            (&FORM_OF_A_NODE, LONG) => Some(Known {
                revision: Revision(number(POSITION_BYTES)?),
                print: number(POSITION_BYTES + 8)?,
            }),
            _ => return None,
        };
        let (epoch, sequence) = (number(1)?, number(9)?);
        let position = Position { epoch, sequence };
        Some(Place { position, known })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn fleet() -> Covered {
        Covered {
            topic: Topic::Fleet,
            fields: Fields::default(),
            print: 7,
        }
    }

    fn of_fields(names: &str) -> Covered {
        Covered {
            fields: Fields::named(names.split(',')).unwrap(),
            ..fleet()
        }
    }

    fn cursors() -> Cursors {
        Cursors::new(&CursorKey::by_chance())
    }

    fn places() -> impl Strategy<Value = Place> {
        let known = prop::option::of(any::<(u64, u64)>());
        (any::<(u64, u64)>(), known).prop_map(|((epoch, sequence), known)| Place {
            position: Position { epoch, sequence },
            known: known.map(|(revision, print)| Known {
                revision: Revision(revision),
                print,
            }),
        })
    }

    proptest! {
        #[test]
        fn a_cursor_opens_where_it_was_given_and_nowhere_else(place in places(), print: u64) {
            let cursors = cursors();
            let text = cursors.seal(&fleet(), place).unwrap();
            prop_assert_eq!(cursors.open(&fleet(), &text), Some(place));
            let other = Covered { print, ..fleet() };
            prop_assert_eq!(cursors.open(&other, &text).is_some(), print == fleet().print);
            let other = Covered { topic: Topic::Alerts, ..fleet() };
            prop_assert_eq!(cursors.open(&other, &text), None);
            prop_assert_eq!(self::cursors().open(&fleet(), &text), None);
        }

        #[test]
        fn a_cursor_opens_for_the_same_fields_in_whatever_order_and_for_no_others(place in places()) {
            let cursors = cursors();
            let text = cursors.seal(&of_fields("status,reported.level_cm"), place).unwrap();
            let same = of_fields("reported.level_cm,status,status");
            prop_assert_eq!(cursors.open(&same, &text), Some(place));
            for others in ["status", "reported.level_cm", "status,reported"] {
                prop_assert_eq!(cursors.open(&of_fields(others), &text), None);
            }
            prop_assert_eq!(cursors.open(&fleet(), &text), None);
            let of_all = cursors.seal(&fleet(), place).unwrap();
            prop_assert_eq!(cursors.open(&same, &of_all), None);
        }

        #[test]
        fn a_cursor_that_was_altered_anywhere_opens_nothing(
            place in places(), at: prop::sample::Index, flip in 1..=u8::MAX,
        ) {
            let cursors = cursors();
            let mut bytes = URL_SAFE_NO_PAD.decode(cursors.seal(&fleet(), place).unwrap()).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert_eq!(cursors.open(&fleet(), &URL_SAFE_NO_PAD.encode(&bytes)), None);
            bytes[at] ^= flip;
            bytes.truncate(at);
            prop_assert_eq!(cursors.open(&fleet(), &URL_SAFE_NO_PAD.encode(&bytes)), None);
        }

        #[test]
        fn garbage_opens_nothing(text in "\\PC{0,120}") {
            prop_assert_eq!(cursors().open(&fleet(), &text), None);
        }
    }
}
