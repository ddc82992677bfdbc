//! The least that a service could do with a bulk: parse it, and insert the rows. What pushes are compared with.
//!
//! No twin, no verdict, nothing derived, nobody asked who they are. The rows go into the same tables.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use deadpool_postgres::{Manager, Pool};
use evara::app::listener::{HeaderNames, Listener, bind};
use evara_actors::domain::{Kind, Timestamp};
use serde::Deserialize;
use tokio_postgres::NoTls;
use tokio_postgres::types::ToSql;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::child::Child;
use super::fleet;

/// Makes this program such a process: `--insert DATABASE`.
pub(crate) const CHILD: &str = "--insert";

/// Connections to the database: twice the cores.
const POOL: usize = 4;

/// As much as the service takes.
const MAX_BYTES: usize = 10 * 1024 * 1024;

/// Tables, with the metrics that have a column.
const TABLES: [(Kind, &str, [&str; 4]); 3] = [
    (
        Kind::Tank,
        "telemetry_tank",
        ["distance_cm", "level_cm", "temperature_c", "pump"],
    ),
    (
        Kind::Flow,
        "telemetry_flow",
        ["flow_lpm", "total_l", "", ""],
    ),
    (
        Kind::Deep,
        "telemetry_deep",
        ["depth_m", "pressure_kpa", "pump", ""],
    ),
];

/// The process, and where it is.
#[derive(Debug)]
pub(crate) struct Bare {
    process: Child,
    address: SocketAddr,
}

impl Bare {
    pub(crate) fn start(database: &str) -> Self {
        let mut process = Child::of_this_program(&[CHILD, database]);
        let address = process.line().parse().expect("it tells where it is");
        Self { process, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }
}

#[derive(Deserialize)]
struct Bulk<'a> {
    #[serde(borrow)]
    batches: Vec<Batch<'a>>,
}

#[derive(Deserialize)]
struct Batch<'a> {
    node_id: Uuid,
    #[serde(borrow)]
    readings: Vec<Reading<'a>>,
}

#[derive(Deserialize)]
struct Reading<'a> {
    metric: &'a str,
    value: f64,
    at: &'a str,
}

/// The rows of a table, by column.
#[derive(Default)]
struct Rows {
    nodes: Vec<Uuid>,
    times: Vec<i64>,
    sources: Vec<Vec<u8>>,
    numbers: [Vec<Option<f64>>; 4],
}

impl Rows {
    /// Readings of one instant follow each other.
    fn add(&mut self, metrics: &[&str; 4], batch: &Batch<'_>) {
        for instant in batch.readings.chunk_by(|one, next| one.at == next.at) {
            let at: Timestamp = instant[0].at.parse().expect("instants are written by us");
            self.nodes.push(batch.node_id);
            self.times.push(at.millis());
            self.sources.push(vec![1; 25]);
            for (metric, column) in metrics.iter().zip(&mut self.numbers) {
                let said = instant.iter().find(|reading| reading.metric == *metric);
                column.push(said.map(|reading| reading.value));
            }
        }
    }
}

/// Tells where it is, and inserts what it is sent until it is killed.
pub(crate) async fn serve(database: &str) {
    let config = database.parse().expect("a URL of a database");
    let pool = Pool::builder(Manager::new(config, NoTls)).max_size(POOL);
    let pool = pool.build().expect("the pool needs no timers");
    let routes: Router = Router::new()
        .route("/api/v1/telemetry", post(insert))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .with_state(pool);
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let socket = bind(here).await.expect("there is a free port");
    let answer = move |request, _from| {
        let routes = routes.clone();
        async move {
            let Ok(response) = routes.oneshot(request).await;
            response
        }
    };
    let listener = Listener::start(socket, HeaderNames::Lower, answer);
    let listener = listener.expect("a socket has an address");
    println!("{}", listener.address());
    std::future::pending::<()>().await;
}

async fn insert(State(pool): State<Pool>, body: Bytes) -> impl IntoResponse {
    let bulk: Bulk<'_> = serde_json::from_slice(&body).expect("bulks are written by us");
    let mut rows: HashMap<Kind, Rows> = HashMap::new();
    let mut accepted = 0;
    for batch in &bulk.batches {
        let kind = fleet::kind_of(batch.node_id);
        let table = TABLES.iter().find(|(known, ..)| *known == kind);
        let (_, _, metrics) = table.expect("every kind that speaks has a table");
        rows.entry(kind).or_default().add(metrics, batch);
        accepted += batch.readings.len();
    }
    write(&pool, &rows).await.expect("the database takes rows");
    let answer = format!(r#"{{"results":[{{"status":200,"accepted":{accepted}}}]}}"#);
    ([(CONTENT_TYPE, "application/json")], answer)
}

async fn write(pool: &Pool, rows: &HashMap<Kind, Rows>) -> anyhow::Result<()> {
    let mut client = pool.get().await?;
    let transaction = client.transaction().await?;
    // In one order, so that two transactions never wait for each other.
    for (kind, table, metrics) in TABLES {
        let Some(rows) = rows.get(&kind) else {
            continue;
        };
        let statement = transaction
            .prepare_cached(&statement(table, metrics))
            .await?;
        let fixed: [&(dyn ToSql + Sync); 3] = [&rows.nodes, &rows.times, &rows.sources];
        let numbers = rows
            .numbers
            .iter()
            .map(|column| column as &(dyn ToSql + Sync));
        let params: Vec<_> = fixed.into_iter().chain(numbers).collect();
        transaction.execute(&statement, &params).await?;
    }
    Ok(transaction.commit().await?)
}

/// The revision is the time: it only has to rise.
fn statement(table: &str, metrics: [&str; 4]) -> String {
    let named: Vec<&str> = metrics
        .into_iter()
        .filter(|name| !name.is_empty())
        .collect();
    let (columns, numbers) = (
        named.join(", "),
        ["a", "b", "c", "d"][..named.len()].join(", "),
    );
    format!(
        "INSERT INTO {table} (node, source_at, source, received_at, revision, {columns}) \
         SELECT node, to_timestamp(ms / 1000.0), source, now(), ms, {numbers} \
         FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], \
                     $4::float8[], $5::float8[], $6::float8[], $7::float8[]) \
             AS batch (node, ms, source, a, b, c, d) \
         ON CONFLICT (node, source_at, source) DO NOTHING"
    )
}
