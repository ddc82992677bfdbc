//! What a stolen or altered file gives away: nothing.

use std::fs;

use evara_actors::domain::ChannelId;
use evara_actors::ports::Registry as _;
use secrecy::SecretString;

use super::{TempDir, keys};
use crate::store::conformance::fixtures::{node, spec};
use crate::store::sqlite::{SqliteStore, StoreError};
use crate::store::{ChannelSecrets as _, SecretsError};

const CANARY: &str = "CANARYCANARY1234";

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
    let refused = SqliteStore::open(dir.path(), keys('x')).unwrap_err();
    assert!(matches!(refused, StoreError::WrongSecretKey { .. }));
    assert!(refused.to_string().contains("SECRET_KEY"));
    let store = dir.store().unwrap();
    assert_eq!(store.read_keys().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_that_was_altered_or_moved_is_refused() {
    let tampering = [
        "UPDATE channel_secrets SET read_key = (SELECT read_key FROM channel_secrets LIMIT 1)",
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
