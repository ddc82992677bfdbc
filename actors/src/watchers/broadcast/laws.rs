//! The laws of the log and of what is told of it, each as a property that one counterexample would refute.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::{Bounds, Entry, Gone, Log, Position, Told, Update, UpdateKind, fold};
use crate::domain::{NodeId, NodeSpec, Revision};
use crate::testing::{START, level, tank};
use crate::twin::{Event, Twin, apply};

const EPOCH: u64 = 7;

/// What happens to a node.
#[derive(Debug, Clone)]
enum Act {
    Report(u8),
    /// Into the community that is watched, or out of it.
    Move(bool),
    Remove,
}

fn acts() -> impl Strategy<Value = Vec<(u32, Act)>> {
    let act = prop_oneof![
        6 => any::<u8>().prop_map(Act::Report),
        2 => any::<bool>().prop_map(Act::Move),
        1 => Just(Act::Remove),
    ];
    prop::collection::vec((0..4_u32, act), 0..60)
}

fn community(watched: bool) -> Uuid {
    Uuid::from_u128(if watched { 1 } else { 2 })
}

fn is_watched(spec: &NodeSpec) -> bool {
    spec.community_id == Some(community(true))
}

fn born(number: u32) -> Twin {
    let spec = NodeSpec {
        community_id: Some(community(number.is_multiple_of(2))),
        ..tank(number)
    };
    Twin::create(Arc::new(spec), START).twin
}

/// What is told of all this, of nodes of which nothing was known.
fn told_of(acts: &[(u32, Act)]) -> Vec<Arc<Update>> {
    let mut twins: BTreeMap<u32, Twin> = BTreeMap::new();
    let mut known: BTreeMap<u32, Arc<Update>> = BTreeMap::new();
    let mut told = Vec::new();
    for (entry, (number, act)) in acts.iter().enumerate() {
        let twin = twins.entry(*number).or_insert_with(|| born(*number));
        let event = match act {
            Act::Report(height) => Event::Observed(level(entry as u64 + 1, f64::from(*height))),
            Act::Move(into) => {
                let spec = NodeSpec {
                    community_id: Some(community(*into)),
                    version: twin.spec().version + 1,
                    ..NodeSpec::clone(twin.spec())
                };
                Event::Configured {
                    spec: Arc::new(spec),
                    at: START,
                }
            }
            Act::Remove => {
                // Ids are never used again.
                let there = known
                    .get(number)
                    .filter(|it| it.kind != UpdateKind::Removed);
                if let Some(removal) = there.map(|it| Arc::new(Update::removal(it, START))) {
                    known.insert(*number, Arc::clone(&removal));
                    told.push(removal);
                }
                continue;
            }
        };
        if known
            .get(number)
            .is_some_and(|it| it.kind == UpdateKind::Removed)
        {
            continue;
        }
        *twin = apply(twin, &event).twin;
        let update = Update::of(twin, known.get(number).map(|it| &**it), START);
        if let Some(update) = update.map(Arc::new) {
            known.insert(*number, Arc::clone(&update));
            told.push(update);
        }
    }
    told
}

/// What somebody is told who watches the one community.
fn as_seen(updates: &[Arc<Update>]) -> Vec<Told> {
    let told = updates.iter().map(|update| Told::of(update, is_watched));
    told.flatten().collect()
}

/// What somebody knows who was told this.
#[derive(Debug, Default, Clone, PartialEq)]
struct Known(BTreeMap<NodeId, (Revision, Vec<f64>)>);

impl Known {
    /// Refuses what goes back, and a skip that is not said.
    fn hear(&mut self, told: &[Told]) {
        for one in told {
            let node = one.update.node;
            let before = self.0.get(&node).map(|(revision, _)| *revision);
            assert_eq!(one.previous, before.unwrap_or(Revision::ZERO), "{one:?}");
            if one.kind == UpdateKind::Removed {
                assert!(self.0.remove(&node).is_some(), "{one:?}");
                continue;
            }
            assert_eq!(
                one.kind == UpdateKind::Provisioned,
                before.is_none(),
                "{one:?}"
            );
            assert!(Some(one.update.revision) > before, "{one:?}");
            let numbers = one.update.reported.iter().map(|(_, number)| *number);
            self.0
                .insert(node, (one.update.revision, numbers.collect()));
        }
    }
}

