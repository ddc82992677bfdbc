//! A file that may not grow, as on a disk that is full; then it may.

use std::time::Duration;

use evara_actors::ports::{Archive as _, ArchiveError};

use super::TempDir;
use crate::store::conformance::fixtures::{distance, everything, node, tank_row, telemetry};
use crate::store::sqlite::SqliteStore;

const LONG: Duration = Duration::from_secs(60);

/// What a page takes are dozens of readings.
const READINGS: u32 = 2_000;

async fn allow_pages(store: &SqliteStore, most: i64) {
    let allowed = store.writer.call(LONG, move |connection| {
        Ok(connection.pragma_update(None, "max_page_count", most)?)
    });
    allowed.await.unwrap();
}

fn rows(from: u32) -> std::sync::Arc<evara_actors::ports::Batch> {
    let row = |second| tank_row(node(1), u64::from(second), distance(second));
    telemetry((from..from + READINGS).map(row).collect())
}

#[tokio::test]
async fn a_disk_that_is_full_refuses_whole_batches_and_takes_them_once_there_is_room() {
    let dir = TempDir::new();
    let store = dir.store().unwrap();
    store.commit(rows(1)).await.unwrap();
    // SQLite takes the size that the file has for the least that it may be.
    allow_pages(&store, 1).await;
    for _ in 0..3 {
        let refused = store.commit(rows(1 + READINGS)).await.unwrap_err();
        let ArchiveError::Unavailable(why) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(why.to_string(), "the disk of the database is full");
        let mut query = everything();
        query.limit = 3 * READINGS;
        let kept = store.telemetry(node(1), query).await.unwrap();
        assert_eq!(kept.len(), READINGS as usize);
    }
    allow_pages(&store, 1_000_000).await;
    store.commit(rows(1 + READINGS)).await.unwrap();
    let mut query = everything();
    query.limit = 3 * READINGS;
    let kept = store.telemetry(node(1), query).await.unwrap();
    assert_eq!(kept.len(), 2 * READINGS as usize);
}
