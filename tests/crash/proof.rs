//! A run from its first life to its last: start, look at what is served, let clients push, die, look at
//! what is left.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedRwLockWriteGuard, RwLock};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::audit::Audit;
use super::channels::Channels;
use super::evidence::Store;
use super::findings::Findings;
use super::ledger::Ledger;
use super::nodes::{self, Pushed};
use super::plan::{Death, Dice, Plan};
use super::served;
use super::service::{Caller, PATIENCE, Service, last_words};
use super::table::{self, Row};
use super::writers::{Poker, Writer};

/// What the last life has to do before it is ended in order.
const LAST_LIFE: Duration = Duration::from_secs(1);

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) seed: u64,
    pub(crate) kills: u32,
    /// Whether the service acknowledges before it commits: then the audit must find losses.
    pub(crate) lies: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) findings: Findings,
    pub(crate) acknowledged: u64,
    /// Entries of channels that were kept.
    pub(crate) entries: usize,
    order: Order,
    store: &'static str,
    rows: BTreeMap<&'static str, Row>,
}

/// See the module.
struct Proof {
    order: Order,
    store: Store,
    channels: Channels,
    port: u16,
    caller: Caller,
    ledger: Arc<Ledger>,
    audit: Audit,
    pushed: Vec<Pushed>,
    plan: Plan,
    /// By the death that was recovered from.
    rows: BTreeMap<&'static str, Row>,
    /// How the life before this one ended, where recovery from that is still to be measured.
    before: Option<Death>,
    clients: JoinSet<()>,
    /// Read by every client that sends, and so held for writing while none must.
    gate: Arc<RwLock<()>>,
    shut: Option<OwnedRwLockWriteGuard<()>>,
}

/// Kills as often as ordered, and tells what was found.
pub(crate) async fn prove(store: Store, order: Order) -> Outcome {
    let mut proof = Proof::begin(store, order).await;
    for _ in 0..order.kills {
        let death = proof.plan.next();
        proof.live(death).await;
        proof.shut().await;
        let evidence = proof.store.evidence().await;
        proof.audit.look(&evidence, &proof.ledger).await;
    }
    proof.end().await
}

impl Proof {
    async fn begin(mut store: Store, order: Order) -> Self {
        let channels = Channels::start().await;
        let port = free_port();
        let caller = Caller::of(&store, port);
        let mut first = Service::start(&store, port, &channels.url(), &[]);
        assert!(first.ready(&caller).await.is_some(), "it does not start");
        let pushed = nodes::push(&caller).await;
        let begun = nodes::poll(&caller, &channels).await;
        // In order, so that the log has all that was said of the nodes.
        assert_eq!(first.terminate().await, Some(0));
        let specs = store.evidence().await.nodes().await;
        let gate = Arc::new(RwLock::new(()));
        let mut proof = Self {
            plan: Plan::new(order.seed, store.server().is_some()),
            audit: Audit::of(specs, &begun),
            shut: Some(Arc::clone(&gate).write_owned().await),
            ledger: Arc::default(),
            rows: BTreeMap::new(),
            before: None,
            clients: JoinSet::new(),
            order,
            store,
            channels,
            port,
            caller,
            pushed,
            gate,
        };
        proof.hire();
        proof
    }

    /// Lets the clients in: each waits until the gate is opened.
    fn hire(&mut self) {
        for (stream, nodes) in (1..).zip(nodes::shares(&self.pushed)) {
            let writer = Writer {
                caller: self.caller.clone(),
                ledger: Arc::clone(&self.ledger),
                nodes,
                dice: Dice::new(self.order.seed, stream),
                gate: Arc::clone(&self.gate),
            };
            self.clients.spawn(writer.run());
        }
        let poker = Poker {
            caller: self.caller.clone(),
            channels: self.channels.ids(),
            gate: Arc::clone(&self.gate),
        };
        self.clients.spawn(poker.run());
    }

    /// One life, and its end.
    async fn live(&mut self, death: Death) {
        let death = self.believable(death);
        let mut service = self.start(death);
        match death {
            Death::Killed(after) => {
                let life = self.recover(&mut service);
                // Killed while it starts, or while it is asked, or later.
                let recovered = timeout(after, life).await;
                if recovered.is_ok() {
                    sleep(after.saturating_sub(service.age())).await;
                }
                service.kill().await;
            }
            Death::At(name, _) => {
                let died_early = !self.recover(&mut service).await;
                let died = died_early || service.dies().await;
                assert!(died, "{name} was not reached\n{}", self.last_words());
            }
            Death::Bereft(after) => {
                assert!(self.recover(&mut service).await, "{}", self.last_words());
                sleep(after).await;
                self.bereave().await;
                service.kill().await;
            }
        }
        self.rows.entry(death.name()).or_default().kills += 1;
        let is_process = !matches!(death, Death::Bereft(_));
        self.before = is_process.then_some(death);
    }

