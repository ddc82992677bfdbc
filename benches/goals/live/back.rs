//! Ten thousand who believe nothing: all of their connections break at once, and they come back to where they were;
//! then they come and go as they please, and the service is killed. The same code as in the tests, see `tests/swarm`.

use std::io::{self, BufRead as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::site::{Site, wait};
use super::swarm::{Node, Nodes, Person, Stage, Swarm};
use crate::client::{Connection, Target, get};
use crate::measure::Rounds;
use crate::store::child::Child;
use crate::store::{fleet, person};
use crate::table::{Figure, Goal, Row};
use crate::{Size, runtime};

/// Makes this program those who listen: `--swarm ADDRESS CLIENTS NODES`.
pub(super) const CHILD: &str = "--swarm";

/// As many as the service seats by default.
const CLIENTS: usize = 10_000;

/// Each says something once a second.
const NODES: usize = 20;

/// What one person may open, as the service is set here.
const OF_ONE: usize = 1_000;

/// Between two questions to the service.
const ASK_EACH: Duration = Duration::from_millis(10);

/// Between two updates of all nodes.
const UPDATE_EACH: Duration = Duration::from_secs(1);

/// For everyone to be back, or to know everything at last: twice the goal. Who is missing then is told, and the measure goes on.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two words on who is back.
const WORD_EACH: Duration = Duration::from_secs(5);

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let clients = size.pick(CLIENTS, 200);
    let storm = Duration::from_secs(size.pick(30, 3));
    let mut site = Site::of(NODES);
    let (address, count) = (site.service.address().to_string(), clients.to_string());
    let mut swarm = Child::of_this_program(&[CHILD, &address, &count, &NODES.to_string()]);
    let twin = site
        .service
        .target(&format!("/nodes/{}/twin", fleet::node_id(0)));
    let mut told = |line: &str| -> f64 { swarm.ask(line).parse().expect("a number is told") };
    let (back_s, p99_ms) = site.updating(|| {
        told("gather");
        let asking = AtomicBool::new(true);
        std::thread::scope(|scope| {
            let answers = scope.spawn(|| runtime().block_on(asked(&twin, &asking)));
            let until_then = Until(&asking);
            let back_s = told("break");
            drop(until_then);
            (back_s, answers.join().expect("it is answered"))
        })
    });
    told("storm");
    site.updating(|| wait(storm));
    site = site.with_another_service();
    told(&format!("moved {}", site.service.address()));
    site.updating(|| wait(storm));
    let complaints = told("settle");
    let row = |what: String, value, goals| Row {
        what,
        figure: Figure::once(value),
        ceiling: None,
        goals,
    };
    vec![
        row(
            format!("s until {clients} sockets that broke at once are back and know everything"),
            back_s,
            vec![Goal::AtMost(30.0)],
        ),
        row(
            "ms of `GET /nodes/{id}/twin` meanwhile, p99".to_owned(),
            p99_ms,
            vec![Goal::AtMost(1_000.0)],
        ),
        row(
            format!(
                "complaints of {clients} that come, go and do not read, over a kill of the service"
            ),
            complaints,
            vec![Goal::AtMost(0.0)],
        ),
    ]
}

impl Site {
    /// Every node says something each second for as long as `meanwhile` takes.
    fn updating<T>(&mut self, meanwhile: impl FnOnce() -> T) -> T {
        let goes_on = AtomicBool::new(true);
        let updater = &mut self.updater;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while goes_on.load(Ordering::Relaxed) {
                    updater.steadily(NODES, UPDATE_EACH);
                }
            });
            let _until_then = Until(&goes_on);
            meanwhile()
        })
    }
}

/// Until it is dropped, also by a panic, whoever looks at the flag goes on: those who measure are waited for.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Below how many milliseconds all but one in a hundred answers stay.
async fn asked(target: &Target, goes_on: &AtomicBool) -> f64 {
    let mut connection = Connection::open(target).await;
    let mut took = Vec::new();
    while goes_on.load(Ordering::Relaxed) {
        let begun = Instant::now();
        connection.get(target).await;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        sleep(ASK_EACH).await;
    }
    Rounds::new(took).percentile(0.99)
}

/// Does what it is told by standard input, until that ends.
pub(super) fn obey(address: &str, clients: &str, nodes: &str) {
    let clients: usize = clients.parse().expect("a number of clients");
    let nodes: usize = nodes.parse().expect("a number of nodes");
    let nodes: Vec<Uuid> = (0..nodes).map(fleet::node_id).collect();
    let runtime = runtime();
    let mut address: SocketAddr = address.parse().expect("an address");
    let people =
        (0..clients.div_ceil(OF_ONE)).map(|number| Person::with(&person::token_of(number)));
    let mut stage = Stage::of(address, people.collect());
    let people = stage.people.len();
    stage.is_storm = false;
    let swarm = runtime.block_on(async { Swarm::of(clients, &nodes, stage) });
    for line in io::stdin().lock().lines() {
        let line = line.expect("what is told is text");
        let words: Vec<&str> = line.split(' ').collect();
        let told = match *words {
            ["gather"] => runtime.block_on(current(&swarm)),
            ["break"] => {
                swarm.set(|stage| stage.breaks += 1);
                runtime.block_on(current(&swarm))
            }
            ["storm"] => {
                swarm.set(|stage| stage.is_storm = true);
                0.0
            }
            ["moved", to] => {
                address = to.parse().expect("an address");
                swarm.set(|stage| (stage.address, stage.losses) = (address, stage.losses + 1));
                0.0
            }
            _ => break,
        };
        say(told);
    }
    let truth = async || vec![truth(address, &nodes).await; people];
    let findings = runtime.block_on(swarm.settled(PATIENCE, truth));
    eprintln!("{findings}");
    say(findings.complaints.len() as f64);
}

fn say(told: f64) {
    println!("{told}");
    io::stdout().flush().expect("somebody listens");
}

/// How many seconds it takes until everyone knows everything; without end where somebody is missing.
async fn current(swarm: &Swarm) -> f64 {
    let begun = Instant::now();
    let telling = async {
        loop {
            sleep(WORD_EACH).await;
            let seconds = begun.elapsed().as_secs();
            eprintln!("after {seconds} s {}", swarm.attendance());
        }
    };
    let took = tokio::select! {
        took = swarm.current(PATIENCE) => took,
        () = telling => None,
    };
    took.map_or(f64::INFINITY, |took| took.as_secs_f64())
}

/// What the API says of the nodes.
async fn truth(address: SocketAddr, nodes: &[Uuid]) -> Nodes {
    let mut truth = Nodes::new();
    for id in nodes {
        let path = format!("/api/v1/nodes/{id}/twin?view=values");
        let target = Target::new(address, &path, &person::token());
        let node: Node = serde_json::from_slice(&get(&target).await).expect("a twin is told");
        truth.insert(*id, Arc::new(node));
    }
    truth
}
