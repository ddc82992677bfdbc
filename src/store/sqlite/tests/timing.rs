//! Deadlines, and what becomes of calls that miss them.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::{JoinSet, spawn_blocking, yield_now};
use tokio::time::{advance, sleep};

use super::TempDir;
use crate::store::sqlite::directory::DataDirectory;
use crate::store::sqlite::error::Failure;
use crate::store::sqlite::lane::Lane;
use crate::store::sqlite::{DEADLINE, connect};

const LONG: Duration = Duration::from_secs(3600);

/// A writer's lane over a database with one empty table, and a reader's.
fn lanes(dir: &TempDir) -> (Arc<Lane>, Arc<Lane>) {
    let directory = Arc::new(DataDirectory::claim(dir.path()).unwrap());
    let writer = connect::writer(&directory).unwrap();
    writer.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
    let reader = connect::reader(&directory).unwrap();
    let writer = Lane::of_writer(writer, Arc::clone(&directory));
    (
        Arc::new(writer),
        Arc::new(Lane::of_readers(vec![reader], directory)),
    )
}

async fn rows(lane: &Lane) -> Result<i64, Failure> {
    let count = lane.call(LONG, |connection| {
        Ok(connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
    });
    count.await
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_past_its_deadline_is_given_up_and_never_starts() {
    let dir = TempDir::new();
    let (writer, _) = lanes(&dir);
    let (release, released) = mpsc::channel::<()>();
    let (started, has_started) = oneshot::channel();
    let mut calls = JoinSet::new();
    let lane = Arc::clone(&writer);
    calls.spawn(async move {
        let job = lane.call(LONG, move |_| {
            started.send(()).unwrap();
            released.recv().unwrap();
            Ok(())
        });
        job.await
    });
    has_started.await.unwrap();
    let lane = Arc::clone(&writer);
    let mut waiting = JoinSet::new();
    waiting.spawn(async move {
        let job = lane.call(DEADLINE, |connection| {
            Ok(connection.execute("INSERT INTO t VALUES (1)", [])?)
        });
        job.await
    });
    yield_now().await;
    advance(DEADLINE + Duration::from_millis(1)).await;
    let given_up = waiting.join_next().await.unwrap().unwrap();
    assert!(matches!(given_up, Err(Failure::TimedOut)));
    release.send(()).unwrap();
    calls.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(rows(&writer).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_has_begun_answers_what_became_of_it_past_its_deadline() {
    let dir = TempDir::new();
    let (writer, _) = lanes(&dir);
    let (release, released) = mpsc::channel::<()>();
    let (started, has_started) = oneshot::channel();
    let lane = Arc::clone(&writer);
    let mut calls = JoinSet::new();
    calls.spawn(async move {
        let job = lane.call(DEADLINE, move |connection| {
            started.send(()).unwrap();
            released.recv().unwrap();
            Ok(connection.execute("INSERT INTO t VALUES (1)", [])?)
        });
        job.await
    });
    has_started.await.unwrap();
    advance(DEADLINE + Duration::from_millis(1)).await;
    yield_now().await;
    assert!(calls.try_join_next().is_none());
    release.send(()).unwrap();
    assert_eq!(calls.join_next().await.unwrap().unwrap().unwrap(), 1);
    assert_eq!(rows(&writer).await.unwrap(), 1);
}

#[tokio::test]
async fn what_a_stalled_writer_did_not_take_is_never_written() {
    const SOON: Duration = Duration::from_millis(100);
    let dir = TempDir::new();
    let (writer, _) = lanes(&dir);
    let other = dir.shell();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut calls = JoinSet::new();
    for n in 0..3 {
        let lane = Arc::clone(&writer);
        calls.spawn(async move {
            let job = lane.call(SOON, move |connection| {
                Ok(connection.execute("INSERT INTO t VALUES (?1)", [n])?)
            });
            job.await
        });
    }
    sleep(3 * SOON).await;
    other.execute_batch("COMMIT").unwrap();
    let outcomes = calls.join_all().await;
    let written = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let given_up = |outcome: &&_| matches!(outcome, Err(Failure::TimedOut));
    // The first has begun, and waits for the lock; the others wait for the first.
    assert_eq!((written, outcomes.iter().filter(given_up).count()), (1, 2));
    assert_eq!(rows(&writer).await.unwrap(), 1);
}

#[test]
fn a_write_given_up_in_the_queue_of_the_blocking_pool_never_runs() {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let dir = TempDir::new();
    let (writer, _) = lanes(&dir);
    runtime.block_on(async {
        let (release, released) = mpsc::channel::<()>();
        let busy = spawn_blocking(move || released.recv());
        let job = writer.call(Duration::from_millis(50), |connection| {
            Ok(connection.execute("INSERT INTO t VALUES (1)", [])?)
        });
        assert!(matches!(job.await, Err(Failure::TimedOut)));
        release.send(()).unwrap();
        busy.await.unwrap().unwrap();
        assert_eq!(rows(&writer).await.unwrap(), 0);
    });
}

#[tokio::test(start_paused = true)]
async fn a_read_past_its_deadline_is_stopped_and_gives_its_connection_back() {
    const ENDLESS: &str =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let dir = TempDir::new();
    let (_, reader) = lanes(&dir);
    let (started, has_started) = oneshot::channel();
    let lane = Arc::clone(&reader);
    let mut calls = JoinSet::new();
    calls.spawn(async move {
        let job = lane.call(DEADLINE, move |connection| {
            let mut statement = connection.prepare(ENDLESS)?;
            let mut rows = statement.query([])?;
            rows.next()?;
            started.send(()).unwrap();
            while rows.next()?.is_some() {}
            Ok(())
        });
        job.await
    });
    has_started.await.unwrap();
    advance(DEADLINE + Duration::from_millis(1)).await;
    let late = calls.join_next().await.unwrap().unwrap();
    assert!(matches!(late, Err(Failure::TimedOut)));
    assert_eq!(rows(&reader).await.unwrap(), 0);
}

#[tokio::test]
async fn a_job_that_panics_leaves_no_transaction_and_gives_its_connection_back() {
    let dir = TempDir::new();
    let (writer, reader) = lanes(&dir);
    let broken = writer.call(LONG, |connection| -> Result<(), Failure> {
        let transaction = connection.transaction()?;
        transaction.execute("INSERT INTO t VALUES (1)", [])?;
        panic!("as a defect would");
    });
    assert!(matches!(broken.await, Err(Failure::Ended(_))));
    assert_eq!(rows(&writer).await.unwrap(), 0);
    assert_eq!(rows(&reader).await.unwrap(), 0);
}
