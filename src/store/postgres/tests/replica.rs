//! A replica beside the primary: what it answers, and that nothing is missing when it cannot.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::{Revision, Timestamp};
use evara_actors::ports::Archive as _;
use tokio::time::{Instant, sleep};

use super::server::Postgres;
use super::{POOL, PostgresAddress, PostgresError, Server};
use crate::history::{History as _, SampleSpan};
use crate::store::conformance::fixtures::{distance, node, tank_row, telemetry};
use crate::store::postgres::{PostgresStore, ReplicaState, WithReplica};

/// For what comes about by itself, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the outside waits for.
const SOON: Duration = Duration::from_secs(6);

const EVER: SampleSpan = SampleSpan {
    from: Timestamp::MIN,
    to: Timestamp::MAX,
    after: None,
    limit: 1_000,
};

/// A primary with a store, and a replica of it.
struct Pair {
    server: Server,
    replica: Postgres,
    store: Arc<PostgresStore>,
    both: WithReplica,
}

impl Pair {
    async fn new() -> Self {
        let server = Server::new();
        let store = Arc::new(server.store().await);
        let replica = server.postgres.replica();
        let both = open(&store, &replica.url("evara")).await.unwrap();
        Self {
            server,
            replica,
            store,
            both,
        }
    }

    async fn acknowledge(&self, revision: u32) {
        let row = tank_row(node(1), revision.into(), distance(revision));
        self.store.commit(telemetry(vec![row])).await.unwrap();
    }

    /// How many readings are told, in time, to one who asks for samples and for the log.
    async fn told(&self) -> usize {
        let asked = Instant::now();
        let samples = self.both.samples(node(1), EVER).await.unwrap();
        let log = self
            .both
            .changes(node(1), Revision::ZERO, 1_000)
            .await
            .unwrap();
        assert_eq!(samples.len(), log.len());
        assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
        samples.len()
    }

    /// Asks, as people do now and then, while others write, until the replica answers.
    async fn assert_is_asked(&self) {
        let asked = Instant::now();
        let before = self.both.report().await.answered;
        while self.both.report().await.answered == before {
            assert!(asked.elapsed() < PATIENCE, "{:?}", self.both.report().await);
            // The log of a primary at rest may end within a record, which the next commit completes.
            self.server.shell("SELECT pg_current_xact_id()");
            self.told().await;
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(self.both.report().await.lag_ms, Some(0));
    }
}

async fn open(store: &Arc<PostgresStore>, url: &str) -> Result<WithReplica, PostgresError> {
    let address = PostgresAddress::parse(url).unwrap();
    WithReplica::open(Arc::clone(store), &address, POOL).await
}

#[tokio::test]
async fn a_replica_answers_and_everything_that_was_acknowledged_is_in_its_answers() {
    let pair = Pair::new().await;
    // How often it is behind at that moment hangs on the machine.
    for number in 1..EVER.limit {
        pair.acknowledge(number).await;
        assert_eq!(pair.told().await, number as usize);
        if number >= 200 && pair.both.report().await.answered > 100 {
            break;
        }
    }
    pair.assert_is_asked().await;
    let report = pair.both.report().await;
    assert!(report.answered > 100, "{report:?}");
}

#[tokio::test]
async fn while_the_replica_is_away_the_primary_answers() {
    let mut pair = Pair::new().await;
    pair.acknowledge(1).await;
    pair.assert_is_asked().await;
    pair.replica.stop_immediately();
    pair.acknowledge(2).await;
    for _ in 0..3 {
        assert_eq!(pair.told().await, 2);
    }
    assert_eq!(pair.both.report().await.state, ReplicaState::Away);
    pair.acknowledge(3).await;
    pair.replica.start_again();
    pair.assert_is_asked().await;
    assert_eq!(pair.told().await, 3);
}

#[tokio::test]
async fn a_replica_that_lags_is_passed_over_until_it_has_caught_up() {
    let pair = Pair::new().await;
    pair.acknowledge(1).await;
    pair.assert_is_asked().await;
    pair.replica.psql("evara", "SELECT pg_wal_replay_pause()");
    for number in 2..=20 {
        pair.acknowledge(number).await;
        assert_eq!(pair.told().await, number as usize);
    }
    let report = pair.both.report().await;
    assert_eq!(report.state, ReplicaState::Behind);
    assert!(
        report.lag_bytes.unwrap() > 0 && report.lag_ms.unwrap() > 0,
        "{report:?}"
    );
    pair.replica.psql("evara", "SELECT pg_wal_replay_resume()");
    pair.assert_is_asked().await;
    assert_eq!(pair.told().await, 20);
}

#[tokio::test]
async fn a_replica_that_begins_to_take_writes_is_asked_no_more() {
    let pair = Pair::new().await;
    pair.acknowledge(1).await;
    pair.assert_is_asked().await;
    pair.replica.psql("evara", "SELECT pg_promote()");
    pair.replica.psql("evara", "DELETE FROM telemetry_tank");
    assert_eq!(pair.told().await, 1);
    assert_eq!(pair.both.report().await.state, ReplicaState::Foreign);
}

#[tokio::test]
async fn what_is_no_replica_of_this_database_is_refused() {
    let mut pair = Pair::new().await;
    let other = Server::new();
    pair.server.postgres.create_database("beside");
    for url in [
        other.postgres.url("evara"),
        pair.server.postgres.url("evara"),
        pair.replica.url("postgres"),
    ] {
        let refused = open(&pair.store, &url).await.unwrap_err();
        assert!(matches!(refused, PostgresError::NotAReplica), "{url}");
    }
    pair.replica.stop_immediately();
    let opened = open(&pair.store, &pair.replica.url("evara")).await.unwrap();
    assert_eq!(opened.report().await.state, ReplicaState::Away);
}
