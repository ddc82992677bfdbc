//! The whole path, from a channel to the archive, and across the end of a process.

use std::sync::Arc;
use std::time::Duration;

use super::scene::{Scene, pass};
use crate::domain::{ChannelId, EntryId, NodeSpec, StatusState};
use crate::ports::{Clock, Entry, Page, Record, Saved};
use crate::system::{Ports, Settings, StartError, System};
use crate::testing::{FakeArchive, FakeFeed, START, VirtualClock, level, on_channel, tank};
use crate::twin::{Change, Tally, apply};

/// A channel whose entries, one a minute, end with number `last`.
fn page(last: u64) -> Page {
    let entry = |id: u64| {
        let mut fields: [Option<Box<str>>; 8] = Default::default();
        fields[0] = Some(format!("{}", 50 + id % 10).into());
        let created_at = START.plus(Duration::from_secs(60 * id));
        let id = EntryId(id);
        Entry {
            id,
            created_at,
            fields,
        }
    };
    Page {
        entries: (last.saturating_sub(99).max(1)..=last).map(entry).collect(),
        last_entry: Some(EntryId(last)),
        ..Page::default()
    }
}

async fn start(
    feed: &Arc<FakeFeed>,
    archive: &Arc<FakeArchive>,
    clock: &Arc<dyn Clock>,
    nodes: Vec<NodeSpec>,
) -> Arc<System> {
    let ports = Ports {
        feed: Arc::<FakeFeed>::clone(feed),
        archive: Arc::<FakeArchive>::clone(archive),
        clock: Arc::clone(clock),
    };
    let saved = archive.saved();
    System::start(ports, Settings::default(), nodes, saved)
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_entry_of_a_channel_is_written_once_also_when_the_process_dies_on_the_way() {
    let feed = Arc::new(FakeFeed::default());
    let archive = Arc::new(FakeArchive::default());
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::default());
    let nodes = vec![on_channel(tank(1), 5), on_channel(tank(2), 5)];
    pass(Duration::from_secs(60 * 100)).await;
    for last in [80, 90, 100] {
        feed.set(ChannelId(5), Ok(page(last)));
        let system = start(&feed, &archive, &clock, nodes.clone()).await;
        pass(Duration::from_secs(60)).await;
        assert_eq!(system.pollers().len(), 1);
        // Nothing is drained: the system is only let go.
    }
    for node in &nodes {
        let rows = archive.readings(node.id);
        let mut times: Vec<_> = rows.iter().map(|row| row.sample.source_at).collect();
        times.sort();
        let all = (1..=100).map(|id| START.plus(Duration::from_secs(60 * id)));
        assert_eq!(times, all.collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_polled_while_a_node_reads_it_and_goes_on_where_it_stopped() {
    let feed = Arc::new(FakeFeed::default());
    let archive = Arc::new(FakeArchive::default());
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::default());
    feed.set(ChannelId(5), Ok(page(10)));
    let system = start(&feed, &archive, &clock, vec![tank(1)]).await;
    pass(Duration::from_secs(600)).await;
    assert!(feed.asked().is_empty());
    let mut spec = on_channel(tank(1), 5);
    spec.version = 2;
    system.configure(spec).await.unwrap();
    pass(Duration::from_secs(60)).await;
    assert_eq!(archive.readings(tank(1).id).len(), 10);
    let poller = system.poller(ChannelId(5)).unwrap();
    assert_eq!(poller.view().last_entry_id, Some(EntryId(10)));
    let mut spec = tank(1);
    spec.version = 3;
    system.configure(spec).await.unwrap();
    assert!(system.poller(ChannelId(5)).is_none());
    let asked = feed.asked().len();
    pass(Duration::from_secs(600)).await;
    assert_eq!(feed.asked().len(), asked);
    let mut spec = on_channel(tank(1), 5);
    spec.version = 4;
    feed.set(ChannelId(5), Ok(page(12)));
    system.configure(spec).await.unwrap();
    pass(Duration::from_secs(60)).await;
    assert_eq!(archive.readings(tank(1).id).len(), 12);
}

#[tokio::test(start_paused = true)]
async fn a_twin_comes_back_as_it_was_from_its_log_alone() {
    let scene = Scene::of(vec![on_channel(tank(1), 1)]).await;
    let twin = scene.tank(1);
    for entry in 1..=20 {
        twin.offer(crate::testing::level(entry, 50.0))
            .await
            .unwrap();
    }
    scene.written().await;
    let mut saved = scene.archive.saved();
    for twin in saved.twins.values_mut() {
        assert_eq!(twin.snapshot, None);
    }
    let clock = Arc::clone(&scene.ports.clock);
    let nodes = vec![on_channel(tank(1), 1)];
    let again = Scene::with(Arc::clone(&scene.archive), clock, apply, nodes, saved).await;
    assert_eq!(*again.tank(1).view(), *twin.view());
    pass(Duration::from_secs(10)).await;
    let batches = again.archive.batches();
    assert!(batches.iter().all(|batch| batch.snapshots.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_description_that_changed_while_nobody_ran_is_logged_at_the_start() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.system.drain(Duration::from_secs(5)).await;
    let mut spec = tank(1);
    spec.version = 2;
    let saved = scene.archive.saved();
    let clock = Arc::clone(&scene.ports.clock);
    let again = Scene::with(Arc::clone(&scene.archive), clock, apply, vec![spec], saved).await;
    again.written().await;
    let saved = again.archive.saved();
    let last = saved.twins[&tank(1).id]
        .tail
        .last()
        .map(|entry| entry.record.clone());
    let changed = matches!(
        last,
        Some(Record::Event(_, Change::Configured { version: 2 }))
    );
    assert!(changed, "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_cannot_be_read_stops_the_start_and_names_its_node() {
    let scene = Scene::of(vec![tank(1)]).await;
    scene.system.drain(Duration::from_secs(5)).await;
    let mut saved: Saved = scene.archive.saved();
    let twin = saved.twins.get_mut(&tank(1).id).unwrap();
    twin.snapshot.as_mut().unwrap().state = b"{".to_vec();
    let settings = Settings::default();
    let started = System::start(scene.ports.clone(), settings, vec![tank(1)], saved).await;
    let error = started.unwrap_err();
    assert!(matches!(error, StartError::Unreadable { node, .. } if node == tank(1).id));
}

#[tokio::test(start_paused = true)]
async fn what_a_fleet_counts_of_a_twin_follows_each_of_its_changes() {
    let scene = Scene::of(vec![tank(1)]).await;
    let twin = scene.tank(1);
    let mut before = twin.tally();
    assert_eq!((before.stored, before.good), (None, 0));
    for entry in 1..=5 {
        twin.offer(level(entry, 50.0 + entry as f64)).await.unwrap();
        let now = twin.tally();
        assert_eq!(now, Tally::of(&twin.view()));
        assert_ne!(now.stored, before.stored);
        before = now;
    }
    assert_eq!((before.state, before.good), (StatusState::Online, 1));
    pass(Duration::from_secs(600)).await;
    assert_eq!(twin.tally().state, StatusState::Late);
}
