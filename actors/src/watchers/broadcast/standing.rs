//! How the tree stands, as far as that is worth telling, and what has become of it since somebody looked. Pure.
//!
//! Told is what differs between two looks, and nobody in the tree tells anything himself: whoever breaks need not say so, and
//! what happens between two looks is known by how often an actor was started again.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use crate::domain::{ChannelId, NodeId, ShardId, Timestamp};
use crate::ingest::BreakerState;
use crate::twin::Presence;

/// Who is told of: an actor, or the breaker in front of a channel or of the feed's host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The supervisor of the watchers.
    Watchers,
    /// The supervisor of the shards.
    Shards,
    /// Who tells what changes.
    Broadcast,
    /// A writer, by its number.
    Writer(usize),
    /// The supervisor of a shard.
    Shard(ShardId),
    /// A node's twin.
    Twin(NodeId),
    /// Who reads a channel.
    Poller(ChannelId),
    /// The breaker of the host that all channels are on.
    Host,
    /// The breaker of one channel.
    Channel(ChannelId),
}

impl Subject {
    /// What it is, by the name used in the API.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Watchers | Self::Shards | Self::Shard(_) => "supervisor",
            Self::Broadcast => "broadcast",
            Self::Writer(_) => "writer",
            Self::Twin(_) => "twin",
            Self::Poller(_) => "poller",
            Self::Host | Self::Channel(_) => "breaker",
        }
    }
}

impl fmt::Display for Subject {
    /// An actor's name in the tree, or a breaker's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Watchers => f.write_str("watchers"),
            Self::Shards => f.write_str("shards"),
            Self::Broadcast => f.write_str("broadcast"),
            Self::Writer(writer) => write!(f, "persist/{writer}"),
            Self::Shard(shard) => write!(f, "shard/{shard}"),
            Self::Twin(node) => write!(f, "twin/{node}"),
            Self::Poller(channel) => write!(f, "poller/{channel}"),
            Self::Host => f.write_str("host"),
            Self::Channel(channel) => write!(f, "channel/{channel}"),
        }
    }
}

/// How somebody is who is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// An actor.
    Actor {
        /// Whether it runs.
        presence: Presence,
        /// How often it was started again, since the process started.
        restarts: u32,
    },
    /// Whether something may be asked.
    Breaker(BreakerState),
}

impl Condition {
    /// Whether there is nothing to be said of it.
    pub const fn is_usual(self) -> bool {
        match self {
            Self::Actor { presence, restarts } => {
                matches!(presence, Presence::Running) && restarts == 0
            }
            Self::Breaker(state) => matches!(state, BreakerState::Closed),
        }
    }

    /// What becomes of one who is not there any more.
    const fn gone(self) -> Self {
        match self {
            Self::Actor { restarts, .. } => Self::Actor {
                presence: Presence::Gone,
                restarts,
            },
            // What nobody asks does not fail.
            Self::Breaker(_) => Self::Breaker(BreakerState::Closed),
        }
    }

    const fn is_gone(self) -> bool {
        match self {
            Self::Actor { presence, .. } => matches!(presence, Presence::Gone),
            Self::Breaker(_) => false,
        }
    }
}

/// Somebody is otherwise than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub subject: Subject,
    /// How he is now.
    pub condition: Condition,
    /// When that was seen.
    pub at: Timestamp,
}

/// How those are who are not as usual.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing(BTreeMap<Subject, Condition>);

impl Standing {
    /// Notes how somebody is, unless there is nothing to be said and nothing was said before.
    pub(crate) fn see(&mut self, known: &Self, subject: Subject, condition: Condition) {
        if !condition.is_usual() || known.0.contains_key(&subject) {
            self.0.insert(subject, condition);
        }
    }

    /// What has become of it in what was seen since: each who is otherwise, once.
    pub(super) fn turns(&self, seen: &Self, at: Timestamp) -> Vec<Turn> {
        let turn = |subject: &Subject, condition| Turn {
            subject: *subject,
            condition,
            at,
        };
        let absent = self.0.iter().filter(|(it, _)| !seen.0.contains_key(it));
        let gone = absent.map(|(it, condition)| turn(it, condition.gone()));
        let otherwise = seen.0.iter();
        let otherwise = otherwise.filter(|(it, now)| self.0.get(it) != Some(now));
        gone.chain(otherwise.map(|(it, now)| turn(it, *now)))
            .collect()
    }

