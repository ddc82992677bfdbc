//! A supervisor of supervisors and writers: starts its children in order, and each one anew when it fails.
//!
//! Used for the root and for its branches. It holds which children there should be outside of itself, so
//! that it can be started again too. A child of it that keeps failing is no local fault: it says so once
//! to whoever watches the system, and leaves the rest to them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ractor::{Actor, ActorCell, ActorId, ActorRef, RpcReplyPort, SpawnErr, SupervisionEvent};
use tokio::sync::watch;
use tokio::time::Instant;

use super::address::{Address, AskError, Done, answer, later};
use super::child::{ChildSpec, drain, judge};
use super::restart::{Decision, History, SUPERVISOR};
use crate::ports::{ArchiveError, Epoch};
use crate::twin::Presence;

/// Why the system cannot go on by itself: the process should end, and the platform decide.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// An actor fails whenever it is started.
    #[error("{actor} failed too often, at last: {error}")]
    GivenUp {
        /// Who was given up on, such as `shard/17`.
        actor: String,
        /// What it failed of at last.
        error: String,
    },
    /// Another process took over, as the store said in these words.
    #[error("this process may not write any more: {0}")]
    Fenced(String),
}

impl Failure {
    /// The end of the right to write, which lasted for `epoch`.
    pub fn fenced(epoch: Epoch) -> Self {
        Self::Fenced(ArchiveError::Fenced(epoch).to_string())
    }
}

/// Where a failure is told.
pub(crate) type Alarm = Arc<watch::Sender<Option<Failure>>>;

/// The way to a supervisor; keeps which children it should have.
#[derive(Debug, Clone)]
pub(crate) struct Supervisor {
    address: Arc<Address<Msg>>,
    children: Arc<Mutex<BTreeMap<String, ChildSpec>>>,
    alarm: Alarm,
}

struct State {
    ours: Supervisor,
    by_actor: HashMap<ActorId, (String, ActorCell)>,
    history: HashMap<String, History>,
    began: Instant,
}

enum Msg {
    Start(ChildSpec, RpcReplyPort<Result<(), String>>),
    Stop(String, RpcReplyPort<()>),
    Restart(String),
    List(RpcReplyPort<Vec<String>>),
}

impl Supervisor {
    pub(crate) fn new(alarm: Alarm) -> Self {
        Self {
            address: Arc::default(),
            children: Arc::default(),
            alarm,
        }
    }

    /// Starts the supervisor, and those children that it should have; the root has no parent.
    pub(crate) async fn start(&self, parent: Option<ActorCell>) -> Result<ActorCell, SpawnErr> {
        let (actor, _) = match parent {
            Some(parent) => {
                Actor::spawn_linked(None, SupervisorActor, self.clone(), parent).await?
            }
            None => Actor::spawn(None, SupervisorActor, self.clone()).await?,
        };
        let cell = actor.get_cell();
        self.address.move_in(actor);
        Ok(cell)
    }

    /// Adds a child, and starts it.
    pub(crate) async fn add(&self, child: ChildSpec) -> Result<Result<(), String>, AskError> {
        self.address.ask(|reply| Msg::Start(child, reply)).await
    }

    /// Stops a child once it has handled what waits for it, and forgets it.
    pub(crate) async fn stop(&self, name: &str) -> Result<(), AskError> {
        let name = name.to_owned();
        self.address.ask(|reply| Msg::Stop(name, reply)).await
    }

    /// The children that run, as the runtime knows them.
    pub(crate) async fn list(&self) -> Result<Vec<String>, AskError> {
        self.address.ask(Msg::List).await
    }

    /// The children that there should be, by name.
    pub(crate) fn children(&self) -> MutexGuard<'_, BTreeMap<String, ChildSpec>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct SupervisorActor;

impl Actor for SupervisorActor {
    type Msg = Msg;
    type State = State;
    type Arguments = Supervisor;

    async fn pre_start(&self, _: ActorRef<Msg>, ours: Supervisor) -> Done<State> {
        Ok(State {
            ours,
            by_actor: HashMap::new(),
            history: HashMap::new(),
            began: Instant::now(),
        })
    }