proptest! {
    #[test]
    fn what_is_folded_leads_to_the_same_knowledge_and_says_every_skip(
        acts in acts(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let told = as_seen(&told_of(&acts));
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(told.len() + 1)).collect();
        cuts.extend([0, told.len()]);
        cuts.sort_unstable();
        let (mut one_by_one, mut folded) = (Known::default(), Known::default());
        one_by_one.hear(&told);
        for pair in cuts.windows(2) {
            let fewer = fold(told[pair[0]..pair[1]].to_vec());
            let mut nodes: Vec<_> = fewer.iter().map(|one| one.update.node).collect();
            nodes.sort_unstable();
            nodes.dedup();
            prop_assert_eq!(nodes.len(), fewer.len());
            folded.hear(&fewer);
        }
        prop_assert_eq!(folded, one_by_one);
    }

    #[test]
    fn nobody_is_told_the_numbers_of_a_node_that_he_does_not_see(acts in acts()) {
        for one in as_seen(&told_of(&acts)) {
            prop_assert!(one.kind == UpdateKind::Removed || is_watched(&one.update.spec));
        }
    }

    #[test]
    fn a_position_gives_all_that_follows_it_or_is_refused(
        acts in acts(),
        pauses in prop::collection::vec(0..40_u64, 60),
        most in 1..20_usize,
        room in 1..40_usize,
    ) {
        let all = told_of(&acts);
        let bytes = room * 1_400;
        let bounds = Bounds { span: Duration::from_secs(120), bytes };
        let mut log = Log::new(EPOCH, bounds);
        let mut now = Duration::ZERO;
        let mut told_at = Vec::new();
        for (update, pause) in all.iter().zip(&pauses) {
            now += Duration::from_secs(*pause);
            told_at.push(now);
            log.append(now, &[Entry::Node(Arc::clone(update))]);
            prop_assert!(log.depth().1 <= bytes);
        }
        for from in 0..=all.len() {
            let position = Position { epoch: EPOCH, sequence: from as u64 };
            let behind: usize = all[from..].iter().map(|update| update.bytes()).sum();
            let is_recent = told_at.get(from).is_none_or(|at| now - *at <= bounds.span);
            match log.since(position, most) {
                Ok(since) => {
                    let expected = &all[from..all.len().min(from + most)];
                    prop_assert_eq!(since.entries.len(), expected.len());
                    let updates = since.entries.iter().filter_map(Entry::node);
                    let same = updates.zip(expected);
                    prop_assert!(same.into_iter().all(|(one, other)| Arc::ptr_eq(one, other)));
                    let to = from + expected.len();
                    prop_assert_eq!(since.position.sequence, to as u64);
                    prop_assert_eq!(since.left, (all.len() - to) as u64);
                }
                Err(Gone) => prop_assert!(behind > bytes || !is_recent, "{} of {}", from, all.len()),
            }
        }
        let beyond = Position { epoch: EPOCH, sequence: all.len() as u64 + 1 };
        prop_assert_eq!(log.since(beyond, most).err(), Some(Gone));
        let foreign = Position { epoch: EPOCH + 1, ..log.position() };
        prop_assert_eq!(log.since(foreign, most).err(), Some(Gone));
    }

    #[test]
    fn the_states_are_those_of_the_last_update_of_each_node_that_is_there(acts in acts()) {
        let all = told_of(&acts);
        // As little as can be: the states do not rest on the ring.
        let mut log = Log::new(EPOCH, Bounds { span: Duration::ZERO, bytes: 0 });
        let entries: Vec<_> = all.iter().cloned().map(Entry::Node).collect();
        log.append(Duration::ZERO, &entries);
        prop_assert_eq!(log.depth(), (0, 0));
        let mut last: BTreeMap<NodeId, &Arc<Update>> = BTreeMap::new();
        for update in &all {
            last.insert(update.node, update);
        }
        last.retain(|_, update| update.kind != UpdateKind::Removed);
        let states: Vec<_> = log.states(None).map(|update| (update.node, update.revision)).collect();
        let expected: Vec<_> = last.values().map(|update| (update.node, update.revision)).collect();
        prop_assert_eq!(&states, &expected);
        for (place, (node, _)) in expected.iter().enumerate() {
            prop_assert_eq!(log.states(Some(*node)).count(), expected.len() - place - 1);
        }
    }
}