    /// A liar is killed just before it commits what it has acknowledged.
    fn believable(&self, death: Death) -> Death {
        match death {
            Death::Killed(_) | Death::At(..) | Death::Bereft(_) if self.order.lies => {
                Death::At("before_commit", 6)
            }
            Death::Killed(_) | Death::At(..) | Death::Bereft(_) => death,
        }
    }

    fn start(&self, death: Death) -> Service {
        let mut failpoints = Vec::new();
        if self.order.lies {
            failpoints.push("ack_before_commit".to_owned());
        }
        if let Death::At(..) = death {
            failpoints.push(death.to_string());
        }
        Service::start(&self.store, self.port, &self.channels.url(), &failpoints)
    }

    /// Waits until it is ready, looks at what it serves, and lets the clients in until one of them is
    /// acknowledged; false where it died first.
    async fn recover(&mut self, service: &mut Service) -> bool {
        let Some(ready) = service.ready(&self.caller).await else {
            return false;
        };
        let measured = self.before.map(Death::name);
        if let Some(name) = measured {
            self.rows.entry(name).or_default().ready.push(ready);
        }
        let looked = served::look(&self.caller, &self.pushed, &mut self.audit, &self.ledger).await;
        if looked.is_err() {
            return false;
        }
        let opened = self.open();
        let acknowledged = tokio::select! {
            () = self.acknowledged() => true,
            _ = service.dies() => false,
        };
        if acknowledged && let Some(name) = measured {
            let spans = &mut self.rows.entry(name).or_default().acknowledged;
            spans.push(ready + opened.elapsed());
        }
        acknowledged
    }

    /// Takes the database away and gives it back, and measures how long that is felt.
    async fn bereave(&mut self) {
        let server = self.store.server().expect("only a server is stopped");
        server.stop_immediately();
        let stopped = Instant::now();
        server.start_again();
        let ready = stopped.elapsed();
        self.acknowledged().await;
        let row = self.rows.entry(Death::Bereft(ready).name()).or_default();
        row.ready.push(ready);
        row.acknowledged.push(stopped.elapsed());
    }

    /// Waits for the next acknowledgement.
    async fn acknowledged(&self) {
        let mut count = self.ledger.acknowledged();
        let before = *count.borrow();
        let next = timeout(PATIENCE, count.wait_for(|count| *count > before)).await;
        assert!(
            next.is_ok(),
            "nothing is acknowledged\n{}",
            self.last_words()
        );
    }

    fn open(&mut self) -> Instant {
        self.shut = None;
        Instant::now()
    }

    /// Waits for what was sent, and keeps everybody from sending more.
    async fn shut(&mut self) {
        if self.shut.is_none() {
            self.shut = Some(Arc::clone(&self.gate).write_owned().await);
        }
        if let Some(ended) = self.clients.try_join_next() {
            ended.expect("clients go on for ever");
        }
    }

    fn last_words(&self) -> String {
        last_words(&self.store.data())
    }

    /// A last life, ended in order; then everything is looked at, through the service and in the store.
    async fn end(mut self) -> Outcome {
        let mut service = Service::start(&self.store, self.port, &self.channels.url(), &[]);
        assert!(self.recover(&mut service).await, "{}", self.last_words());
        sleep_until(Instant::now() + LAST_LIFE).await;
        self.shut().await;
        served::look_at_all(&self.caller, &self.pushed, &mut self.audit, &self.ledger).await;
        let code = service.terminate().await;
        assert_eq!(code, Some(0), "{}", self.last_words());
        let evidence = self.store.evidence().await;
        self.audit.look_at_all(&evidence, &self.ledger).await;
        self.clients.abort_all();
        Outcome {
            acknowledged: *self.ledger.acknowledged().borrow(),
            entries: self.audit.entries(),
            findings: self.audit.findings,
            order: self.order,
            store: self.store.name(),
            rows: self.rows,
        }
    }
}

impl Outcome {
    /// All of it, for people.
    pub(crate) fn table(&self) -> String {
        let mut text = table::render(&self.rows);
        let found = &self.findings;
        let counts = [
            &found.lost,
            &found.doubled,
            &found.gaps,
            &found.diverged,
            &found.skipped,
        ];
        let [lost, doubled, gaps, diverged, skipped] = counts.map(|found| found.len());
        let (store, kills, seed) = (self.store, self.order.kills, self.order.seed);
        let (readings, entries) = (self.acknowledged, self.entries);
        let written = write!(
            text,
            "\n| store | kills | acknowledged readings | lost | doubled | gaps in revisions | twins unlike their log | entries polled | skipped | seed |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n\
             | {store} | {kills} | {readings} | {lost} | {doubled} | {gaps} | {diverged} | {entries} | {skipped} | {seed} |\n"
        );
        written.unwrap();
        text
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