    /// Takes in that somebody is otherwise.
    pub(super) fn take_in(&mut self, turn: &Turn) {
        if turn.condition.is_usual() || turn.condition.is_gone() {
            self.0.remove(&turn.subject);
        } else {
            self.0.insert(turn.subject, turn.condition);
        }
    }

    /// Those who come behind one in their order, or all of them.
    pub fn after(&self, subject: Option<Subject>) -> impl Iterator<Item = (Subject, Condition)> {
        let from = subject.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.0.range((from, Bound::Unbounded));
        behind.map(|(subject, condition)| (*subject, *condition))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: Timestamp = Timestamp::from_secs(0);

    fn conditions() -> impl Strategy<Value = Vec<(Subject, Condition)>> {
        let presence = prop::sample::select(
            &[
                Presence::Running,
                Presence::Restarting,
                Presence::Quarantined,
            ][..],
        );
        let actor = (0..4_u64, presence, 0..3_u32).prop_map(|(channel, presence, restarts)| {
            let condition = Condition::Actor { presence, restarts };
            (Subject::Poller(ChannelId(channel)), condition)
        });
        let states = [
            BreakerState::Closed,
            BreakerState::Open,
            BreakerState::HalfOpen,
        ];
        let breaker =
            (0..3_u64, prop::sample::select(states.to_vec())).prop_map(|(channel, state)| {
                (
                    Subject::Channel(ChannelId(channel)),
                    Condition::Breaker(state),
                )
            });
        prop::collection::vec(prop_oneof![actor, breaker], 0..8)
    }

    /// What is seen of those who are there, by whoever knows that much.
    fn seen(known: &Standing, there: &BTreeMap<Subject, Condition>) -> Standing {
        let mut seen = Standing::default();
        for (subject, condition) in there {
            seen.see(known, *subject, *condition);
        }
        seen
    }

    proptest! {
        #[test]
        fn who_is_told_the_turns_knows_of_each_how_he_is_and_is_told_nothing_twice(
            looks in prop::collection::vec(conditions(), 1..6),
        ) {
            let mut known = Standing::default();
            let mut told: BTreeMap<Subject, Condition> = BTreeMap::new();
            for there in looks {
                let there: BTreeMap<_, _> = there.into_iter().collect();
                let seen = seen(&known, &there);
                for turn in known.turns(&seen, AT) {
                    prop_assert_ne!(told.insert(turn.subject, turn.condition), Some(turn.condition));
                    known.take_in(&turn);
                }
                let unusual = there.iter().filter(|(_, condition)| !condition.is_usual());
                let unusual: Vec<_> = unusual.map(|(it, condition)| (*it, *condition)).collect();
                prop_assert_eq!(known.after(None).collect::<Vec<_>>(), unusual);
                for (subject, condition) in &told {
                    let now = there.get(subject).copied();
                    // Of whom nothing is kept is as usual or not there.
                    let is_kept = !condition.is_usual() && !condition.is_gone();
                    let is_right = match now {
                        Some(now) => now == *condition || (!is_kept && now.is_usual()),
                        None => !is_kept,
                    };
                    prop_assert!(is_right, "{}: {:?}, in truth {:?}", subject, condition, now);
                }
                prop_assert!(known.turns(&self::seen(&known, &there), AT).is_empty());
            }
        }

        #[test]
        fn what_is_behind_one_is_all_but_those_up_to_him(there in conditions()) {
            let there: BTreeMap<_, _> = there.into_iter().collect();
            let standing = seen(&Standing::default(), &there);
            let all: Vec<_> = standing.after(None).collect();
            for (place, (subject, _)) in all.iter().enumerate() {
                let behind: Vec<_> = standing.after(Some(*subject)).collect();
                prop_assert_eq!(&behind[..], &all[place + 1..]);
            }
        }
    }

    #[test]
    fn each_is_called_what_he_is_called_in_the_tree() {
        for (subject, name) in [
            (Subject::Watchers, "watchers supervisor"),
            (Subject::Broadcast, "broadcast broadcast"),
            (Subject::Writer(1), "persist/1 writer"),
            (Subject::Shard(ShardId(17)), "shard/17 supervisor"),
            (Subject::Poller(ChannelId(7)), "poller/7 poller"),
            (Subject::Host, "host breaker"),
            (Subject::Channel(ChannelId(7)), "channel/7 breaker"),
        ] {
            assert_eq!(format!("{subject} {}", subject.kind()), name);
        }
    }
}
