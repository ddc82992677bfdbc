//! Which databases are opened, and which are refused with what to do about it.

use evara_actors::domain::ChannelId;
use evara_actors::ports::Registry as _;
use secrecy::SecretString;

use super::Server;
use crate::store::conformance::fixtures::{node, spec};
use crate::store::postgres::{PostgresError, migrate, migrate_status};
use crate::store::{ChannelSecrets as _, SecretsError};

#[tokio::test]
async fn a_schema_that_is_older_is_refused_until_it_is_migrated() {
    let server = Server::new();
    let refused = server.open("k").await.unwrap_err();
    assert!(matches!(
        refused,
        PostgresError::OlderSchema { found: 0, .. }
    ));
    assert!(refused.to_string().contains("evara migrate"), "{refused}");
    let before = migrate_status(&server.address).await.unwrap();
    assert!(before.applied.is_empty() && !before.pending.is_empty());
    assert_eq!(
        server.shell("SELECT count(*) FROM pg_class WHERE relname = 'nodes'"),
        "0"
    );
    let applied = migrate(&server.address).await.unwrap();
    assert_eq!(applied, before.pending);
    assert!(migrate(&server.address).await.unwrap().is_empty());
    let after = migrate_status(&server.address).await.unwrap();
    assert_eq!((after.applied, after.pending), (applied, Vec::new()));
    server.open("k").await.unwrap();
}

#[tokio::test]
async fn a_schema_that_is_newer_is_refused_and_left_alone() {
    let server = Server::new();
    migrate(&server.address).await.unwrap();
    server.shell(
        "INSERT INTO refinery_schema_history SELECT 9999, 'later', applied_on, checksum
         FROM refinery_schema_history LIMIT 1",
    );
    for refused in [
        server.open("k").await.err(),
        migrate(&server.address).await.err(),
        migrate_status(&server.address).await.err(),
    ] {
        let refused = refused.expect("a newer schema");
        assert!(matches!(
            refused,
            PostgresError::NewerSchema { found: 9999, .. }
        ));
    }
}

#[tokio::test]
async fn a_step_that_was_altered_since_is_named_by_whoever_looks() {
    let server = Server::new();
    migrate(&server.address).await.unwrap();
    server.shell("UPDATE refinery_schema_history SET checksum = '7' WHERE version = 12");
    for refused in [
        server.open("k").await.err(),
        migrate(&server.address).await.err(),
        migrate_status(&server.address).await.err(),
    ] {
        let refused = refused.expect("an altered step").to_string();
        assert!(refused.contains(": 12 (audit_chains);"), "{refused}");
    }
}

#[tokio::test]
async fn of_several_that_migrate_at_once_one_does() {
    let server = Server::new();
    let migrate = || migrate(&server.address);
    let (one, two, three) = tokio::join!(migrate(), migrate(), migrate());
    let applied = [one, two, three].map(|applied| applied.unwrap().len());
    let known = migrate_status(&server.address).await.unwrap().applied.len();
    assert_eq!(applied.iter().sum::<usize>(), known, "{applied:?}");
    assert_eq!(applied.iter().filter(|steps| **steps > 0).count(), 1);
}

#[tokio::test]
async fn another_secret_key_is_refused_and_no_key_stands_in_the_database_as_it_is() {
    let server = Server::new();
    let store = server.store().await;
    store.insert(spec(1, "oht-7")).await.unwrap();
    let canary = SecretString::from("CANARYCANARY1234");
    store
        .set_read_key(ChannelId(5), node(1), &canary)
        .await
        .unwrap();
    let refused = server.open("x").await.unwrap_err();
    assert!(matches!(refused, PostgresError::WrongSecretKey));
    let stored = server.shell("SELECT encode(read_key, 'escape') FROM channel_secrets");
    assert!(!stored.is_empty() && !stored.contains("CANARY"), "{stored}");
    server.shell("UPDATE channel_secrets SET channel_id = 6");
    let moved = server.open("k").await.unwrap().read_keys().await;
    assert!(matches!(moved, Err(SecretsError::Sealed { .. })));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_so_without_the_password() {
    let mut server = Server::new();
    server.postgres.stop_immediately();
    let refused = server.open("k").await.unwrap_err();
    assert!(
        matches!(refused, PostgresError::Unavailable(_)),
        "{refused}"
    );
    let url = format!(
        "postgres://me:canary@127.0.0.1:{}/evara",
        server.postgres.port()
    );
    let address = super::PostgresAddress::parse(&url).unwrap();
    let refused = migrate(&address).await.unwrap_err();
    let debugged = format!("{refused:?}");
    let told = format!("{:#} {debugged}", anyhow::Error::new(refused));
    assert!(!told.contains("canary"), "{told}");
}
