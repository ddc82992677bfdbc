//! How many data points a second are pushed, acknowledged and on the disk, beside the least that could be done.
//!
//! Both are sent the same bulks by a process each, over HTTP. The service is killed at the end, and what
//! it acknowledged is counted in its tables.

use std::time::Duration;

use rusqlite::Connection;

use super::bare::Bare;
use super::database::Server;
use super::fleet;
use super::pusher::{Pusher, Round};
use super::service::{Directory, Service};
use crate::measure::{Rounds, cpu_seconds_of, in_turns};
use crate::table::{Figure, Goal, Row};
use crate::{Size, runtime};

/// Every data point in the tables: a column a metric.
const COUNT: &str = "SELECT \
    (SELECT count(distance_cm) + count(level_cm) + count(temperature_c) + count(pump) FROM telemetry_tank) \
    + (SELECT count(flow_lpm) + count(total_l) FROM telemetry_flow) \
    + (SELECT count(depth_m) + count(pressure_kpa) + count(pump) FROM telemetry_deep)";

/// Rows that are copied: of each table the share that it has in a bulk.
const COPIED: usize = 900_000;

/// One side of the comparison: a process that is pushed to, and what it acknowledged.
struct Side {
    pusher: Pusher,
    process: u32,
    acknowledged: usize,
    bytes: usize,
    pushes: usize,
    cpu_micros: Vec<f64>,
}

impl Side {
    fn new(pusher: Pusher, process: u32) -> Self {
        Self {
            pusher,
            process,
            acknowledged: 0,
            bytes: 0,
            pushes: 0,
            cpu_micros: Vec::new(),
        }
    }

    /// Data points a second.
    fn round(&mut self, span: Duration) -> f64 {
        let before = cpu_seconds_of(self.process);
        let round: Round = self.pusher.bulks(span);
        let cpu = cpu_seconds_of(self.process) - before;
        self.acknowledged += round.points;
        self.bytes += round.bytes;
        self.pushes += round.pushes;
        self.cpu_micros.push(cpu * 1e6 / round.points as f64);
        round.points as f64 / round.seconds
    }

    fn cpu(&self) -> Figure {
        // The first round warmed up.
        Figure::median(&Rounds::new(self.cpu_micros[1..].to_vec()))
    }
}

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let (nodes, rounds, span) = extent(size);
    let (server, data) = (Server::start(), Directory::new());
    let (ours, theirs) = (server.database("service"), server.database("bare"));
    runtime().block_on(fleet::provision_postgres(&ours, 0..nodes, fleet::node));
    server.ask(
        "bare",
        "SELECT make_telemetry_month((now() - interval '1 day')::date)",
    );
    let service = Service::start(Some(&ours), &data);
    let bare = Bare::start(&theirs);
    let mut pushed = Side::new(Pusher::start(service.address(), nodes), service.process());
    let mut inserted = Side::new(Pusher::start(bare.address(), nodes), bare.process());
    let (figure, ceiling) = in_turns(rounds, || pushed.round(span), || inserted.round(span));
    service.fail();
    let found = server.number("service", COUNT);
    let copied = copy(&server, found);
    let bytes = pushed.bytes / pushed.pushes / 1_000;
    vec![
        Row {
            what: format!(
                "data points/s pushed in bulks of {bytes} kB to {nodes} twins, acknowledged"
            ),
            figure: Figure::median(&figure),
            ceiling: Some(Figure::median(&ceiling)),
            goals: vec![Goal::AtLeast(150_000.0), Goal::RatioAtLeast(0.5)],
        },
        Row {
            what: "the same, µs of CPU in the service for a data point".to_owned(),
            figure: pushed.cpu(),
            ceiling: Some(inserted.cpu()),
            goals: Vec::new(),
        },
        found_row(found, pushed.acknowledged),
        Row {
            what: "data points/s that one binary COPY takes of the same rows".to_owned(),
            figure: Figure::once(copied),
            ceiling: None,
            goals: Vec::new(),
        },
    ]
}

/// The same on the embedded store, which nobody promised anything of.
pub(crate) fn rows_embedded(size: Size) -> Vec<Row> {
    let (nodes, rounds, span) = extent(size);
    let data = Directory::new();
    runtime().block_on(fleet::provision_sqlite(data.path(), nodes));
    let service = Service::start(None, &data);
    let mut pushed = Side::new(Pusher::start(service.address(), nodes), service.process());
    pushed.round(span);
    let figure = (0..rounds).map(|_| pushed.round(span)).collect();
    service.fail();
    let file = Connection::open(data.path().join("evara.db")).expect("the store has a file");
    let found = file.query_row(COUNT, [], |row| row.get::<_, i64>(0));
    let found = found.expect("the store can be read") as f64;
    vec![
        Row {
            what: "the same on the embedded store, data points/s".to_owned(),
            figure: Figure::median(&Rounds::new(figure)),
            ceiling: None,
            goals: Vec::new(),
        },
        found_row(found, pushed.acknowledged),
    ]
}

fn extent(size: Size) -> (usize, usize, Duration) {
    let nodes = size.pick(fleet::NODES, 500);
    (nodes, size.pick(5, 1), Duration::from_secs(size.pick(6, 1)))
}

fn found_row(found: f64, acknowledged: usize) -> Row {
    Row {
        what: "data points in the tables once the service was killed, beside those acknowledged"
            .to_owned(),
        figure: Figure::once(found),
        ceiling: Some(Figure::once(acknowledged as f64)),
        goals: vec![Goal::RatioAtLeast(1.0)],
    }
}

/// Data points a second that PostgreSQL's own COPY takes of the service's rows, `found` in all.
fn copy(server: &Server, found: f64) -> f64 {
    server.database("copied");
    server.ask(
        "copied",
        "SELECT make_telemetry_month((now() - interval '1 day')::date)",
    );
    let tables = ["telemetry_tank", "telemetry_flow", "telemetry_deep"];
    let file = |table: &str| server.scratch(&format!("{table}.copy"));
    for table in tables {
        let (share, file) = (COPIED / tables.len(), file(table));
        let file = file.display();
        let rows = format!("SELECT * FROM {table} LIMIT {share}");
        server.ask(
            "service",
            &format!("COPY ({rows}) TO '{file}' (FORMAT binary)"),
        );
    }
    let copies = tables.map(|table| {
        let file = file(table);
        format!("COPY {table} FROM '{}' (FORMAT binary)", file.display())
    });
    let start = tokio::time::Instant::now();
    server.ask("copied", &copies.join(";"));
    let seconds = start.elapsed().as_secs_f64();
    let taken = server.number("copied", COUNT);
    assert!(taken > 0.0 && taken <= found, "what was copied is there");
    taken / seconds
}
