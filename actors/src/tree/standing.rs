//! A look at everyone in the tree, for whoever tells how it stands: no message is sent, and nobody is waited for.

use super::child::ChildSpec;
use super::drawing::BROADCAST;
use super::root::{SHARDS, Trunk, WATCHERS};
use super::shard::{Child, Shard};
use crate::twin::Presence;
use crate::watchers::broadcast::{Condition, Standing, Subject};

/// Notes in `seen` how everyone is of whom there is something to be said, or was in what is known.
pub(crate) fn see(tree: &Trunk, shards: &[Shard], known: &Standing, seen: &mut Standing) {
    let mut note = |subject, presence, restarts| {
        seen.see(known, subject, Condition::Actor { presence, restarts });
    };
    for child in tree.branches.children().values() {
        note_child(branch(&child.name), child, &mut note);
    }
    for child in tree.watchers.children().values() {
        note_child(watcher(&child.name), child, &mut note);
    }
    for shard in shards {
        let id = shard.sink().shard();
        if let Some(child) = tree.shards.children().get(&Shard::name(id)) {
            note_child(Some(Subject::Shard(id)), child, &mut note);
        }
        for (child, seat) in shard.roster().iter() {
            let subject = match child {
                Child::Twin(node) => Subject::Twin(*node),
                Child::Poller(channel) => Subject::Poller(*channel),
            };
            note(subject, seat.presence(), seat.restarts());
        }
    }
}

fn note_child(
    subject: Option<Subject>,
    child: &ChildSpec,
    note: &mut impl FnMut(Subject, Presence, u32),
) {
    if let Some(subject) = subject {
        note(subject, child.vitals.presence(), child.vitals.restarts());
    }
}

fn branch(name: &str) -> Option<Subject> {
    match name {
        WATCHERS => Some(Subject::Watchers),
        SHARDS => Some(Subject::Shards),
        _ => None,
    }
}

fn watcher(name: &str) -> Option<Subject> {
    match name {
        BROADCAST => Some(Subject::Broadcast),
        _ => {
            let number = name.strip_prefix("persist/")?;
            Some(Subject::Writer(number.parse().ok()?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::writer_name;

    #[test]
    fn who_is_found_by_name_is_called_by_it() {
        for name in [WATCHERS, SHARDS] {
            assert_eq!(branch(name).unwrap().to_string(), name);
        }
        for name in [BROADCAST, &writer_name(0), &writer_name(17)] {
            assert_eq!(watcher(name).unwrap().to_string(), name);
        }
    }
}
