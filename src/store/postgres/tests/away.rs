//! A server that goes away, and comes back: calls fail in time, and work again by themselves.

use std::time::Duration;

use evara_actors::domain::Revision;
use evara_actors::ports::{
    Archive as _, ArchiveError, Ownership as _, Registry as _, RegistryError,
};
use tokio::time::{Instant, sleep, timeout};

use super::Server;
use super::proxy::{Proxy, Way};
use crate::store::conformance::fixtures::{
    distance, everything, full_batch, node, spec, tank_row, telemetry,
};
use crate::store::postgres::transaction::Transaction;
use crate::store::postgres::{DEADLINE, PostgresStore, migrate, statements};

/// What the outside waits for.
const SOON: Duration = Duration::from_secs(6);

#[tokio::test]
async fn a_store_whose_server_was_away_works_again_by_itself() {
    let mut server = Server::new();
    let store = server.store().await;
    store.insert(spec(1, "oht-7")).await.unwrap();
    store.commit(full_batch(node(1))).await.unwrap();
    for _ in 0..2 {
        server.postgres.stop_immediately();
        let asked = Instant::now();
        let written = store.commit(full_batch(node(1))).await;
        assert!(matches!(written, Err(ArchiveError::Unavailable(_))));
        let read = store.telemetry(node(1), everything()).await;
        assert!(matches!(read, Err(ArchiveError::Unavailable(_))));
        let removed = store.remove(node(1)).await;
        assert!(matches!(removed, Err(RegistryError::Unavailable(_))));
        assert!(store.ping().await.is_err());
        assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
        server.postgres.start_again();
        let row = tank_row(node(1), 4, distance(9));
        timeout(SOON, store.commit(telemetry(vec![row])))
            .await
            .unwrap()
            .unwrap();
        store.ping().await.unwrap();
    }
    let log = store.changes(node(1), Revision::ZERO, 9).await.unwrap();
    assert_eq!(log.len(), 4);
    assert_eq!(store.nodes().await.unwrap(), [spec(1, "oht-7")]);
}

#[tokio::test]
async fn a_number_from_before_a_start_of_the_server_proves_no_commit() {
    let mut server = Server::new();
    let store = server.store().await;
    let number = numbered(&store).await;
    let status = async |number: &str| {
        let asking = Transaction::writing(&store.connections, DEADLINE).await;
        asking.unwrap().status_of(number).await.unwrap()
    };
    assert_eq!(status(&number).await.as_deref(), Some("committed"));
    server.postgres.stop_immediately();
    server.postgres.start_again();
    store.connections.forget_idle();
    // The first one wrote nothing, so that the server does not remember it: its number is given out again.
    let again = numbered(&store).await;
    let plain = |number: &str| number.split_once('@').unwrap().0.to_owned();
    assert_eq!(plain(&again), plain(&number));
    assert_eq!(status(&again).await.as_deref(), Some("committed"));
    assert_eq!(status(&number).await.as_deref(), Some("perhaps committed"));
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_asked_for_and_found() {
    let server = Server::new();
    let store = server.store().await;
    let proxy = Proxy::to(server.postgres.port()).await;
    let through = server.through(&proxy).await;
    let begun = Transaction::writing(&through.connections, DEADLINE).await;
    let mut transaction = begun.unwrap();
    let row = transaction.row(statements::CURRENT_TRANSACTION, &[]).await;
    let number: String = row.unwrap().try_get(0).unwrap();
    // COMMIT arrives after two seconds and its answer after four, which is later than it is waited for.
    proxy.set(Way::Slow(Duration::from_secs(2)));
    let quick_again = async {
        sleep(Duration::from_millis(2_500)).await;
        proxy.set(Way::Open);
    };
    let asked = Instant::now();
    let (committed, ()) = tokio::join!(transaction.commit_as(number.clone()), quick_again);
    assert!(committed.is_ok(), "{committed:?}");
    assert!(
        asked.elapsed() < Duration::from_secs(4),
        "it was waited for"
    );
    let asking = Transaction::writing(&store.connections, DEADLINE).await;
    let status = asking.unwrap().status_of(&number).await.unwrap();
    assert_eq!(status.as_deref(), Some("committed"));
}

/// Commits a transaction that does nothing, and says its number.
async fn numbered(store: &PostgresStore) -> String {
    let begun = Transaction::writing(&store.connections, DEADLINE).await;
    let mut transaction = begun.unwrap();
    let row = transaction.row(statements::CURRENT_TRANSACTION, &[]).await;
    let number: String = row.unwrap().try_get(0).unwrap();
    transaction.commit_as(number.clone()).await.unwrap();
    number
}

#[tokio::test]
async fn a_call_that_waits_for_a_lock_fails_before_its_deadline_and_changes_nothing() {
    let server = Server::new();
    let store = server.store().await;
    let mut holder = super::super::Transaction::writing(&store.connections, DEADLINE)
        .await
        .unwrap();
    holder
        .rows(super::super::statements::INSERT_REMOVED, &[&node(1).0])
        .await
        .unwrap();
    store.insert(spec(2, "other")).await.unwrap();
    let asked = Instant::now();
    let locked = store.insert(spec(1, "oht-7"));
    // Takes the row that the holder has not committed yet.
    let removed = async {
        locked.await.unwrap();
        store.remove(node(1)).await
    };
    assert!(matches!(removed.await, Err(RegistryError::Unavailable(_))));
    assert!(asked.elapsed() < DEADLINE);
    holder.roll_back().await;
    store.remove(node(1)).await.unwrap();
}

#[tokio::test]
async fn over_a_line_that_takes_two_seconds_a_batch_is_committed_on_a_new_connection() {
    let server = Server::new();
    let proxy = Proxy::to(server.postgres.port()).await;
    migrate(&server.address).await.unwrap();
    let through = server.through(&proxy).await;
    through.claim().await.unwrap();
    through.commit(full_batch(node(1))).await.unwrap();
    proxy.set(Way::Slow(Duration::from_secs(1)));
    through.connections.forget_idle();
    through.commit(full_batch(node(2))).await.unwrap();
    proxy.set(Way::Open);
    let there = through.telemetry(node(2), everything()).await.unwrap();
    assert!(!there.is_empty());
}

#[tokio::test]
async fn a_connection_that_was_ended_costs_no_call_twice() {
    let server = Server::new();
    let store = server.store().await;
    store.commit(full_batch(node(1))).await.unwrap();
    server.shell(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'evara'",
    );
    let _may_meet_the_ended_one = store.commit(full_batch(node(1))).await;
    store.commit(full_batch(node(1))).await.unwrap();
    assert_eq!(
        store.telemetry(node(1), everything()).await.unwrap().len(),
        2
    );
}
