//! The program over a store, a fleet that reports, and many who listen.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::super::harness::Scratch;
use super::super::program::{Caller, Program, password};
use super::super::swarm::{Findings, Nodes, Person, Stage, Swarm};
use super::fleet::{Fleet, truth};

/// Between two reports, and for as long as one is waited for: who reports does not wait for a database.
pub(super) const WAIT: Duration = Duration::from_millis(150);

/// In so many reports one node comes or goes.
const COME_AND_GO_EACH: u32 = 7;

/// For everyone to come back and to know everything, on a busy machine: they are told to wait for five seconds at most.
const SETTLED_WITHIN: Duration = Duration::from_secs(45);

/// Updates of a flood: twice those by which a reader is slow, and more than are on their way to one who does not read.
const FLOOD: u64 = 2 * 4_096 + 1_024;

/// For so much to be reported, on a busy machine.
const FLOODED_WITHIN: Duration = Duration::from_secs(120);

/// For who reads nothing to be sent away: three times as long as a frame may take.
const SENT_AWAY_WITHIN: Duration = Duration::from_secs(90);

/// Little is kept for who is away, so that some go on and some begin anew.
const SETTINGS: [(&str, &str); 6] = [
    ("EVARA_LIVE_SOCKETS_PER_USER", "1000"),
    ("EVARA_LIVE_RING_SECONDS", "2"),
    ("EVARA_REQUESTS_PER_MINUTE", "6000000"),
    // All come from one address, some with tokens that are no use any more.
    ("EVARA_ADDRESS_REQUESTS_PER_MINUTE", "6000000"),
    ("EVARA_LOGINS_PER_MINUTE", "1000"),
    ("LOG_LEVEL", "warn"),
];

/// The program that is listened to, and what it is started with.
pub(super) struct Site {
    program: Program,
    pub(super) caller: Caller,
    /// Where it says that it is.
    pub(super) line: String,
    settings: Vec<(String, String)>,
    data: Scratch,
}

/// See the module.
pub(super) struct Storm {
    site: Site,
    fleet: Fleet,
    swarm: Swarm,
    rounds: u32,
    pub(super) settled_within: Duration,
}

impl Site {
    pub(super) async fn start(settings: &[(&str, &str)], failpoints: &[&str]) -> Self {
        let all = SETTINGS.iter().chain(settings);
        let settings: Vec<_> = all
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let data = Scratch::new();
        let place = data.place(0).display().to_string();
        let password = password(&["--data", &place], &borrowed(&settings));
        let (program, line) = started(&data, &settings, failpoints);
        let caller = Caller::of(&line, &password).await;
        Self {
            program,
            caller,
            line,
            settings,
            data,
        }
    }

    /// The same over what the one before left, wherever it is then. Tokens outlive it.
    async fn again(self, killed: bool) -> Self {
        if killed {
            drop(self.program);
        } else {
            let (code, told) = self.program.terminate().await;
            assert_eq!(code, Some(0), "{told}");
        }
        let (program, line) = started(&self.data, &self.settings, &[]);
        let mut caller = Caller::stranger(&line);
        caller.token = self.caller.token;
        Self {
            program,
            caller,
            line,
            ..self
        }
    }

    pub(super) fn stage(&self, people: Vec<Person>) -> Stage {
        Stage::of(address(&self.line), people)
    }
}

fn borrowed(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect()
}

fn started(
    data: &Scratch,
    settings: &[(String, String)],
    failpoints: &[&str],
) -> (Program, String) {
    let place = data.place(0).display().to_string();
    let mut arguments = vec!["serve", "--bind", "127.0.0.1:0", "--data", &place];
    for failpoint in failpoints {
        arguments.extend(["--failpoint", failpoint]);
    }
    let mut program = Program::start_with(&arguments, &borrowed(settings));
    let line = program.line_with("http://");
    (program, line)
}

fn address(line: &str) -> std::net::SocketAddr {
    let (_, address) = line.split_once("http://").unwrap();
    address.trim().parse().unwrap()
}

impl Storm {
    /// So many listen, who see everything.
    pub(super) async fn begin(
        clients: usize,
        settings: &[(&str, &str)],
        failpoints: &[&str],
    ) -> Self {
        let site = Site::start(settings, failpoints).await;
        let fleet = Fleet::made(&site.caller, &[]).await;
        let people = vec![Person::with(&site.caller.token)];
        Self::of(clients, site, fleet, people)
    }

    /// So many listen, by turns as these people.
    pub(super) fn of(clients: usize, site: Site, fleet: Fleet, people: Vec<Person>) -> Self {
        let swarm = Swarm::of(clients, &fleet.staying, site.stage(people));
        Self {
            site,
            fleet,
            swarm,
            rounds: 0,
            settled_within: SETTLED_WITHIN,
        }
    }

