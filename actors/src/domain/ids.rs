//! Names of things. Each kind of id is a type of its own, so that none is taken for another.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number!(
    /// A node of ours; UUIDv7, so that ids sort by creation.
    NodeId(Uuid)
);
number!(
    /// A channel, as ThingSpeak numbers them.
    ChannelId(u64)
);
number!(
    /// An entry of a channel: counts up from 1, and starts again when the channel is cleared.
    EntryId(u64)
);
number!(
    /// How many changes a twin has seen. Moves by exactly one a change, and never back.
    Revision(u64)
);
number!(
    /// One of the [`ShardId::COUNT`] parts that nodes and channels are divided into.
    ShardId(u16)
);

impl NodeId {
    /// Every id that there can be.
    pub const ALL: RangeInclusive<Self> = Self(Uuid::nil())..=Self(Uuid::max());
}

impl Revision {
    /// Before the first change.
    pub const ZERO: Self = Self(0);

    /// The revision that the next change leads to.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl FromStr for NodeId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

impl ShardId {
    /// Enough that each of 100,000 nodes' supervisors has about a hundred children, and many
    /// processes can share them; fixed, since the division is stored.
    pub const COUNT: u16 = 1024;

    /// The shard of a channel, and so of every node that reads it.
    pub fn of_channel(channel: ChannelId) -> Self {
        Self::of_hash(mix(channel.0))
    }

    /// The shard of a node that has no channel.
    pub fn of_node(node: NodeId) -> Self {
        let (high, low) = node.0.as_u64_pair();
        Self::of_hash(mix(high ^ mix(low)))
    }

    fn of_hash(hash: u64) -> Self {
        Self((hash % u64::from(Self::COUNT)) as u16)
    }
}

/// The finaliser of SplitMix64. Part of the stored format: a hash that may change between releases
/// (such as the standard library's) would move nodes between shards.
pub(super) const fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_spread_evenly_over_the_shards() {
        let mut counts = vec![0_u32; usize::from(ShardId::COUNT)];
        for channel in 0..102_400 {
            counts[usize::from(ShardId::of_channel(ChannelId(channel)).0)] += 1;
        }
        assert!(counts.iter().all(|&count| (50..=160).contains(&count)));
    }

    #[test]
    fn the_division_into_shards_is_a_stored_format_and_stays() {
        assert_eq!(
            ShardId::of_channel(ChannelId(2_005_329)),
            ShardId(SHARD_OF_2005329)
        );
    }

    const SHARD_OF_2005329: u16 = (mix(2_005_329) % 1024) as u16;
}
