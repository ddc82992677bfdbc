//! How long a service with a hundred thousand nodes takes from its start to its first twin, and to all of them.
//!
//! Each node has a snapshot with a full window, and two readings that came after it. The least that it
//! could be: how long a bare client takes to read the nodes and their snapshots.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evara::store::{PostgresAddress, PostgresStore, SecretBox};
use evara_actors::domain::{Kind, NodeId, ShardId};
use evara_actors::ports::{Archive as _, Batch, Ownership as _, SnapshotRow, TelemetryRow};
use evara_actors::twin::{Effect, Event, Twin, apply};
use tokio::time::{Instant, sleep};

use super::child::Child;
use super::database::{self, Server};
use super::service::{self, Directory, Service};
use super::{fleet, person};
use crate::client::{Connection, Target};
use crate::measure::Rounds;
use crate::table::{Figure, Goal, Row};
use crate::{Size, runtime, world};

/// More than a window holds.
const SEEN: usize = 64;

/// Readings after the snapshot: half a minute of them.
const TAIL: usize = 2;

/// Nodes that a transaction writes.
const AT_ONCE: usize = 1_000;

/// Between two looks whether it answers.
const LOOK: Duration = Duration::from_millis(5);

/// One that does not answer by then has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Seconds from the start of the process.
struct Times {
    /// To the first twin that is served.
    first: f64,
    /// To the last of them.
    last: f64,
    /// To the moment that they take readings.
    all: f64,
}

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let (nodes, rounds) = (size.pick(100_000, 1_000), size.pick(3, 1));
    let (server, runtime) = (Server::start(), runtime());
    let database = server.database("service");
    runtime.block_on(async {
        fleet::provision_postgres(&database, 0..nodes, fleet::node).await;
        remember(&database, nodes).await;
    });
    server.ask("service", "VACUUM ANALYZE");
    let [mut first, mut last, mut all, mut reads] = [const { Vec::new() }; 4];
    for round in 0..=rounds {
        let times = runtime.block_on(begin(&database, nodes));
        let read = runtime.block_on(read(&database));
        // The first round warms up.
        if round > 0 {
            first.push(times.first);
            last.push(times.last);
            all.push(times.all);
            reads.push(read);
        }
    }
    let [first, last, all, reads] =
        [first, last, all, reads].map(|rounds| Figure::median(&Rounds::new(rounds)));
    let row = |what: String, figure, ceiling, goal: Option<f64>| Row {
        what,
        figure,
        ceiling,
        goals: goal.map(Goal::AtMost).into_iter().collect(),
    };
    vec![
        row(
            format!("start with {nodes} nodes, s to the first twin served"),
            first,
            None,
            Some(2.0),
        ),
        row(
            "the same, s to the last twin served".to_owned(),
            last,
            None,
            None,
        ),
        row(
            "the same, s to all twins live, beside a bare read of nodes and snapshots".to_owned(),
            all,
            Some(reads),
            Some(10.0),
        ),
    ]
}

/// What is kept of a twin of a kind.
struct Past {
    twin: Twin,
    state: Vec<u8>,
    tail: Vec<TelemetryRow>,
}

impl Past {
    fn of(kind: Kind) -> Self {
        let blank = Twin::create(Arc::new(world::node(kind, 0)), world::START).twin;
        let observed = |index| Event::Observed(world::sample(kind, index));
        let seen = |twin: Twin, index| apply(&twin, &observed(index)).twin;
        let twin = (0..SEEN).fold(blank, seen);
        let (mut after, mut tail) = (twin.clone(), Vec::new());
        for index in SEEN..SEEN + TAIL {
            let transition = apply(&after, &observed(index));
            tail.extend(
                transition
                    .effects
                    .into_iter()
                    .filter_map(|effect| match effect {
                        Effect::Store(row) => Some(row),
                        Effect::Log(_) => None,
                    }),
            );
            after = transition.twin;
        }
        let state = twin.snapshot();
        Self { twin, state, tail }
    }

    fn snapshot(&self, node: NodeId) -> SnapshotRow {
        SnapshotRow {
            node,
            shard: ShardId::of_node(node),
            revision: self.twin.revision(),
            state: self.state.clone(),
        }
    }

    fn tail(&self, node: NodeId) -> impl Iterator<Item = TelemetryRow> {
        let of_node = move |row: &TelemetryRow| TelemetryRow {
            node,
            ..row.clone()
        };
        self.tail.iter().map(of_node)
    }
}

/// Writes what each twin comes back from. Twins of a kind have seen the same.
async fn remember(database: &str, nodes: usize) {
    let keys = SecretBox::new(&service::SECRET_KEY.into()).expect("the key is long enough");
    let address = PostgresAddress::parse(database).expect("it is a URL");
    let store = PostgresStore::open(&address, 1, keys).await;
    let store = store.expect("the store opens");
    store.claim().await.expect("the store can be claimed");
    let mut pasts = BTreeMap::new();
    for first in (0..nodes).step_by(AT_ONCE) {
        let mut batch = Batch::default();
        for number in first..nodes.min(first + AT_ONCE) {
            let node = NodeId(fleet::node_id(number));
            let kind = fleet::kind_of(node.0);
            let past = pasts.entry(kind).or_insert_with(|| Past::of(kind));
            batch.snapshots.push(past.snapshot(node));
            batch.telemetry.extend(past.tail(node));
        }
        let written = store.commit(Arc::new(batch)).await;
        written.expect("the store takes a batch");
    }
}

async fn begin(database: &str, nodes: usize) -> Times {
    let data = Directory::new();
    let begun = Instant::now();
    let (process, address) = Service::begin(Some(database), &data);
    let target = |path: &str| Target::new(address, path, &person::token());
    // They come back in the order of their ids.
    let ids = || (0..nodes).map(fleet::node_id);
    let mut times = [ids().min(), ids().max()].into_iter().flatten();
    let mut served = async || {
        let id = times.next().expect("there is a node");
        answered(&target(&format!("/api/v1/nodes/{id}/twin")), begun).await;
        begun.elapsed().as_secs_f64()
    };
    let (first, last) = (served().await, served().await);
    answered(&target("/health/ready"), begun).await;
    let all = begun.elapsed().as_secs_f64();
    let stats = answered(&target("/api/v1/dashboard/stats"), begun).await;
    let stats: serde_json::Value = serde_json::from_slice(&stats).expect("statistics are JSON");
    assert_eq!(stats["total_nodes"], nodes, "all of them live");
    drop::<Child>(process);
    Times { first, last, all }
}

/// The first answer that is one.
async fn answered(target: &Target, begun: Instant) -> Vec<u8> {
    loop {
        if let Some(answer) = Connection::try_get(target).await {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "the service starts");
        sleep(LOOK).await;
    }
}

/// Seconds that a bare client takes to read the same.
async fn read(url: &str) -> f64 {
    let client = database::connect(url).await;
    let begun = Instant::now();
    for sql in [
        "SELECT id, spec::text FROM nodes",
        "SELECT node, shard, revision, state FROM twin_snapshots",
    ] {
        let rows = client.query(sql, &[]).await.expect("the tables are there");
        std::hint::black_box(rows);
    }
    begun.elapsed().as_secs_f64()
}
