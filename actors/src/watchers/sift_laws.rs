//! Laws of sifting: whatever is refused, everything else is taken, in an order that a crash may cut.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::sift::{NothingTaken, Row, Sift, history_and_rest};
use crate::domain::{ChannelId, EntryId, Kind, NodeId, Revision, ShardId};
use crate::ports::{Batch, CursorRow, EventRow, SnapshotRow, TelemetryRow};
use crate::testing::{START, level, tank};
use crate::twin::Change;

fn node(number: u32) -> NodeId {
    tank(number).id
}

fn reading(number: u32, revision: u64) -> TelemetryRow {
    TelemetryRow {
        node: node(number),
        kind: Kind::Tank,
        revision: Revision(revision),
        late: false,
        sample: level(revision, 50.0),
        derived: Vec::new(),
    }
}

fn change(number: u32, revision: u64) -> EventRow {
    EventRow {
        node: node(number),
        revision: Revision(revision),
        at: START,
        change: Change::Configured { version: revision },
    }
}

fn snapshot(number: u32, revision: u64) -> SnapshotRow {
    SnapshotRow {
        node: node(number),
        shard: ShardId(0),
        revision: Revision(revision),
        state: Vec::new(),
    }
}

fn cursor(channel: u64) -> CursorRow {
    CursorRow {
        channel: ChannelId(channel),
        shard: ShardId(0),
        last_entry: EntryId(1),
        last_created_at: START,
        generation: 0,
        missed: 0,
    }
}

/// Whose row, and its revision.
type Name = (NodeId, u64);

fn log_of(batch: &Batch) -> Vec<Name> {
    let readings = batch.telemetry.iter().map(|row| (row.node, row.revision.0));
    let changes = batch.events.iter().map(|row| (row.node, row.revision.0));
    readings.chain(changes).collect()
}

/// Nodes' logs as twins make them: revisions without a gap, each a reading or a change.
fn batches() -> impl Strategy<Value = Batch> {
    vec(vec(any::<bool>(), 1..30), 1..6).prop_map(|nodes| {
        let mut batch = Batch::default();
        for (number, log) in (1..).zip(nodes) {
            for (revision, is_reading) in (1..).zip(&log) {
                match is_reading {
                    true => batch.telemetry.push(reading(number, revision)),
                    false => batch.events.push(change(number, revision)),
                }
            }
            batch.snapshots.push(snapshot(number, log.len() as u64));
            batch.cursors.push(cursor(number.into()));
        }
        batch
    })
}

/// What an archive took that refuses every part with one of `poison` in it.
struct Sifted {
    parts: Vec<Batch>,
    refused: BTreeSet<Name>,
    tries: usize,
}

fn sifted(batch: Batch, poison: &BTreeSet<Name>) -> Result<Sifted, NothingTaken> {
    let mut sift = Sift::of(batch);
    let (mut parts, mut tries) = (Vec::new(), 0);
    while let Some(part) = sift.part() {
        tries += 1;
        if log_of(&part).iter().any(|name| poison.contains(name)) {
            sift.refused("poison")?;
        } else {
            parts.push(part);
            sift.taken();
        }
    }
    let refused = sift
        .into_refused()
        .into_iter()
        .flat_map(|one| match one.row {
            Row::Telemetry(row) => Some((row.node, row.revision.0)),
            Row::Event(row) => Some((row.node, row.revision.0)),
            Row::DeadLetter(_) | Row::Snapshot(_) | Row::Cursor(_) => None,
        });
    Ok(Sifted {
        parts,
        refused: refused.collect(),
        tries,
    })
}

