//! Processes that die at any moment, over an archive that comes and goes: what is promised all the same.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::scene::{Scene, pass};
use crate::domain::{ChannelId, EntryId, NodeSpec, Timestamp};
use crate::ports::{Clock, CursorRow};
use crate::system::restore::restore;
use crate::testing::{FakeArchive, START, VirtualClock, level, on_channel, tank};
use crate::twin::apply;

/// Where the test notes how far it has read; the pollers' own channel is empty.
const CHANNEL: ChannelId = ChannelId(2);

/// What happens to a process and its archive.
#[derive(Debug, Clone)]
enum Step {
    /// The next entries of the channel are taken by every twin, and then counted as read.
    Read(u64),
    Pass(Duration),
    GoAway,
    ComeBack,
    Die,
    Drain,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_u64..90).prop_map(Step::Read),
        3 => (1_u64..70_000).prop_map(|millis| Step::Pass(Duration::from_millis(millis))),
        1 => Just(Step::GoAway),
        2 => Just(Step::ComeBack),
        2 => Just(Step::Die),
        1 => Just(Step::Drain),
    ];
    prop::collection::vec(step, 1..25)
}

fn nodes() -> Vec<NodeSpec> {
    (1..=3).map(|number| on_channel(tank(number), 1)).collect()
}

/// Starts a process from what the archive has.
async fn rise(archive: &Arc<FakeArchive>, clock: &Arc<dyn Clock>) -> Scene {
    let (archive, clock) = (Arc::clone(archive), Arc::clone(clock));
    let saved = archive.saved();
    Scene::with(archive, clock, apply, nodes(), saved).await
}

/// Reads on from the cursor that is stored, or was put in this process, as a poller does.
async fn read(scene: &Scene, from: u64, entries: u64) -> u64 {
    for entry in from + 1..=from + entries {
        for twin in scene.system.twins() {
            twin.offer(level(entry, 50.0 + (entry % 7) as f64))
                .await
                .unwrap();
        }
    }
    let sink = scene.tank(1).sink();
    sink.put_cursor(CursorRow {
        channel: CHANNEL,
        shard: sink.shard(),
        last_entry: EntryId(from + entries),
        last_created_at: START,
        generation: 0,
        missed: 0,
    });
    from + entries
}

fn stored(archive: &FakeArchive) -> u64 {
    let cursor = archive.saved().cursors.get(&CHANNEL).cloned();
    cursor.map_or(0, |row| row.last_entry.0)
}

/// Every twin follows from what the archive has, and every entry is in the archive once.
fn check(archive: &FakeArchive, scene: &Scene, entries: u64) {
    let all: Vec<Timestamp> = (1..=entries)
        .map(|entry| level(entry, 0.0).source_at)
        .collect();
    let saved = archive.saved();
    for twin in scene.system.twins() {
        let rows = archive.readings(twin.id());
        let mut times: Vec<_> = rows.iter().map(|row| row.sample.source_at).collect();
        times.sort();
        assert_eq!(times, all);
        let view = twin.view();
        let saved = saved.twins.get(&twin.id()).cloned();
        let back = restore(Arc::clone(view.spec()), saved, START).unwrap();
        assert_eq!(back.twin, *view);
    }
}

async fn live(steps: Vec<Step>) {
    let archive = Arc::new(FakeArchive::default());
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::default());
    let mut scene = rise(&archive, &clock).await;
    let mut at = 0;
    let mut newest = 0;
    for step in steps {
        match step {
            Step::Read(entries) => {
                at = read(&scene, at, entries).await;
                newest = newest.max(at);
            }
            Step::Pass(span) => pass(span).await,
            Step::GoAway => archive.go_away(),
            Step::ComeBack => archive.come_back(),
            Step::Die | Step::Drain => {
                if matches!(step, Step::Drain) {
                    scene.system.drain(Duration::from_secs(3)).await;
                }
                drop(scene);
                pass(Duration::from_millis(10)).await;
                at = stored(&archive);
                scene = rise(&archive, &clock).await;
            }
        }
    }
    archive.come_back();
    read(&scene, at, newest - at).await;
    assert!(
        scene
            .system
            .drain(Duration::from_secs(20))
            .await
            .is_complete()
    );
    check(&archive, &scene, newest);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn every_entry_is_written_once_and_every_twin_comes_back_whenever_the_process_dies(
        steps in steps(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(live(steps));
    }
}
