//! Two stores on one database: only the one that claimed it last may write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use evara_actors::domain::Revision;
use evara_actors::ports::{Archive as _, ArchiveError, Ownership as _, Registry as _};
use tokio::task::JoinSet;

use super::Server;
use crate::store::ChannelSecrets as _;
use crate::store::conformance::fixtures::{distance, full_batch, node, spec, tank_row, telemetry};
use crate::store::postgres::PostgresStore;

/// How many samples the database has.
fn samples(server: &Server) -> u32 {
    server
        .shell("SELECT count(*) FROM telemetry_tank")
        .parse()
        .unwrap()
}

async fn pass(span: Duration) {
    tokio::time::sleep(span).await;
}

#[tokio::test]
async fn the_older_of_two_is_fenced_at_its_next_commit_and_nothing_of_that_is_there() {
    let server = Server::new();
    let older = server.store().await;
    older.commit(full_batch(node(1))).await.unwrap();
    let newer = server.store().await;
    let before = newer.load().await.unwrap();
    for _ in 0..2 {
        let refused = older.commit(full_batch(node(2))).await.unwrap_err();
        assert!(matches!(refused, ArchiveError::Fenced(_)), "{refused:?}");
    }
    let after = newer.load().await.unwrap();
    assert_eq!(after.twins.len(), before.twins.len());
    newer.commit(full_batch(node(2))).await.unwrap();
    // Its reads say what was committed, whoever did.
    let seen = older.changes(node(2), Revision::ZERO, 9).await.unwrap();
    assert!(!seen.is_empty());
}

#[tokio::test]
async fn whoever_has_claimed_nothing_writes_nothing() {
    let server = Server::new();
    server.store().await;
    let unclaimed = server.open("k").await.unwrap();
    let refused = unclaimed.commit(full_batch(node(1))).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::Fenced(_)), "{refused:?}");
}

/// Commits batch after batch until it is fenced, and says how many it was told are committed.
async fn write_on(store: Arc<PostgresStore>, writer: u32, done: Arc<AtomicU32>) {
    for second in writer * 10_000.. {
        let row = tank_row(node(writer.into()), second.into(), distance(second));
        match store.commit(telemetry(vec![row])).await {
            Ok(()) => done.fetch_add(1, Ordering::SeqCst),
            Err(ArchiveError::Fenced(_)) => return,
            Err(other) => panic!("{other:?}"),
        };
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_in_flight_during_a_claim_is_wholly_before_it_or_fenced() {
    let server = Server::new();
    let older = Arc::new(server.store().await);
    let newer = server.open("k").await.unwrap();
    let done = Arc::<AtomicU32>::default();
    let mut writers = JoinSet::new();
    for writer in 1..=4 {
        writers.spawn(write_on(Arc::clone(&older), writer, Arc::clone(&done)));
    }
    while done.load(Ordering::SeqCst) < 20 {
        pass(Duration::from_millis(5)).await;
    }
    newer.claim().await.unwrap();
    let at_the_claim = samples(&server);
    let fenced = tokio::time::timeout(Duration::from_secs(10), async {
        while let Some(ended) = writers.join_next().await {
            ended.unwrap();
        }
    });
    // One that was committed before the claim may hear of it after.
    fenced.await.unwrap();
    assert_eq!(samples(&server), at_the_claim);
    assert_eq!(done.load(Ordering::SeqCst), at_the_claim);
}

#[tokio::test]
async fn of_two_that_claim_at_once_the_later_one_owns_all() {
    let server = Server::new();
    let (one, other) = (server.store().await, server.store().await);
    let (first, second) = tokio::join!(one.claim(), other.claim());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first, second);
    let owners = "SELECT count(DISTINCT (owner, epoch)) FROM shard_owners";
    assert_eq!(server.shell(owners), "1");
    let (owner, former) = match first > second {
        true => (one, other),
        false => (other, one),
    };
    owner.commit(full_batch(node(1))).await.unwrap();
    former.commit(full_batch(node(1))).await.unwrap_err();
}

#[tokio::test]
async fn nodes_and_keys_are_not_changed_by_one_that_is_fenced() {
    let server = Server::new();
    let older = server.store().await;
    older.insert(spec(1, "one")).await.unwrap();
    let newer = server.store().await;
    older.insert(spec(2, "two")).await.unwrap_err();
    older.remove(node(1)).await.unwrap_err();
    older.remove_read_key(node(1)).await.unwrap_err();
    let nodes = newer.nodes().await.unwrap();
    assert_eq!(nodes, [spec(1, "one")]);
}

#[tokio::test]
async fn a_snapshot_has_the_epoch_of_its_writer_and_never_goes_back() {
    let server = Server::new();
    let store = server.store().await;
    let epoch = store.claim().await.unwrap();
    store.commit(full_batch(node(1))).await.unwrap();
    let kept = server.shell("SELECT epoch FROM twin_snapshots");
    assert_eq!(kept, epoch.to_string());
    let back = "DO $$ BEGIN
            UPDATE twin_snapshots SET revision = revision - 1;
            RAISE 'it went back';
        EXCEPTION WHEN SQLSTATE 'EV002' THEN NULL; END $$";
    server.shell(back);
    assert_eq!(server.shell("SELECT revision FROM twin_snapshots"), "2");
}
