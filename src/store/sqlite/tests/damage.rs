//! What can befall a data directory: another process, a kill, a damaged file, a newer version, no room.

use std::error::Error as _;
use std::fs;
use std::sync::Arc;

use evara_actors::domain::Revision;
use evara_actors::ports::{Archive as _, ArchiveError, Batch};

use super::TempDir;
use crate::store::conformance::fixtures::{
    dead_letter, distance, everything, full_batch, node, tank_row, telemetry,
};
use crate::store::sqlite::{SqliteStore, StoreError, migrate, migrate_status};

/// The error and all its causes, as people would read them.
fn chain(error: &StoreError) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[tokio::test]
async fn a_second_store_is_refused_until_the_first_is_gone() {
    let dir = TempDir::new();
    let first = dir.store().unwrap();
    let refused = dir.store().unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }));
    assert!(chain(&refused).contains(&dir.path().display().to_string()));
    assert!(matches!(migrate(dir.path()), Err(StoreError::InUse { .. })));
    drop(first);
    dir.store().unwrap();
}

#[test]
fn a_directory_that_cannot_be_written_is_refused_by_name() {
    let dir = TempDir::new();
    fs::create_dir(dir.path()).unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "in the way").unwrap();
    // The superuser may write where others may not: /proc refuses both.
    for unusable in [file.as_path(), "/proc".as_ref(), "/proc/evara".as_ref()] {
        let refused = SqliteStore::open(unusable, super::keys("k")).unwrap_err();
        assert!(matches!(refused, StoreError::Directory { .. }), "{refused}");
        assert!(chain(&refused).contains(&unusable.display().to_string()));
    }
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_committed() {
    let (dir, killed) = (TempDir::new(), TempDir::new());
    let store = dir.store().unwrap();
    store.commit(full_batch(node(1))).await.unwrap();
    // As a kill leaves them: the log not carried over, nothing closed.
    fs::create_dir(killed.path()).unwrap();
    for name in ["evara.db", "evara.db-wal"] {
        fs::copy(dir.path().join(name), killed.path().join(name)).unwrap();
    }
    let points = killed
        .store()
        .unwrap()
        .telemetry(node(1), everything())
        .await
        .unwrap();
    assert_eq!(
        points,
        store.telemetry(node(1), everything()).await.unwrap()
    );
    assert_eq!(points.len(), 2);
}