proptest! {
    #[test]
    fn what_is_refused_alone_is_the_poison_and_all_else_is_taken_once(
        batch in batches(),
        places in vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let log = log_of(&batch);
        let poison: BTreeSet<Name> = places.iter().map(|place| *place.get(&log)).collect();
        let rows = log.len();
        let Sifted { parts, refused, tries } = sifted(batch.clone(), &poison).unwrap();
        prop_assert_eq!(&refused, &poison);
        let mut taken: Vec<Name> = parts.iter().flat_map(log_of).collect();
        taken.extend(refused);
        taken.sort();
        let mut all = log;
        all.sort();
        prop_assert_eq!(taken, all);
        let cursors: usize = parts.iter().map(|part| part.cursors.len()).sum();
        prop_assert_eq!(cursors, batch.cursors.len());
        let levels = (rows + batch.cursors.len() + batch.snapshots.len()).ilog2() as usize + 2;
        prop_assert!(tries <= 1 + 2 * poison.len() * levels, "{tries} tries");
    }

    #[test]
    fn wherever_it_is_cut_off_no_log_has_a_gap_but_the_poison_and_no_cursor_is_ahead(
        batch in batches(),
        places in vec(any::<prop::sample::Index>(), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let log = log_of(&batch);
        let poison: BTreeSet<Name> = places.iter().map(|place| *place.get(&log)).collect();
        let Sifted { parts, .. } = sifted(batch, &poison).unwrap();
        prop_assume!(!parts.is_empty());
        let left = &parts[..=cut.index(parts.len())];
        let mut newest: BTreeMap<NodeId, u64> = BTreeMap::new();
        let mut names: Vec<Name> = left.iter().flat_map(log_of).collect();
        names.sort();
        for (node, revision) in &names {
            let before = newest.insert(*node, *revision).unwrap_or(0);
            for skipped in before + 1..*revision {
                prop_assert!(poison.contains(&(*node, skipped)));
            }
        }
        let ahead = left.iter().any(|part| !part.cursors.is_empty() || !part.snapshots.is_empty());
        prop_assert!(!ahead || names.len() + poison.len() == log.len());
    }
}

#[test]
fn an_archive_that_takes_nothing_of_several_nodes_is_at_fault_itself() {
    let telemetry: Vec<_> = (1..=9)
        .flat_map(|number| (1..=9).map(move |revision| reading(number, revision)))
        .collect();
    let batch = Batch {
        telemetry,
        ..Batch::default()
    };
    let all = log_of(&batch).into_iter().collect();
    assert_eq!(sifted(batch, &all).err(), Some(NothingTaken));
}

#[test]
fn a_single_node_that_says_nothing_but_poison_is_at_fault_itself() {
    let batch = Batch {
        telemetry: (1..=99).map(|revision| reading(1, revision)).collect(),
        cursors: vec![cursor(1)],
        ..Batch::default()
    };
    let all = log_of(&batch).into_iter().collect();
    let Sifted { refused, parts, .. } = sifted(batch, &all).unwrap();
    assert_eq!((refused, parts.len()), (all, 1));
}

#[test]
fn a_letter_says_what_was_refused_and_is_the_same_one_each_time() {
    let batch = Batch {
        telemetry: vec![reading(1, 1), reading(1, 2)],
        events: vec![change(1, 3)],
        cursors: vec![cursor(1)],
        ..Batch::default()
    };
    let letters = |batch: &Batch| {
        let mut sift = Sift::of(batch.clone());
        while sift.part().is_some() {
            sift.refused("22003").unwrap();
        }
        let refused = sift.into_refused();
        refused
            .iter()
            .filter_map(|one| one.letter())
            .collect::<Vec<_>>()
    };
    let told = letters(&batch);
    assert_eq!(told, letters(&batch));
    let ids: BTreeSet<_> = told.iter().map(|letter| letter.id).collect();
    assert_eq!((told.len(), ids.len()), (3, 3));
    assert!(
        told.iter()
            .all(|letter| letter.node == node(1) && letter.error.contains("22003"))
    );
    assert!(told[0].message.contains("\"sample\"") && told[2].message.contains("configured"));
    let (history, rest) = history_and_rest(&batch);
    assert_eq!((history.len(), rest.len()), (3, 1));
}
