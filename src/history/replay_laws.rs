//! Laws of the twin of a time: what was live then.

use std::sync::Arc;

use evara_actors::domain::{Metric, NodeSpec, Timestamp};
use evara_actors::ports::{Archive as _, Batch};
use evara_actors::testing::{FakeArchive, START, sample, tank};
use evara_actors::twin::{Effect, Event, Twin, apply};
use proptest::prelude::*;
use tokio::runtime::Builder;

use super::Checkpoint;
use super::replay::{Error, twin_at};
use super::testing::Unrolled;

fn seconds(after: u64) -> Timestamp {
    START.plus(std::time::Duration::from_secs(after))
}

/// A log, and the twin after each change with the time at which it was known.
fn lived(steps: &[(u64, u64, bool)]) -> (FakeArchive, Arc<NodeSpec>, Vec<(Timestamp, Twin)>) {
    let (archive, spec) = (FakeArchive::default(), Arc::new(tank(1)));
    let mut now = 0;
    let mut transition = Twin::create(Arc::clone(&spec), START);
    let mut lives = Vec::new();
    let mut batch = Batch {
        shards: vec![spec.shard()],
        ..Batch::default()
    };
    for (number, (wait, late, ticks)) in (1..).zip(steps) {
        for effect in transition.effects {
            match effect {
                Effect::Store(row) => batch.telemetry.push(row),
                Effect::Log(row) => batch.events.push(row),
            }
        }
        lives.push((seconds(now), transition.twin.clone()));
        now += wait;
        let event = if *ticks {
            Event::Ticked { now: seconds(now) }
        } else {
            let level = 50.0 + number as f64;
            let mut sample = (*sample(number, seconds(now), Metric::LevelCm, level)).clone();
            sample.source_at = sample
                .source_at
                .minus(std::time::Duration::from_secs(*late));
            Event::Observed(Arc::new(sample))
        };
        transition = apply(&transition.twin, &event);
    }
    let committed = Builder::new_current_thread().build().unwrap();
    committed.block_on(archive.commit(Arc::new(batch))).unwrap();
    (archive, spec, lives)
}

fn replayed(archive: &FakeArchive, spec: &Arc<NodeSpec>, at: Timestamp) -> Result<Twin, Error> {
    replayed_from(&Unrolled::default(), archive, spec, at)
}

fn replayed_from(
    kept: &Unrolled,
    archive: &FakeArchive,
    spec: &Arc<NodeSpec>,
    at: Timestamp,
) -> Result<Twin, Error> {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(twin_at(archive, kept, spec, at))
}

proptest! {
    #[test]
    fn a_twin_of_a_time_is_what_was_live_then(
        steps in prop::collection::vec((0..400_u64, 0..2_000_u64, any::<bool>()), 1..40),
        at in 0..8_000_u64,
        from in any::<prop::sample::Index>(),
    ) {
        let (archive, spec, lives) = lived(&steps);
        let at = seconds(at);
        let live = lives.iter().rev().find(|(since, _)| *since <= at);
        let found = replayed(&archive, &spec, at).unwrap();
        prop_assert_eq!(&found, &live.unwrap().1);
        let (since, twin) = &lives[from.index(lives.len())];
        let kept = Unrolled {
            checkpoint: Some(Checkpoint {
                at: *since,
                revision: twin.revision(),
                state: twin.snapshot(),
            }),
            ..Unrolled::default()
        };
        let shorter = replayed_from(&kept, &archive, &spec, at).unwrap();
        prop_assert_eq!(&shorter, &live.unwrap().1);
        let newest = replayed(&archive, &spec, Timestamp::MAX).unwrap();
        prop_assert_eq!(&newest, &lives.last().unwrap().1);
    }
}

#[test]
fn before_its_birth_there_is_no_twin() {
    let (archive, spec, _) = lived(&[(1, 0, false)]);
    let unborn = replayed(
        &archive,
        &spec,
        seconds(0).minus(std::time::Duration::from_millis(1)),
    );
    assert!(matches!(unborn, Err(Error::Unborn)));
}

#[test]
fn a_log_with_a_hole_is_not_made_up_for() {
    let (whole, spec, _) = lived(&[(60, 0, false), (60, 0, false), (60, 0, false), (1, 0, true)]);
    let torn = FakeArchive::default();
    let mut batch = Batch::clone(&whole.batches()[0]);
    batch.telemetry.remove(0);
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(torn.commit(Arc::new(batch))).unwrap();
    assert!(matches!(
        replayed(&torn, &spec, seconds(500)),
        Err(Error::TornLog)
    ));
    assert!(replayed(&torn, &spec, seconds(0)).is_ok());
}
