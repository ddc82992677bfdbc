//! Sealing anew on a real server: beside a writer that was quicker, and with rows that somebody moved.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::ChannelId;
use evara_actors::ports::{Ownership as _, Registry as _};
use secrecy::{ExposeSecret as _, SecretString};

use super::Server;
use crate::store::conformance::fixtures::{node, spec};
use crate::store::conformance::keys;
use crate::store::postgres::{PostgresRekeying, PostgresStore};
use crate::store::{ChannelSecrets as _, Rekeying as _, SealedTable};

/// Longer than it takes to find a row, shorter than the server waits for one.
const HELD: Duration = Duration::from_secs(1);

/// A store of two nodes whose keys are under `k`, open with a newer key.
async fn newer(server: &Server) -> PostgresStore {
    let store = server.store().await;
    for id in [1, 2] {
        store.insert(spec(id, &format!("node-{id}"))).await.unwrap();
        set(&store, id, "before").await;
    }
    drop(store);
    let store = server.open("nk").await.unwrap();
    store.claim().await.unwrap();
    store
}

async fn set(store: &PostgresStore, id: u128, key: &str) {
    let key = SecretString::from(key);
    store
        .set_read_key(ChannelId(5), node(id), &key)
        .await
        .unwrap();
}

fn stored(server: &Server, id: u128) -> String {
    let id = node(id);
    server.shell(&format!(
        "SELECT encode(read_key, 'hex') FROM channel_secrets WHERE node = '{id}'"
    ))
}

fn put(id: u128, hex: &str) -> String {
    let id = node(id);
    format!("UPDATE channel_secrets SET read_key = decode('{hex}', 'hex') WHERE node = '{id}'")
}

#[tokio::test]
async fn a_row_that_is_being_changed_is_not_replaced_by_what_it_was() {
    let server = Arc::new(Server::new());
    let store = newer(&server).await;
    let before = stored(&server, 1);
    set(&store, 1, "after").await;
    let after = stored(&server, 1);
    server.shell(&put(1, &before));
    let (change, sleeper) = (put(1, &after), Arc::clone(&server));
    let held = HELD.as_secs();
    let changing = tokio::task::spawn_blocking(move || {
        sleeper.shell(&format!("BEGIN; {change}; SELECT pg_sleep({held}); COMMIT"))
    });
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    while server.shell(sleeping) == "0" {
        assert!(!changing.is_finished(), "nobody held the row");
        tokio::task::yield_now().await;
    }
    let rekeying = PostgresRekeying::open(&server.address, keys("nk"))
        .await
        .unwrap();
    let rekeyed = rekeying
        .rekey(SealedTable::ReadKeys, None, 10)
        .await
        .unwrap();
    changing.await.unwrap();
    assert_eq!((rekeyed.done, rekeyed.unopened.len()), (1, 0));
    let keys = store.read_keys().await.unwrap();
    let plain = keys.iter().map(|it| it.key.expose_secret());
    assert_eq!(plain.collect::<Vec<_>>(), ["after", "before"]);
    assert_eq!(rekeying.settle().await.unwrap(), 0);
}

#[tokio::test]
async fn what_was_moved_to_another_row_is_named_and_keeps_the_old_key_from_being_given_up() {
    let server = Server::new();
    let store = newer(&server).await;
    server.shell(&put(2, &stored(&server, 1)));
    let rekeying = PostgresRekeying::open(&server.address, keys("nk"))
        .await
        .unwrap();
    let rekeyed = rekeying
        .rekey(SealedTable::ReadKeys, None, 10)
        .await
        .unwrap();
    assert_eq!(rekeyed.done, 1);
    let [unopened] = &rekeyed.unopened[..] else {
        panic!("{:?}", rekeyed.unopened);
    };
    assert!(unopened.contains(&node(2).to_string()), "{unopened}");
    assert_eq!(rekeying.settle().await.unwrap(), 1);
    set(&store, 2, "set anew").await;
    assert_eq!(rekeying.settle().await.unwrap(), 0);
    assert_eq!(store.read_keys().await.unwrap().len(), 2);
}
