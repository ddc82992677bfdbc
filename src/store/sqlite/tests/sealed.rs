//! What a stolen or altered file gives away: nothing.

use std::fs;

use evara_actors::domain::ChannelId;
use evara_actors::ports::Registry as _;
use secrecy::SecretString;

use super::TempDir;
use crate::store::conformance::fixtures::{node, spec};
use crate::store::conformance::keys;
use crate::store::sqlite::{SqliteRekeying, SqliteStore, StoreError};
use crate::store::{ChannelSecrets as _, Rekeying as _, SealedTable, SecretsError};

const CANARY: &str = "CANARYCANARY1234";

/// The key of node 1 into the row of node 2.
const MOVE: &str =
    "UPDATE channel_secrets SET read_key = (SELECT read_key FROM channel_secrets ORDER BY node)";

async fn store_with_keys(dir: &TempDir) -> SqliteStore {
    let store = dir.store().unwrap();
    for id in [1, 2] {
        store.insert(spec(id, &format!("node-{id}"))).await.unwrap();
        let key = SecretString::from(CANARY);
        store
            .set_read_key(ChannelId(5), node(id), &key)
            .await
            .unwrap();
    }
    store
}

#[tokio::test]
async fn another_secret_key_is_refused_and_changes_nothing() {
    let dir = TempDir::new();
    drop(store_with_keys(&dir).await);
    let refused = SqliteStore::open(dir.path(), keys("x")).unwrap_err();
    assert!(matches!(refused, StoreError::WrongSecretKey { .. }));
    assert!(refused.to_string().contains("SECRET_KEY"));
    let store = dir.store().unwrap();
    assert_eq!(store.read_keys().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_that_was_altered_or_moved_is_refused() {
    let tampering = [
        MOVE,
        "UPDATE channel_secrets SET channel_id = 6",
        "UPDATE channel_secrets SET read_key = substr(read_key, 1, 20)",
        "UPDATE channel_secrets SET read_key = x''",
    ];
    for sql in tampering {
        let dir = TempDir::new();
        let store = store_with_keys(&dir).await;
        dir.shell().execute_batch(sql).unwrap();
        let refused = store.read_keys().await;
        assert!(matches!(refused, Err(SecretsError::Sealed { .. })), "{sql}");
        assert!(!format!("{refused:?}").contains(CANARY));
    }
}

#[tokio::test]
async fn no_key_stands_in_any_file_as_it_is() {
    let dir = TempDir::new();
    let store = store_with_keys(&dir).await;
    let mut files = 0;
    for file in fs::read_dir(dir.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        let mut windows = bytes.windows(CANARY.len());
        assert!(!windows.any(|window| window == CANARY.as_bytes()));
        files += 1;
    }
    assert!(
        files >= 3,
        "the database, its log and the lock were searched"
    );
    drop(store);
}

#[tokio::test]
async fn what_was_moved_to_another_row_is_named_and_keeps_the_old_key_from_being_given_up() {
    let dir = TempDir::new();
    drop(store_with_keys(&dir).await);
    let both = || keys("nk");
    let store = SqliteStore::open(dir.path(), both()).unwrap();
    dir.shell().execute_batch(MOVE).unwrap();
    let rekeying = SqliteRekeying::open(dir.path(), both()).unwrap();
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
    let key = SecretString::from("set anew");
    store
        .set_read_key(ChannelId(5), node(2), &key)
        .await
        .unwrap();
    assert_eq!(rekeying.settle().await.unwrap(), 0);
    assert_eq!(store.read_keys().await.unwrap().len(), 2);
}