    async fn post_start(&self, myself: ActorRef<Msg>, state: &mut State) -> Done {
        let children: Vec<ChildSpec> = state.ours.children().values().cloned().collect();
        for child in children {
            state.start(&myself, &child).await?;
        }
        Ok(())
    }

    async fn handle(&self, myself: ActorRef<Msg>, msg: Msg, state: &mut State) -> Done {
        match msg {
            Msg::Start(child, reply) => answer(reply, state.add(&myself, child).await),
            Msg::Stop(name, reply) => {
                state.stop(&name).await;
                answer(reply, ());
            }
            Msg::Restart(name) => state.restart(&myself, &name).await?,
            Msg::List(reply) => answer(reply, state.list(&myself)),
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Msg>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Done {
        match event {
            SupervisionEvent::ActorFailed(child, error) => {
                state.failed(&myself, &child, error.to_string());
            }
            SupervisionEvent::ActorTerminated(child, _, reason) => {
                state.failed(
                    &myself,
                    &child,
                    reason.unwrap_or_else(|| "it stopped".to_owned()),
                );
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}

impl State {
    async fn add(&mut self, myself: &ActorRef<Msg>, child: ChildSpec) -> Result<(), String> {
        if self.ours.children().contains_key(&child.name) {
            return Err(format!("{} is there already", child.name));
        }
        let started = self.start(myself, &child).await;
        started.map_err(|error| error.to_string())?;
        self.ours.children().insert(child.name.clone(), child);
        Ok(())
    }

    async fn start(&mut self, myself: &ActorRef<Msg>, child: &ChildSpec) -> Result<(), SpawnErr> {
        let cell = (child.start)(myself.get_cell()).await?;
        self.by_actor
            .insert(cell.get_id(), (child.name.clone(), cell));
        child.vitals.set_presence(Presence::Running);
        Ok(())
    }

    async fn restart(&mut self, myself: &ActorRef<Msg>, name: &str) -> Result<(), SpawnErr> {
        let child = self.ours.children().get(name).cloned();
        if let Some(child) = child {
            child.vitals.count_restart();
            self.start(myself, &child).await?;
        }
        Ok(())
    }

    /// Forgets the child first: its end, once it is told of, is then no failure.
    async fn stop(&mut self, name: &str) {
        self.ours.children().remove(name);
        self.history.remove(name);
        let running = self.by_actor.extract_if(|_, (child, _)| child == name);
        drain(running.map(|(_, (_, cell))| cell).collect()).await;
    }

    fn failed(&mut self, myself: &ActorRef<Msg>, cell: &ActorCell, error: String) {
        let Some((name, _)) = self.by_actor.remove(&cell.get_id()) else {
            return;
        };
        let child = self.ours.children().get(&name).cloned();
        let Some(ChildSpec { vitals, .. }) = child else {
            return;
        };
        vitals.set_presence(Presence::Restarting);
        let history = self.history.entry(name.clone()).or_default();
        match judge(history, SUPERVISOR, self.began, 0, vitals.restarts()) {
            Decision::RestartAfter(pause) => {
                tracing::warn!(
                    actor = name,
                    error,
                    "an actor failed and will be started again"
                );
                later(myself, pause, Msg::Restart(name));
            }
            Decision::GiveUp => {
                tracing::error!(actor = name, error, "an actor failed too often");
                vitals.set_presence(Presence::Quarantined);
                let failure = Failure::GivenUp { actor: name, error };
                self.ours.alarm.send_replace(Some(failure));
            }
        }
    }

    fn list(&self, myself: &ActorRef<Msg>) -> Vec<String> {
        let name = |child: ActorCell| match self.by_actor.get(&child.get_id()) {
            Some((name, _)) => name.clone(),
            None => format!("unknown/{}", child.get_id()),
        };
        let mut names: Vec<String> = myself.get_children().into_iter().map(name).collect();
        names.sort();
        names
    }
}
