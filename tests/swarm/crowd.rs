//! All who listen, and what became of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::client::Client;
use super::desk::{Attendance, Desk};
use super::line::Shut;
use super::said::Nodes;
use super::stage::Stage;

/// They come one after another, so far apart.
const APART: Duration = Duration::from_millis(2);

/// Between two looks at what there is to know, which may change as long as anything does.
const LOOK: Duration = Duration::from_millis(500);

/// Between two looks at whether everyone is there.
const LOOK_AT_ALL: Duration = Duration::from_millis(20);

/// For those who are asleep when it is over, or at a door.
const WAKE_WITHIN: Duration = Duration::from_secs(30);

/// Many who listen.
#[derive(Debug)]
pub(crate) struct Swarm {
    stage: watch::Sender<Arc<Stage>>,
    desk: Arc<Desk>,
    count: usize,
    listening: JoinSet<Client>,
    back: Vec<Client>,
}

/// What became of them.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) clients: usize,
    /// What was wrong, of everyone.
    pub(crate) complaints: Vec<String>,
    pub(crate) visits: u64,
    /// Times that somebody said who he is over a socket, and was known.
    pub(crate) known: u64,
    pub(crate) events: u64,
    pub(crate) snapshots: u64,
    pub(crate) resyncs: u64,
    /// Times that somebody went on from where he was.
    pub(crate) resumed: u64,
    /// Events that were left out, as was said.
    pub(crate) folded: u64,
    /// By which codes they were sent away, how often.
    pub(crate) ends: BTreeMap<u16, u32>,
    /// How often they were not let in, and why.
    refusals: BTreeMap<Shut, u32>,
}

impl Swarm {
    /// So many come to listen to the fleet, or to some of these nodes.
    pub(crate) fn of(count: usize, nodes: &[Uuid], stage: Stage) -> Self {
        let stage = watch::Sender::new(Arc::new(stage));
        let desk = Arc::new(Desk::new());
        let crowd = APART * u32::try_from(count).unwrap_or(u32::MAX);
        let mut listening = JoinSet::new();
        for number in 0..count {
            let client = Client::new(number, nodes);
            listening.spawn(client.listen(stage.subscribe(), (Arc::clone(&desk), crowd)));
        }
        Self {
            stage,
            desk,
            count,
            listening,
            back: Vec::new(),
        }
    }

    /// Tells everyone something.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Stage)) {
        self.stage.send_modify(|stage| change(Arc::make_mut(stage)));
    }

    /// Waits until everyone has been told everything since all connections broke for the last time; how long that took.
    pub(crate) async fn current(&self, within: Duration) -> Option<Duration> {
        let begun = Instant::now();
        while self.attendance().current < self.count {
            if begun.elapsed() > within {
                return None;
            }
            sleep(LOOK_AT_ALL).await;
        }
        Some(begun.elapsed())
    }

    /// Who is there, since all connections broke for the last time.
    pub(crate) fn attendance(&self) -> Attendance {
        self.desk.attendance(self.stage.borrow().breaks)
    }

    /// Waits until everyone knows what `truth` says, of each of the people; not for longer than `within`.
    pub(crate) async fn settled(
        mut self,
        within: Duration,
        mut truth: impl AsyncFnMut() -> Vec<Nodes>,
    ) -> Findings {
        let until = Instant::now() + within;
        while Instant::now() < until && !self.listening.is_empty() {
            let truth = truth().await;
            self.set(|stage| {
                for (person, sees) in stage.people.iter_mut().zip(truth) {
                    person.sees = Some(sees);
                }
            });
            let _not_all_yet = timeout(LOOK, self.reap()).await;
        }
        self.set(|stage| stage.is_over = true);
        let _not_all = timeout(WAKE_WITHIN, self.reap()).await;
        let mut findings = Findings::default();
        self.back.iter().for_each(|client| findings.add(client));
        if !self.listening.is_empty() {
            let lost = format!("{} never came back", self.listening.len());
            findings.complaints.push(lost);
        }
        findings
    }

    /// Takes in who is done.
    async fn reap(&mut self) {
        while let Some(done) = self.listening.join_next().await {
            match done {
                Ok(client) => self.back.push(client),
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
    }
}

impl Findings {
    fn add(&mut self, client: &Client) {
        self.clients += 1;
        self.visits += u64::from(client.visits);
        self.known += u64::from(client.known);
        self.complaints.extend(client.complaints());
        for topic in client.topics() {
            self.events += topic.counts.events;
            self.snapshots += topic.counts.snapshots;
            self.resyncs += topic.counts.resyncs;
            self.resumed += topic.counts.resumed;
            self.folded += topic.counts.folded;
        }
        for (code, count) in &client.ends {
            *self.ends.entry(*code).or_default() += count;
        }
        for (shut, count) in &client.refusals {
            *self.refusals.entry(*shut).or_default() += count;
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} clients in {} visits, known anew {} times, were told {} events and {} snapshots, went on {} times, began anew {} times; \
             {} were folded; not let in: {:?}; sent away: {:?}; {} complaints",
            self.clients,
            self.visits,
            self.known,
            self.events,
            self.snapshots,
            self.resumed,
            self.resyncs,
            self.folded,
            self.refusals,
            self.ends,
            self.complaints.len()
        )?;
        let first = self.complaints.iter().take(10);
        first.into_iter().try_for_each(|it| write!(f, "\n  {it}"))
    }
}
