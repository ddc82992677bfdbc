//! What is kept for how long: by the plan of the community, and by what holds where there is none.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::{NodeId, NodeSpec, Sample, Timestamp};
use evara_actors::ports::{Archive as _, Batch, Clock, Registry as _};
use uuid::Uuid;

use super::Server;
use crate::history::roller::Roller;
use crate::history::{History as _, Rolling, SampleSpan};
use crate::store::PostgresStore;
use crate::store::conformance::fixtures::{distance, node, snapshot, spec, tank_row};

const DAY: Duration = Duration::from_secs(86_400);

#[derive(Debug)]
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Nodes 1 to 4: of a community that keeps ten days, of one that keeps all, of one without a plan, and of
/// none.
fn specs() -> Vec<Arc<NodeSpec>> {
    let spec = |n: u128| NodeSpec {
        community_id: (n < 4).then(|| Uuid::from_u128(n)),
        ..spec(n, &format!("node-{n}"))
    };
    (1..=4).map(|n| Arc::new(spec(n))).collect()
}

const COMMUNITIES: &str = "
    INSERT INTO plans (id, name, raw_days, alarm_days, audit_days) VALUES
        (lpad('a', 32, '0')::uuid, 'short', 10, 20, 400), (lpad('b', 32, '0')::uuid, 'all', NULL, NULL, NULL);
    INSERT INTO distributors (id, name) VALUES (lpad('d', 32, '0')::uuid, 'they');
    INSERT INTO communities (id, distributor_id, plan_id, name) VALUES
        (lpad('1', 32, '0')::uuid, lpad('d', 32, '0')::uuid, lpad('a', 32, '0')::uuid, 'one'),
        (lpad('2', 32, '0')::uuid, lpad('d', 32, '0')::uuid, lpad('b', 32, '0')::uuid, 'two'),
        (lpad('3', 32, '0')::uuid, lpad('d', 32, '0')::uuid, NULL, 'three');";

async fn store(server: &Server) -> Arc<PostgresStore> {
    let store = Arc::new(server.store().await);
    server.shell(COMMUNITIES);
    for spec in specs() {
        store.insert(spec.as_ref().clone()).await.unwrap();
    }
    store
}

/// A reading of noon of each of the days before `now`, of each node; its twin was saved after all but the last.
async fn read(store: &PostgresStore, now: Timestamp, days: &[u32]) {
    for n in 1..=4 {
        let sample = |days: u32, number: u32| Sample {
            source_at: now.minus(days * DAY),
            ..distance(number)
        };
        let rows = (1..)
            .zip(days)
            .map(|(number, days)| tank_row(node(n), number.into(), sample(*days, number)));
        let batch = Batch {
            telemetry: rows.collect(),
            snapshots: vec![snapshot(node(n), days.len() as u64 - 1, b"state")],
            ..Batch::default()
        };
        store.commit(Arc::new(batch)).await.unwrap();
    }
}

async fn roll(roller: &mut Roller) {
    while !roller.pass().await.unwrap().is_nothing() {}
}

async fn left(store: &PostgresStore, id: NodeId) -> Vec<u64> {
    let ever = SampleSpan {
        from: Timestamp::MIN,
        to: Timestamp::MAX,
        after: None,
        limit: 99,
    };
    let samples = store.samples(id, ever).await.unwrap();
    let mut revisions: Vec<_> = samples.iter().map(|sample| sample.revision.0).collect();
    revisions.sort_unstable();
    revisions
}

