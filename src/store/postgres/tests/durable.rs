//! Servers that forget what they committed are refused where that counts.

use super::Server;
use crate::store::postgres::PostgresError;

async fn refused(settings: &[&str]) -> Option<String> {
    let server = Server::with(settings);
    let store = server.store().await;
    match store.demand_durability().await {
        Ok(()) => None,
        Err(PostgresError::NotDurable { settings }) => Some(settings),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_server_that_does_not_sync_its_files_is_refused() {
    assert_eq!(refused(&["fsync=off"]).await.as_deref(), Some("fsync"));
}

#[tokio::test]
async fn a_server_that_tears_pages_is_refused() {
    let settings = ["fsync=on", "full_page_writes=off"];
    assert_eq!(
        refused(&settings).await.as_deref(),
        Some("full_page_writes")
    );
}

#[tokio::test]
async fn a_server_that_answers_before_it_has_written_is_refused() {
    let settings = ["fsync=on", "synchronous_commit=off"];
    assert_eq!(
        refused(&settings).await.as_deref(),
        Some("synchronous_commit")
    );
}

#[tokio::test]
async fn a_server_as_it_comes_is_taken() {
    assert_eq!(refused(&["fsync=on"]).await, None);
}