#[tokio::test]
async fn a_log_that_was_cut_off_loses_whole_batches_from_its_end_and_no_part_of_one() {
    let dir = TempDir::new();
    let store = dir.store().unwrap();
    for second in 1..=10 {
        let samples = [second, second + 100].map(distance);
        let rows = samples.map(|sample| tank_row(node(1), second.into(), sample));
        store.commit(telemetry(rows.to_vec())).await.unwrap();
    }
    let log = fs::read(dir.path().join("evara.db-wal")).unwrap();
    for part in 1..8 {
        let killed = TempDir::new();
        fs::create_dir(killed.path()).unwrap();
        fs::copy(dir.database(), killed.database()).unwrap();
        let cut = &log[..log.len() * part / 8];
        fs::write(killed.path().join("evara.db-wal"), cut).unwrap();
        let Ok(survivor) = killed.store() else {
            continue;
        };
        let points = survivor.telemetry(node(1), everything()).await.unwrap();
        assert_eq!(points.len() % 2, 0);
        let batches = points.len() / 2;
        assert!(
            points
                .iter()
                .all(|point| point.revision.0 <= batches as u64)
        );
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused_by_name_or_by_the_call_that_meets_the_damage() {
    let dir = TempDir::new();
    {
        let store = dir.store().unwrap();
        let rows = (1..=2_000).map(|second| tank_row(node(1), second.into(), distance(second)));
        store.commit(telemetry(rows.collect())).await.unwrap();
    }
    assert!(
        !dir.path().join("evara.db-wal").exists(),
        "a closed store is one file"
    );
    let whole = fs::read(dir.database()).unwrap();
    let scribbled = |from: usize| [&whole[..from], &vec![0xAA; whole.len() - from]].concat();
    let damages = [
        ("half", whole[..whole.len() / 2].to_vec(), true),
        ("a page short", whole[..whole.len() - 4096].to_vec(), true),
        ("a few bytes", whole[..50].to_vec(), true),
        ("another kind of file", b"not a database ".repeat(400), true),
        ("all scribbled over", scribbled(0), true),
        ("half scribbled over", scribbled(whole.len() / 2), false),
    ];
    for (what, bytes, at_once) in damages {
        fs::write(dir.database(), bytes).unwrap();
        match dir.store() {
            Err(refused) => {
                assert!(
                    matches!(refused, StoreError::Damaged { .. }),
                    "{what}: {refused}"
                );
                assert!(chain(&refused).contains("evara.db"), "{what}");
            }
            Ok(store) => {
                assert!(!at_once, "{what} was opened");
                let read = store.telemetry(node(1), everything()).await;
                assert!(matches!(read, Err(ArchiveError::Corrupt(_))), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_later_version_wrote_is_corrupt_and_not_guessed_at() {
    let dir = TempDir::new();
    let store = dir.store().unwrap();
    store.commit(full_batch(node(1))).await.unwrap();
    let tampering = [
        "UPDATE twin_events SET change = '{\"type\":\"melted\"}'",
        "UPDATE telemetry_tank SET source = x'0700000000000000000000000000000000'",
    ];
    for sql in tampering {
        dir.shell().execute_batch(sql).unwrap();
        let log = store.changes(node(1), Revision::ZERO, u32::MAX).await;
        let corrupt = matches!(log, Err(ArchiveError::Corrupt(_)));
        assert!(corrupt, "{sql}: {log:?}");
        dir.shell()
            .execute_batch("DELETE FROM twin_events")
            .unwrap();
    }
}

#[tokio::test]
async fn a_batch_of_which_a_part_cannot_be_written_is_not_written_at_all() {
    let dir = TempDir::new();
    let store = dir.store().unwrap();
    let refuse = "CREATE TRIGGER full BEFORE INSERT ON dead_letters
                  BEGIN SELECT RAISE(ABORT, 'no room'); END";
    dir.shell().execute_batch(refuse).unwrap();
    let batch = Batch {
        dead_letters: vec![dead_letter(1, 1)],
        ..(*full_batch(node(1))).clone()
    };
    let failed = store.commit(Arc::new(batch)).await;
    assert!(matches!(failed, Err(ArchiveError::Refused(_))));
    let saved = store.load().await.unwrap();
    assert!(saved.twins.is_empty() && saved.cursors.is_empty());
    dir.shell().execute_batch("DROP TRIGGER full").unwrap();
    store.commit(full_batch(node(1))).await.unwrap();
    assert_eq!(store.load().await.unwrap().twins.len(), 1);
}

#[test]
fn a_schema_from_the_future_is_refused_by_number() {
    let dir = TempDir::new();
    drop(dir.store().unwrap());
    let future = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
                  VALUES (99, 'flying_tanks', '2099-01-01T00:00:00Z', '1')";
    dir.shell().execute_batch(future).unwrap();
    let refusals = [
        dir.store().map(drop),
        migrate(dir.path()).map(drop),
        migrate_status(dir.path()).map(drop),
    ];
    for refused in refusals.map(Result::unwrap_err) {
        assert!(
            matches!(refused, StoreError::NewerSchema { found: 99, .. }),
            "{refused}"
        );
        assert!(refused.to_string().contains("99"));
    }
}

#[test]
fn a_step_that_was_altered_since_is_named_by_whoever_looks() {
    let dir = TempDir::new();
    drop(dir.store().unwrap());
    let altered = "UPDATE refinery_schema_history SET checksum = '7' WHERE version = 12";
    dir.shell().execute_batch(altered).unwrap();
    let refusals = [
        dir.store().map(drop),
        migrate(dir.path()).map(drop),
        migrate_status(dir.path()).map(drop),
    ];
    for refused in refusals.map(Result::unwrap_err) {
        let refused = refused.to_string();
        assert!(refused.contains(": 12 (audit_chains);"), "{refused}");
    }
}

#[test]
fn the_status_tells_what_is_applied_and_what_is_pending() {
    let dir = TempDir::new();
    let before = migrate_status(dir.path()).unwrap();
    assert!(before.applied.is_empty() && !dir.path().exists());
    assert_eq!(before.pending[0].version, 1);
    assert_eq!(migrate(dir.path()).unwrap(), before.pending);
    assert!(migrate(dir.path()).unwrap().is_empty());
    let _running = dir.store().unwrap();
    let after = migrate_status(dir.path()).unwrap();
    assert_eq!((after.applied, after.pending), (before.pending, Vec::new()));
}