    pub(super) fn caller(&self) -> &Caller {
        &self.site.caller
    }

    pub(super) fn swarm(&self) -> &Swarm {
        &self.swarm
    }

    /// The fleet reports so many times.
    pub(super) async fn blow(&mut self, rounds: u32) {
        for _ in 0..rounds {
            let caller = &self.site.caller;
            report(caller, &mut self.fleet).await;
            self.rounds += 1;
            if self.rounds.is_multiple_of(COME_AND_GO_EACH) {
                let _moved = timeout(WAIT, self.fleet.come_and_go(caller)).await;
            }
            sleep(WAIT).await;
        }
    }

    /// Everyone is sent away, and finds the next one elsewhere.
    pub(super) async fn started_again(self) -> Self {
        self.again(false).await
    }

    /// What was told and not written is lost.
    pub(super) async fn killed(self) -> Self {
        self.again(true).await
    }

    async fn again(self, killed: bool) -> Self {
        let site = self.site.again(killed).await;
        let address = address(&site.line);
        self.swarm.set(|stage| {
            stage.address = address;
            stage.losses += u32::from(killed);
        });
        Self { site, ..self }
    }

    /// How often the broadcast was started again.
    pub(super) async fn restarts_of_the_broadcast(&self) -> u64 {
        let actors = self.site.caller.json("/api/v1/admin/actors").await;
        restarts(&actors, "broadcast").expect("there is a broadcast")
    }

    /// So much happens that who forgets to read is slow by any measure; he goes on forgetting.
    pub(super) async fn floods(&mut self) {
        self.swarm.set(|stage| stage.is_deaf = true);
        let until = self.live().await["ring"]["updates"].as_u64().unwrap() + FLOOD;
        let flooding = async {
            while self.live().await["ring"]["updates"].as_u64().unwrap() < until {
                let body = self.fleet.flood();
                let caller = &self.site.caller;
                caller.ask("POST", "/api/v1/telemetry", &body).await;
            }
        };
        let flooded = timeout(FLOODED_WITHIN, flooding).await;
        flooded.expect("so much can be reported");
    }

    /// Who forgot to read does so again.
    pub(super) fn listens_again(&self) {
        self.swarm.set(|stage| stage.is_deaf = false);
    }

    /// Waits until so many were sent away who read too slowly.
    pub(super) async fn sends_away(&self, count: u64) {
        let waiting = async {
            while self.live().await["too_slow"].as_u64().unwrap() < count {
                sleep(WAIT).await;
            }
        };
        let sent_away = timeout(SENT_AWAY_WITHIN, waiting).await;
        sent_away.expect("who does not read is sent away");
    }

    /// How all who listen do.
    async fn live(&self) -> Value {
        self.site.caller.json("/api/v1/admin/ws/stats").await
    }

    /// Whether it says that it is.
    pub(super) async fn is_without_its_database(&self) -> bool {
        self.site.caller.json("/health").await["status"] == "degraded"
    }

    /// All connections break at once, while the fleet goes on reporting; whether everyone is told everything again
    /// within so long.
    pub(super) async fn breaks_all(&mut self, within: Duration) -> bool {
        self.swarm.set(|stage| {
            stage.is_storm = false;
            stage.breaks += 1;
        });
        let site = &self.site;
        let fleet = &mut self.fleet;
        let reporting = async {
            loop {
                report(&site.caller, fleet).await;
                sleep(WAIT).await;
            }
        };
        tokio::select! {
            back = self.swarm.current(within) => back.is_some(),
            () = reporting => false,
        }
    }

    /// It is quiet: everyone comes to know what the API says.
    pub(super) async fn settle(self) -> Findings {
        self.settle_as(|all| vec![all]).await
    }

    /// The same, where people see what `seen` makes of it.
    pub(super) async fn settle_as(self, seen: impl Fn(Nodes) -> Vec<Nodes>) -> Findings {
        let caller = &self.site.caller;
        let truth = async || seen(truth(caller).await);
        self.swarm.settled(self.settled_within, truth).await
    }
}

async fn report(caller: &Caller, fleet: &mut Fleet) {
    let body = fleet.report();
    let reported = caller.ask("POST", "/api/v1/telemetry", &body);
    let _taken = timeout(WAIT, reported).await;
}

/// Of the actor with this name, at or below this one.
fn restarts(actor: &Value, name: &str) -> Option<u64> {
    if actor["id"] == name {
        return actor["restarts"].as_u64();
    }
    let members = actor.as_object().into_iter().flat_map(|it| it.values());
    let items = actor.as_array().into_iter().flatten();
    members.chain(items).find_map(|below| restarts(below, name))
}
