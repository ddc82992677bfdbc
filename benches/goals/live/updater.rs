//! The process that updates: readings of now, so many a second, or as many as there are at once.
//!
//! A reading bears the time at which it was due, so that whoever is told of it knows how long that took; who is late
//! with a push is late with what it says.

use std::io::{self, BufRead as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use evara::app::clock::SystemClock;
use evara_actors::ports::Clock as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::client::{Connection, Target};
use crate::runtime;
use crate::store::child::Child;
use crate::store::parcels::write_instant;
use crate::store::{fleet, person};

/// Makes this program such a process: `--update ADDRESS NODES`.
pub(crate) const CHILD: &str = "--update";

/// Connections: as many bulks as the service takes at once.
const CONNECTIONS: usize = 8;

/// Nodes of a bulk at a steady pace, a reading each: what a gateway heard since it pushed last.
const IN_A_BULK: usize = 20;

/// The way to such a process.
#[derive(Debug)]
pub(crate) struct Updater(Child);

impl Updater {
    /// Of so many nodes of the service at `address`.
    pub(crate) fn of(address: SocketAddr, nodes: usize) -> Self {
        let (address, nodes) = (address.to_string(), nodes.to_string());
        Self(Child::of_this_program(&[CHILD, &address, &nodes]))
    }

    /// So many a second, for so long; how many were taken.
    pub(crate) fn steadily(&mut self, rate: usize, span: Duration) -> usize {
        self.ask(&format!("rate {rate} {}", span.as_millis()))
    }

    /// One reading of each of the first nodes, at once; how many were taken.
    pub(crate) fn at_once(&mut self, count: usize) -> usize {
        self.ask(&format!("burst {count}"))
    }

    fn ask(&mut self, line: &str) -> usize {
        let said = self.0.ask(line);
        said.parse().expect("a number is told")
    }
}

/// Does what it is told by standard input, until that ends.
pub(crate) fn obey(address: &str, nodes: &str) {
    let mut from = Origin {
        address: address.parse().expect("an address"),
        nodes: nodes.parse().expect("a number of nodes"),
        instant: 0,
    };
    let runtime = runtime();
    for line in io::stdin().lock().lines() {
        let line = line.expect("what is told is text");
        let words: Vec<&str> = line.split(' ').collect();
        let number = |word: &str| -> usize { word.parse().expect("a number") };
        let taken = match *words {
            ["rate", rate, millis] => {
                let span = Duration::from_millis(number(millis) as u64);
                runtime.block_on(steadily(from, number(rate), span))
            }
            ["burst", count] => runtime.block_on(burst(from, number(count))),
            _ => panic!("{line} is nothing to be told"),
        };
        from.instant += 1;
        println!("{taken}");
        io::stdout().flush().expect("somebody listens");
    }
}

/// Where updates go, and what was said before.
#[derive(Debug, Clone, Copy)]
struct Origin {
    address: SocketAddr,
    nodes: usize,
    instant: usize,
}

impl Origin {
    fn target(self) -> Target {
        Target::new(self.address, "/api/v1/telemetry", &person::token())
    }
}

async fn steadily(from: Origin, rate: usize, span: Duration) -> usize {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in 0..CONNECTIONS {
        tasks.spawn(async move {
            let mut taken = 0;
            let mut line = Connection::open(&from.target()).await;
            let bulks = (rate as f64 * span.as_secs_f64()) as usize / IN_A_BULK;
            for bulk in (connection..bulks).step_by(CONNECTIONS) {
                let due = Duration::from_secs_f64((bulk * IN_A_BULK) as f64 / rate as f64);
                sleep_until(start + due).await;
                // What is late was made when it was due.
                let late = start.elapsed().saturating_sub(due);
                taken += push(&mut line, from, (bulk * IN_A_BULK, IN_A_BULK), late).await;
            }
            taken
        });
    }
    let taken = tasks.join_all().await.into_iter().sum();
    // The last of them are due before it is over; whoever begins again would be too early.
    sleep_until(start + span).await;
    taken
}

async fn burst(from: Origin, count: usize) -> usize {
    let mut tasks = JoinSet::new();
    let each = count.div_ceil(CONNECTIONS);
    for first in (0..count).step_by(each) {
        let some = each.min(count - first);
        tasks.spawn(async move {
            let mut line = Connection::open(&from.target()).await;
            push(&mut line, from, (first, some), Duration::ZERO).await
        });
    }
    tasks.join_all().await.into_iter().sum()
}

/// Pushes a reading of each of these nodes; how many were taken.
async fn push(
    line: &mut Connection,
    from: Origin,
    (first, count): (usize, usize),
    late: Duration,
) -> usize {
    let at = SystemClock::new().now().minus(late).to_string();
    let mut body = br#"{"batches":["#.to_vec();
    for place in first..first + count {
        let node = place % from.nodes;
        let id = fleet::node_id(node);
        let comma = if place > first { "," } else { "" };
        write!(body, r#"{comma}{{"node_id":"{id}","readings":["#).expect("memory takes everything");
        write_instant(&mut body, node, from.instant + place, &at);
        body.extend_from_slice(b"]}");
    }
    body.extend_from_slice(b"]}");
    let (status, answer) = line.post(&from.target(), &body).await;
    let text = String::from_utf8_lossy(answer);
    if status == 200 {
        text.matches(r#""status":200"#).count()
    } else {
        0
    }
}
