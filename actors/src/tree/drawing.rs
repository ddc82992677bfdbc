//! The supervision tree as data: how it must look for given nodes, and how it looks now.
//!
//! ```text
//! root
//! ├─ shards
//! │  └─ shard/17            one for each shard that has nodes
//! │     ├─ twin/{node}      one for each node
//! │     └─ poller/{channel} one for each channel that a node of the shard reads
//! └─ watchers
//!    ├─ broadcast           tells what changes to those who listen
//!    └─ persist/0           writers, chosen by shard
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::child::ChildSpec;
use super::root::{SHARDS, Trunk, WATCHERS};
use super::shard::{Child, Seat, Shard};
use crate::domain::{NodeSpec, ShardId};
use crate::twin::Presence;

/// An actor with those that it supervises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Census {
    /// Unique in the tree, such as `shard/17`.
    pub name: String,
    /// What it is for.
    pub kind: ActorKind,
    /// Whether it runs.
    pub presence: Presence,
    /// How often it was started again, since the process started.
    pub restarts: u32,
    /// Messages that wait, where they are counted.
    pub depth: u32,
    /// Messages that were refused for want of room, where they are counted.
    pub refused: u64,
    /// By name.
    pub children: Vec<Census>,
}

/// What an actor is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// Keeps others running.
    Supervisor,
    /// Reads a channel.
    Poller,
    /// Holds a node's live state.
    Twin,
    /// Writes down what changes.
    Writer,
    /// Tells what changes to those who listen.
    Broadcast,
}

impl ActorKind {
    /// The name used in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Supervisor => "supervisor",
            Self::Poller => "poller",
            Self::Twin => "twin",
            Self::Writer => "writer",
            Self::Broadcast => "broadcast",
        }
    }
}

impl Census {
    fn of(name: impl Into<String>, kind: ActorKind, mut children: Vec<Self>) -> Self {
        children.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            name: name.into(),
            kind,
            presence: Presence::Running,
            restarts: 0,
            depth: 0,
            refused: 0,
            children,
        }
    }

    /// The names of this actor and of all below it, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names = vec![self.name.clone()];
        names.extend(self.children.iter().flat_map(Self::names));
        names.sort();
        names
    }

    /// The actor with this name, at or below this one.
    pub fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        write!(f, "{:indent$}{}", "", self.name)?;
        if self.presence != Presence::Running {
            write!(f, " {}", self.presence.name())?;
        }
        if self.restarts > 0 {
            write!(f, " restarts={}", self.restarts)?;
        }
        writeln!(f)?;
        self.children
            .iter()
            .try_for_each(|child| child.write(f, indent + 2))
    }
}

impl fmt::Display for Census {
    /// A line an actor, indented by two spaces a level.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

/// The name of the one who tells what changes.
pub(crate) const BROADCAST: &str = "broadcast";

/// The name of a writer.
pub(crate) fn writer_name(writer: usize) -> String {
    format!("persist/{writer}")
}

/// The tree that must run for `nodes` with so many writers, when all is well.
pub fn draw(nodes: &[NodeSpec], writers: usize) -> Census {
    let mut shards: BTreeMap<ShardId, BTreeSet<Child>> = BTreeMap::new();
    for node in nodes {
        let children = shards.entry(node.shard()).or_default();
        children.insert(Child::Twin(node.id));
        if let Some(binding) = &node.channel {
            children.insert(Child::Poller(binding.channel_id));
        }
    }
    let shards = shards.into_iter().map(|(shard, children)| {
        let leaf = |child: Child| Census::of(child.to_string(), kind_of(child), Vec::new());
        let children = children.into_iter().map(leaf).collect();
        Census::of(Shard::name(shard), ActorKind::Supervisor, children)
    });
    let writer = |writer| Census::of(writer_name(writer), ActorKind::Writer, Vec::new());
    let broadcast = Census::of(BROADCAST, ActorKind::Broadcast, Vec::new());
    let watchers = (0..writers).map(writer).chain([broadcast]);
    trunk(watchers.collect(), shards.collect())
}

/// The tree as it is.
pub(crate) fn census(tree: &Trunk, shards: &[Shard]) -> Census {
    let watcher = |child: &ChildSpec| Census {
        presence: child.vitals.presence(),
        restarts: child.vitals.restarts(),
        ..Census::of(&child.name, watcher_kind(&child.name), Vec::new())
    };
    let watchers = tree.watchers.children().values().map(watcher).collect();
    let mut whole = trunk(
        watchers,
        shards
            .iter()
            .map(|shard| shard_census(tree, shard))
            .collect(),
    );
    for branch in &mut whole.children {
        if let Some(child) = tree.branches.children().get(&branch.name) {
            branch.presence = child.vitals.presence();
            branch.restarts = child.vitals.restarts();
        }
    }
    whole
}

fn watcher_kind(name: &str) -> ActorKind {
    match name {
        BROADCAST => ActorKind::Broadcast,
        _ => ActorKind::Writer,
    }
}

fn trunk(watchers: Vec<Census>, shards: Vec<Census>) -> Census {
    let watchers = Census::of(WATCHERS, ActorKind::Supervisor, watchers);
    let shards = Census::of(SHARDS, ActorKind::Supervisor, shards);
    Census::of("root", ActorKind::Supervisor, vec![watchers, shards])
}

fn shard_census(tree: &Trunk, shard: &Shard) -> Census {
    let name = Shard::name(shard.sink().shard());
    let vitals = tree
        .shards
        .children()
        .get(&name)
        .map(|child| child.vitals.clone());
    let children = shard
        .roster()
        .iter()
        .map(|(child, seat)| leaf(*child, seat))
        .collect();
    Census {
        presence: vitals
            .as_ref()
            .map_or(Presence::Restarting, |vitals| vitals.presence()),
        restarts: vitals.as_ref().map_or(0, |vitals| vitals.restarts()),
        ..Census::of(name, ActorKind::Supervisor, children)
    }
}

fn leaf(child: Child, seat: &Seat) -> Census {
    let (depth, refused) = match seat {
        Seat::Twin(twin) => (twin.depth(), twin.refused()),
        Seat::Poller(_) => (0, 0),
    };
    Census {
        presence: seat.presence(),
        restarts: seat.restarts(),
        depth,
        refused,
        ..Census::of(child.to_string(), kind_of(child), Vec::new())
    }
}

fn kind_of(child: Child) -> ActorKind {
    match child {
        Child::Twin(_) => ActorKind::Twin,
        Child::Poller(_) => ActorKind::Poller,
    }
}
