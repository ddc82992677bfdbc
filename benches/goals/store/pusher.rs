//! The process that pushes: bulks as fast as they are taken, or single instants at a fixed pace.
//!
//! Counts what was acknowledged, and nothing else. A latency begins when the push was due, not when
//! there was a connection for it: whoever is slow does not get less to do.

use std::io::{self, BufRead as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use evara::app::clock::SystemClock;
use evara_actors::ports::Clock as _;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::child::Child;
use super::parcels::{Calendar, write_bulk, write_single};
use super::{fleet, person};
use crate::client::{Connection, Target};
use crate::measure::Rounds;
use crate::runtime;

/// Makes this program such a process: `--push ADDRESS NODES`.
pub(crate) const CHILD: &str = "--push";

/// Connections that push bulks: as many bulks as the service takes at once.
const BULKS: usize = 8;

/// Nodes of a bulk, each with some instants: a gateway's minutes, half a megabyte.
const NODES: usize = 250;
const INSTANTS: usize = 10;

/// Connections that push single instants.
const SINGLES: usize = 256;

/// Single pushes a second.
pub(crate) const RATE: usize = 2_000;

/// What is pushed was measured in the past, for as long as anyone pushes here.
const PAST: Duration = Duration::from_secs(24 * 3600);

/// What came of one round.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Round {
    /// Data points that were acknowledged.
    pub(crate) points: usize,
    /// Data points that were sent and not acknowledged.
    pub(crate) refused: usize,
    /// Bytes of all bodies, and how many there were.
    pub(crate) bytes: usize,
    pub(crate) pushes: usize,
    /// From the first push to the last answer.
    pub(crate) seconds: f64,
    /// From when a push was due to its acknowledgement.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// The way to such a process.
#[derive(Debug)]
pub(crate) struct Pusher(Child);

impl Pusher {
    /// Pushes to whoever is at `address`, of so many nodes.
    pub(crate) fn start(address: SocketAddr, nodes: usize) -> Self {
        let (address, nodes) = (address.to_string(), nodes.to_string());
        Self(Child::of_this_program(&[CHILD, &address, &nodes]))
    }

    /// Bulks, one after the other on each connection.
    pub(crate) fn bulks(&mut self, span: Duration) -> Round {
        self.round("bulks", span)
    }

    /// Single instants, [`RATE`] a second, each by its node's device key.
    pub(crate) fn singles(&mut self, span: Duration) -> Round {
        self.round("singles", span)
    }

    /// The same by somebody's token, of whom the store is asked each time.
    pub(crate) fn singles_of_a_person(&mut self, span: Duration) -> Round {
        self.round("persons", span)
    }

    fn round(&mut self, what: &str, span: Duration) -> Round {
        let said = self.0.ask(&format!("{what} {}", span.as_millis()));
        let round: Round = serde_json::from_str(&said).expect("a round is told");
        if round.refused > 0 {
            eprintln!("{} data points were not acknowledged", round.refused);
        }
        round
    }
}

/// Does what it is told by standard input, until that ends.
pub(crate) fn obey(address: &str, nodes: &str) {
    let mut from = Origin {
        address: address.parse().expect("an address"),
        nodes: nodes.parse().expect("a number of nodes"),
        calendar: Calendar {
            start: SystemClock::new().now().minus(PAST),
        },
        instant: 0,
    };
    let runtime = runtime();
    for line in io::stdin().lock().lines() {
        let line = line.expect("what is told is text");
        let (what, millis) = line.split_once(' ').expect("what, and for how long");
        let span = Duration::from_millis(millis.parse().expect("a number"));
        let pushes = runtime.block_on(async {
            match what {
                "bulks" => bulks(from, span).await,
                "persons" => singles(from, span, Some(person::token())).await,
                _ => singles(from, span, None).await,
            }
        });
        from.instant = pushes.next_instant;
        let round = serde_json::to_string(&pushes.round()).expect("a round is JSON");
        println!("{round}");
        io::stdout().flush().expect("somebody listens");
    }
}

/// Where pushes go, and where in time they are.
#[derive(Debug, Clone, Copy)]
struct Origin {
    address: SocketAddr,
    nodes: usize,
    calendar: Calendar,
    /// From this instant on nothing was said.
    instant: usize,
}

/// What several pushes came to.
#[derive(Debug, Default)]
struct Pushes {
    round: Round,
    latencies_ms: Vec<f64>,
    next_instant: usize,
}

impl Pushes {
    fn at(instant: usize) -> Self {
        Self {
            next_instant: instant,
            ..Self::default()
        }
    }

    fn note(&mut self, sent: usize, accepted: usize, bytes: usize, due: Instant) {
        self.round.points += accepted;
        self.round.refused += sent - accepted;
        self.round.bytes += bytes;
        self.round.pushes += 1;
        let waited = match accepted == sent {
            true => due.elapsed().as_secs_f64() * 1e3,
            // What was refused was never acknowledged.
            false => f64::INFINITY,
        };
        self.latencies_ms.push(waited);
    }

    fn add(&mut self, other: Self) {
        self.round.points += other.round.points;
        self.round.refused += other.round.refused;
        self.round.bytes += other.round.bytes;
        self.round.pushes += other.round.pushes;
        self.latencies_ms.extend(other.latencies_ms);
        self.next_instant = self.next_instant.max(other.next_instant);
    }

    fn round(self) -> Round {
        let latencies = Rounds::new(self.latencies_ms);
        Round {
            p50_ms: latencies.percentile(0.5),
            p99_ms: latencies.percentile(0.99),
            ..self.round
        }
    }
}

async fn bulks(from: Origin, span: Duration) -> Pushes {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..BULKS {
        tasks.spawn(push_bulks(from, number, start + span));
    }
    whole(tasks, start).await
}

async fn whole(tasks: JoinSet<Pushes>, start: Instant) -> Pushes {
    let mut whole = Pushes::default();
    for pushes in tasks.join_all().await {
        whole.add(pushes);
    }
    whole.round.seconds = start.elapsed().as_secs_f64();
    whole
}

/// Each connection has nodes of its own, so that what one node says arrives in order.
async fn push_bulks(from: Origin, number: usize, end: Instant) -> Pushes {
    let target = Target::new(from.address, "/api/v1/telemetry", &person::token());
    let mut connection = Connection::open(&target).await;
    let firsts = (0..from.nodes).step_by(NODES);
    let own: Vec<usize> = firsts.skip(number).step_by(BULKS).collect();
    let mut pushes = Pushes::at(from.instant);
    let mut body = Vec::new();
    while Instant::now() < end && !own.is_empty() {
        let instants = pushes.next_instant..pushes.next_instant + INSTANTS;
        pushes.next_instant = instants.end;
        for first in &own {
            let nodes = *first..from.nodes.min(first + NODES);
            body.clear();
            let sent = write_bulk(&mut body, from.calendar, nodes, instants.clone());
            let due = Instant::now();
            let (status, answer) = connection.post(&target, &body).await;
            pushes.note(sent, accepted(status, answer), body.len(), due);
            if Instant::now() >= end {
                break;
            }
        }
    }
    pushes
}

/// By the token of a person, or else by device keys.
async fn singles(from: Origin, span: Duration, token: Option<String>) -> Pushes {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..SINGLES {
        tasks.spawn(push_singles(from, number, start, span, token.clone()));
    }
    whole(tasks, start).await
}

/// The pushes of all connections are due at equal distances. Each takes those of its turn, one after the
/// other, and where one answer comes late the next push is late, too.
async fn push_singles(
    from: Origin,
    number: usize,
    start: Instant,
    span: Duration,
    token: Option<String>,
) -> Pushes {
    let mut connection: Option<Connection> = None;
    let mut pushes = Pushes::at(from.instant);
    let mut body = Vec::new();
    let count = (RATE as f64 * span.as_secs_f64()) as usize;
    for push in (number..count).step_by(SINGLES) {
        let (node, instant) = (push % from.nodes, from.instant + push / from.nodes);
        pushes.next_instant = instant + 1;
        body.clear();
        let sent = write_single(&mut body, from.calendar, node, instant);
        let path = format!("/api/v1/nodes/{}/readings", fleet::node_id(node));
        let target = match &token {
            Some(token) => Target::new(from.address, &path, token),
            None => Target::new(from.address, &path, "").of_device(&fleet::key(node)),
        };
        let due = start + Duration::from_secs_f64(push as f64 / RATE as f64);
        sleep_until(due).await;
        let connection = match &mut connection {
            Some(connection) => connection,
            none => none.insert(Connection::open(&target).await),
        };
        let (status, answer) = connection.post(&target, &body).await;
        pushes.note(sent, accepted(status, answer), body.len(), due);
    }
    pushes
}

/// How many data points an answer acknowledges.
fn accepted(status: u16, answer: &[u8]) -> usize {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Answer {
        Bulk { results: Vec<Taken> },
        Single { accepted: usize },
    }
    #[derive(Deserialize)]
    struct Taken {
        status: u16,
        #[serde(default)]
        accepted: usize,
    }
    if status != 200 {
        return 0;
    }
    match serde_json::from_slice(answer).expect("an answer tells what was taken") {
        Answer::Single { accepted } => accepted,
        Answer::Bulk { results } => {
            let taken = results.iter().filter(|taken| taken.status == 200);
            taken.map(|taken| taken.accepted).sum()
        }
    }
}
