//! How a source is written: a stored format, never to be changed, only added to.
//!
//! 0, channel and entry; or 1, uuid and the digest of a piece: all big-endian, so that keys sort as
//! sources do, and the pieces in which one pusher speaks of an instant lie side by side.

use evara_actors::domain::{ChannelId, EntryId, Sample, Source};
use uuid::Uuid;

use super::codes::unreadable;
use super::unreadable::Unreadable;

const ENTRY_BYTES: usize = 17;
const PIECE_BYTES: usize = ENTRY_BYTES + 8;

/// A source as a key; of what is pushed, together with the piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SourceKey {
    bytes: [u8; PIECE_BYTES],
    len: usize,
}

impl SourceKey {
    /// The key of a sample.
    pub(super) fn of(sample: &Sample) -> Self {
        Self::new(sample.source, sample.piece())
    }

    /// At or after every key of a source. No piece is all ones but by a chance of 2^-64.
    pub(super) fn last_of(source: Source) -> Self {
        Self::new(source, u64::MAX)
    }

    fn new(source: Source, piece: u64) -> Self {
        let mut bytes = [0; PIECE_BYTES];
        let len = match source {
            Source::ThingSpeak { channel, entry } => {
                bytes[1..9].copy_from_slice(&channel.0.to_be_bytes());
                bytes[9..ENTRY_BYTES].copy_from_slice(&entry.0.to_be_bytes());
                ENTRY_BYTES
            }
            Source::Pushed(id) => {
                bytes[0] = 1;
                bytes[1..ENTRY_BYTES].copy_from_slice(id.as_bytes());
                bytes[ENTRY_BYTES..].copy_from_slice(&piece.to_be_bytes());
                PIECE_BYTES
            }
        };
        Self { bytes, len }
    }

    /// The key that was stored as `bytes`; `None` for what is longer than any.
    pub(super) fn stored(stored: &[u8]) -> Option<Self> {
        let (mut bytes, len) = ([0; PIECE_BYTES], stored.len());
        bytes.get_mut(..len)?.copy_from_slice(stored);
        Some(Self { bytes, len })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The source alone.
    pub(super) fn source(&self) -> Result<Source, Unreadable> {
        let [tag, rest @ ..] = &self.bytes;
        let (both, _piece) = rest
            .split_first_chunk()
            .ok_or_else(|| unreadable("source", 0))?;
        let both = u128::from_be_bytes(*both);
        match (tag, self.len) {
            (0, ENTRY_BYTES) => Ok(Source::ThingSpeak {
                channel: ChannelId((both >> 64) as u64),
                entry: EntryId(both as u64),
            }),
            (1, PIECE_BYTES) => Ok(Source::Pushed(Uuid::from_u128(both))),
            _ => Err(unreadable("source", (*tag).into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_sort_as_bytes_as_they_sort_as_values() {
        let entry = |channel, entry| Source::ThingSpeak {
            channel: ChannelId(channel),
            entry: EntryId(entry),
        };
        let sorted = [
            entry(0, 256),
            entry(1, 2),
            entry(256, 1),
            entry(u64::MAX, u64::MAX),
            Source::Pushed(Uuid::nil()),
            Source::Pushed(Uuid::max()),
        ];
        assert!(sorted.is_sorted());
        let keys = sorted.map(|source| SourceKey::new(source, 7));
        assert!(keys.is_sorted_by_key(|key| key.as_bytes().to_vec()));
        assert_eq!(keys.map(|key| key.source().unwrap()), sorted);
    }

    #[test]
    fn pieces_of_one_source_lie_between_it_and_the_next() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let piece = SourceKey::new(Source::Pushed(one), 7);
        assert!(piece.as_bytes() < SourceKey::last_of(Source::Pushed(one)).as_bytes());
        let next = SourceKey::new(Source::Pushed(two), 0);
        assert!(SourceKey::last_of(Source::Pushed(one)).as_bytes() < next.as_bytes());
    }
}
