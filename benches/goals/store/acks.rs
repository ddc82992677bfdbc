//! How long a device waits until what it pushed is on the disk, while two thousand a second push.
//!
//! The least that it could be: how long a commit of one row takes one connection that does nothing else.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::database::{self, Server};
use super::fleet;
use super::pusher::{Pusher, RATE};
use super::service::{Directory, Service};
use crate::measure::{Rounds, in_turns};
use crate::table::{Figure, Goal, Row};
use crate::{Size, runtime};

/// Commits that a round of the ceiling takes: of a thousand, ten are above the ninety-ninth part.
const COMMITS: usize = 1_000;

const INSERT: &str = "INSERT INTO telemetry_flow (node, source_at, source, received_at, revision, flow_lpm) \
    VALUES ($1, now(), '\\x01', now(), $2, 40)";

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let nodes = size.pick(fleet::NODES, 500);
    let (rounds, span) = (size.pick(3, 1), Duration::from_secs(size.pick(10, 1)));
    let (server, data) = (Server::start(), Directory::new());
    let (ours, theirs) = (server.database("service"), server.database("bare"));
    let runtime = runtime();
    runtime.block_on(async {
        fleet::provision_postgres(&ours, 0..nodes, fleet::node).await;
        fleet::provision_keys(&ours, 0..nodes).await;
    });
    let service = Service::start(Some(&ours), &data);
    let mut pusher = Pusher::start(service.address(), nodes);
    let (mut halves, mut refused) = (Vec::new(), 0);
    let (figure, ceiling) = in_turns(
        rounds,
        || {
            let round = pusher.singles(span);
            halves.push(round.p50_ms);
            refused += round.refused;
            round.p99_ms
        },
        || runtime.block_on(commits(&theirs)),
    );
    let of_persons = (0..rounds).map(|_| {
        let round = pusher.singles_of_a_person(span);
        refused += round.refused;
        round.p99_ms
    });
    let of_persons = Rounds::new(of_persons.collect());
    let row = |what: String, figure, ceiling, goals| Row {
        what,
        figure,
        ceiling,
        goals,
    };
    vec![
        row(
            format!(
                "acknowledgement at {RATE} single pushes/s of devices, ms, p99, beside a lone commit"
            ),
            Figure::median(&figure),
            Some(Figure::median(&ceiling)),
            vec![Goal::AtMost(50.0)],
        ),
        row(
            "the same, p50".to_owned(),
            Figure::median(&Rounds::new(halves)),
            None,
            Vec::new(),
        ),
        row(
            "p99, of a person instead of devices".to_owned(),
            Figure::median(&of_persons),
            None,
            Vec::new(),
        ),
        row(
            "data points of them that were refused or failed".to_owned(),
            Figure::once(refused as f64),
            None,
            vec![Goal::AtMost(0.0)],
        ),
    ]
}

/// The ninety-ninth part of what commits of a row take, in milliseconds.
async fn commits(url: &str) -> f64 {
    let client = database::connect(url).await;
    let insert = client.prepare(INSERT).await.expect("the table is there");
    let mut took = Vec::with_capacity(COMMITS);
    for revision in 0..COMMITS as i64 {
        let begun = Instant::now();
        let node = Uuid::new_v4();
        let done = client.execute(&insert, &[&node, &revision]).await;
        done.expect("the database takes a row");
        took.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Rounds::new(took).percentile(0.99)
}
