//! How long the fleet in numbers takes, of ten thousand nodes, beside a bare handler that returns the same bytes.

use std::time::Duration;

use tokio::time::Instant;

use super::database::Server;
use super::fleet;
use super::pusher::Pusher;
use super::service::{Directory, Service};
use crate::client::{Connection, Target};
use crate::measure::{Rounds, in_turns};
use crate::table::{Figure, Goal, Row};
use crate::{Size, http, runtime};

/// Questions in a round, one after the other.
const ASKED: usize = 500;

/// Until every twin has something to tell.
const WARM_UP: Duration = Duration::from_secs(10);

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let nodes = size.pick(fleet::NODES, 500);
    let (server, data, runtime) = (Server::start(), Directory::new(), runtime());
    let database = server.database("service");
    runtime.block_on(async {
        fleet::provision_postgres(&database, 0..nodes, fleet::node).await;
        fleet::provision_keys(&database, 0..nodes).await;
    });
    let service = Service::start(Some(&database), &data);
    let mut pusher = Pusher::start(service.address(), nodes);
    pusher.bulks(size.pick(WARM_UP, WARM_UP / 10));
    let stats = service.target("/dashboard/stats");
    let body = runtime.block_on(crate::client::get(&stats));
    let listener = runtime.block_on(http::bare(body));
    let bare = Target::new(listener.address(), "/", "none");
    let took = |target| runtime.block_on(asked(target));
    let (figure, ceiling) = in_turns(size.pick(7, 1), || took(&stats), || took(&bare));
    let pushed = std::thread::scope(|scope| {
        scope.spawn(|| pusher.singles(size.pick(WARM_UP, WARM_UP / 10)));
        let rounds = (0..size.pick(3, 1)).map(|_| took(&stats));
        Rounds::new(rounds.collect())
    });
    vec![
        Row {
            what: format!("`GET /dashboard/stats` of {nodes} nodes, ms, p95"),
            figure: Figure::median(&figure),
            ceiling: Some(Figure::median(&ceiling)),
            goals: vec![Goal::AtMost(5.0)],
        },
        Row {
            what: "the same while 2,000 single pushes/s come in".to_owned(),
            figure: Figure::median(&pushed),
            ceiling: None,
            goals: Vec::new(),
        },
    ]
}

/// Below how many milliseconds nineteen of twenty answers stay.
async fn asked(target: &Target) -> f64 {
    let mut connection = Connection::open(target).await;
    let mut took = Vec::with_capacity(ASKED);
    for _ in 0..ASKED {
        let begun = Instant::now();
        connection.get(target).await;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Rounds::new(took).percentile(0.95)
}