#[tokio::test]
async fn readings_stay_as_long_as_their_community_pays_for_and_a_month_as_long_as_any_of_them() {
    let server = Server::new();
    let store = store(&server).await;
    let now = at("2027-06-20T12:00:00Z");
    // The fifth is in no snapshot.
    read(&store, now, &[200, 40, 12, 5, 199]).await;
    let rolling: Arc<dyn Rolling> = Arc::<PostgresStore>::clone(&store);
    let mut roller = Roller::new(rolling, Arc::new(At(now)), Arc::new(specs));
    assert_eq!(
        roller.retire(30 * DAY).await.unwrap(),
        0,
        "nothing is rolled up"
    );
    assert_eq!(left(&store, node(1)).await.len(), 5);
    roll(&mut roller).await;
    assert_eq!(roller.retire(30 * DAY).await.unwrap(), 3 + 2 + 2);
    assert_eq!(left(&store, node(1)).await, [4, 5]);
    assert_eq!(left(&store, node(2)).await, [1, 2, 3, 4, 5], "for ever");
    assert_eq!(left(&store, node(3)).await, [3, 4, 5]);
    assert_eq!(left(&store, node(4)).await, [3, 4, 5]);
    let has = |month: &str| server.shell(&format!("SELECT to_regclass('telemetry_tank_{month}')"));
    store.keep_up(now).await.unwrap();
    assert!(!has("2027_05").is_empty(), "one keeps for ever");
    server.shell("UPDATE plans SET raw_days = 25");
    assert_eq!(roller.retire(30 * DAY).await.unwrap(), 2);
    store.keep_up(now).await.unwrap();
    assert!(has("2027_05").is_empty(), "nobody keeps it any more");
    assert!(
        !has("2026_12").is_empty(),
        "twins come back from what is in it"
    );
    let saved = (1..=4).map(|n| snapshot(node(n), 5, b"state"));
    let batch = Batch {
        snapshots: saved.collect(),
        ..Batch::default()
    };
    store.commit(Arc::new(batch)).await.unwrap();
    assert_eq!(roller.retire(30 * DAY).await.unwrap(), 4);
    store.keep_up(now).await.unwrap();
    assert!(has("2026_12").is_empty());
}

#[tokio::test]
async fn what_is_over_goes_by_its_plan_and_what_is_not_stays() {
    let server = Server::new();
    let store = store(&server).await;
    let now = at("2027-06-20T12:00:00Z");
    // Of each node one of each of these ages, in days, that is over, and one that is not.
    server.shell(
        "INSERT INTO alarms (id, node, rule, severity, raised_at, cleared_at, detail)
             SELECT gen_random_uuid(), id, 'dry', 'info', timestamptz '2020-01-01', timestamptz '2027-06-20 12:00Z' - make_interval(days => age), '{}'::json
             FROM nodes, unnest(ARRAY[19, 21, 91, 900]) AS age
             UNION ALL SELECT gen_random_uuid(), id, 'dry', 'info', '2020-01-01', NULL, '{}'::json FROM nodes;
         INSERT INTO commands (id, node, name, arguments, state, created_at, expires_at, changed_at)
             SELECT gen_random_uuid(), id, 'stop', '{}'::json, state, timestamptz '2020-01-01', timestamptz '2020-01-02', timestamptz '2027-06-20 12:00Z' - make_interval(days => age)
             FROM nodes, unnest(ARRAY[89, 91]) AS age, unnest(ARRAY['failed', 'queued']) AS state;
         INSERT INTO outbox (topic, payload, created_at)
             SELECT 'told', '{}'::json, timestamptz '2027-06-20 12:00Z' - make_interval(days => age) FROM unnest(ARRAY[29, 31]) AS age",
    );
    // Alarms 3 + 0 + 2 + 2, commands 4, and a message.
    assert_eq!(store.keep_up(now).await.unwrap().expired, 7 + 4 + 1);
    let by_node = "SELECT string_agg(n::text, ' ' ORDER BY node) FROM (SELECT node, count(*) AS n FROM alarms GROUP BY node) AS counts";
    assert_eq!(server.shell(by_node), "2 5 3 3");
    let rest = "SELECT (SELECT count(*) FROM commands WHERE state = 'queued'),
        (SELECT count(*) FROM commands), (SELECT count(*) FROM outbox)";
    assert_eq!(server.shell(rest), "8|12|1");
    assert_eq!(store.keep_up(now).await.unwrap().expired, 0);
}

#[tokio::test]
async fn a_thousand_at_once_are_not_the_end_of_it() {
    let server = Server::new();
    let store = store(&server).await;
    server.shell(
        "INSERT INTO outbox (topic, payload, created_at)
         SELECT 'told', '{}'::json, timestamptz '2020-01-01' FROM generate_series(1, 2500)",
    );
    let done = store.keep_up(at("2027-06-20T12:00:00Z")).await.unwrap();
    assert_eq!(done.expired, 2_500);
}
