//! The supervisor of one shard: which twins and pollers live in it, and which of them run.
//!
//! Starts a failed child again without touching the others, from what outlives it: a twin from its last
//! view, a poller from its cursor. One that keeps failing is quarantined: left where it is, visible, until
//! a person releases it. The [supervisor](super::supervisor) above starts this one again from the roster,
//! which is held outside of the actor.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ractor::{Actor, ActorCell, ActorRef, RpcReplyPort, SpawnErr, SupervisionEvent};

use super::address::{Address, AskError, Done, answer, later};
use super::child::ChildSpec;
use super::nursery::Nursery;
use crate::domain::{ChannelId, NodeId, ShardId};
use crate::ports::Clock;
use crate::twin::{Apply, Event, OfferError, Presence, TwinHandle};
use crate::watchers::ShardSink;

/// How often the status of silent nodes is judged: people read it in seconds.
const TICK: Duration = Duration::from_secs(1);

/// Who a child is. Twins before pollers: who is fed is there before who feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Child {
    Twin(NodeId),
    Poller(ChannelId),
}

impl fmt::Display for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twin(node) => write!(f, "twin/{node}"),
            Self::Poller(channel) => write!(f, "poller/{channel}"),
        }
    }
}

/// What outlives a child's actor.
#[derive(Debug, Clone)]
pub(crate) enum Seat {
    Twin(TwinHandle),
    /// Apart, since there are many more twins and a seat is as large as its largest kind.
    Poller(Arc<ChildSpec>),
}

impl Seat {
    pub(crate) fn presence(&self) -> Presence {
        match self {
            Self::Twin(twin) => twin.presence(),
            Self::Poller(poller) => poller.vitals.presence(),
        }
    }

    pub(super) fn set_presence(&self, presence: Presence) {
        match self {
            Self::Twin(twin) => twin.cell().set_presence(presence),
            Self::Poller(poller) => poller.vitals.set_presence(presence),
        }
    }

    pub(crate) fn restarts(&self) -> u32 {
        match self {
            Self::Twin(twin) => twin.restarts(),
            Self::Poller(poller) => poller.vitals.restarts(),
        }
    }

    pub(super) fn count_restart(&self) {
        match self {
            Self::Twin(twin) => twin.cell().count_restart(),
            Self::Poller(poller) => poller.vitals.count_restart(),
        }
    }

    pub(super) async fn start(&self, apply: Apply, me: ActorCell) -> Result<ActorCell, SpawnErr> {
        match self {
            Self::Twin(twin) => twin.start(apply, me).await,
            Self::Poller(poller) => (poller.start)(me).await,
        }
    }
}

/// What a shard is made with.
#[derive(Clone)]
pub(crate) struct ShardArgs {
    pub(crate) sink: Arc<ShardSink>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) apply: Apply,
}

/// The way to a shard's supervisor; keeps who lives in the shard.
#[derive(Clone)]
pub(crate) struct Shard {
    address: Arc<Address<Msg>>,
    roster: Arc<Mutex<BTreeMap<Child, Seat>>>,
    pub(super) args: ShardArgs,
}

pub(super) enum Msg {
    Adopt(Child, Seat, RpcReplyPort<()>),
    Dismiss(Child, RpcReplyPort<()>),
    Release(Child, RpcReplyPort<bool>),
    /// For a twin that has no actor.
    Perform(NodeId, Event, RpcReplyPort<Result<(), OfferError>>),
    Restart(Child),
    Tick,
    StopPollers(RpcReplyPort<()>),
    StopTwins(RpcReplyPort<()>),
    List(RpcReplyPort<Vec<String>>),
}

impl Shard {
    pub(crate) fn new(args: ShardArgs, roster: BTreeMap<Child, Seat>) -> Self {
        Self {
            address: Arc::default(),
            roster: Arc::new(Mutex::new(roster)),
            args,
        }
    }

    /// The name of the supervisor of a shard.
    pub(crate) fn name(shard: ShardId) -> String {
        format!("shard/{shard}")
    }

    /// What its own supervisor starts it by.
    pub(crate) fn child(&self) -> ChildSpec {
        let shard = self.clone();
        ChildSpec::new(Self::name(self.args.sink.shard()), move |parent| {
            let shard = shard.clone();
            Box::pin(async move { shard.start(parent).await })
        })
    }

    async fn start(self, parent: ActorCell) -> Result<ActorCell, SpawnErr> {
        let address = self.address.clone();
        let (actor, _) = Actor::spawn_linked(None, ShardActor, self, parent).await?;
        let cell = actor.get_cell();
        address.move_in(actor);
        Ok(cell)
    }

    /// Where its changes go.
    pub(crate) fn sink(&self) -> &Arc<ShardSink> {
        &self.args.sink
    }

    /// Who lives in it, running or not.
    pub(crate) fn roster(&self) -> MutexGuard<'_, BTreeMap<Child, Seat>> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a child in, and starts it.
    pub(crate) async fn adopt(&self, child: Child, seat: Seat) -> Result<(), AskError> {
        self.address
            .ask(|reply| Msg::Adopt(child, seat, reply))
            .await
    }

    /// Lets a child go, once it has handled what waits for it. It is restarting from then on.
    pub(crate) async fn dismiss(&self, child: Child) -> Result<(), AskError> {
        self.address.ask(|reply| Msg::Dismiss(child, reply)).await
    }

    /// Starts a quarantined child again; `false` when it is not in quarantine.
    pub(crate) async fn release(&self, child: Child) -> Result<bool, AskError> {
        self.address.ask(|reply| Msg::Release(child, reply)).await
    }

    /// Applies `event` to a quarantined twin.
    pub(crate) async fn perform(
        &self,
        node: NodeId,
        event: Event,
    ) -> Result<Result<(), OfferError>, AskError> {
        self.address
            .ask(|reply| Msg::Perform(node, event, reply))
            .await
    }

    /// Stops the pollers for good, each after what it is about.
    pub(crate) async fn stop_pollers(&self) -> Result<(), AskError> {
        self.address.ask(Msg::StopPollers).await
    }

    /// Stops the twins for good, each after what waits for it.
    pub(crate) async fn stop_twins(&self) -> Result<(), AskError> {
        self.address.ask(Msg::StopTwins).await
    }

    /// The children that run, as the runtime knows them. Answered once all have been started.
    pub(crate) async fn list(&self) -> Result<Vec<String>, AskError> {
        self.address.ask(Msg::List).await
    }
}

impl fmt::Debug for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shard")
            .field(&self.args.sink.shard())
            .finish()
    }
}

struct ShardActor;

impl Actor for ShardActor {
    type Msg = Msg;
    type State = Nursery;
    type Arguments = Shard;

    async fn pre_start(&self, _: ActorRef<Msg>, ours: Shard) -> Done<Nursery> {
        Ok(Nursery::new(ours))
    }

    async fn post_start(&self, myself: ActorRef<Msg>, state: &mut Nursery) -> Done {
        state.start_all(&myself).await?;
        // Shards tick one after another within the second, not all at once.
        let share = f64::from(state.ours.sink().shard().0) / f64::from(ShardId::COUNT);
        later(&myself, TICK.mul_f64(share), Msg::Tick);
        Ok(())
    }

    async fn handle(&self, myself: ActorRef<Msg>, msg: Msg, state: &mut Nursery) -> Done {
        match msg {
            Msg::Adopt(child, seat, reply) => {
                state.adopt(&myself, child, seat).await?;
                answer(reply, ());
            }
            Msg::Dismiss(child, reply) => {
                state.dismiss(child).await;
                answer(reply, ());
            }
            Msg::Release(child, reply) => answer(reply, state.release(&myself, child).await?),
            Msg::Perform(node, event, reply) => answer(reply, state.perform(node, event)),
            Msg::Restart(child) => state.restart(&myself, child).await?,
            Msg::Tick => {
                tick(&state.ours);
                later(&myself, TICK, Msg::Tick);
            }
            Msg::StopPollers(reply) => {
                state.stop(|child| matches!(child, Child::Poller(_))).await;
                answer(reply, ());
            }
            Msg::StopTwins(reply) => {
                state.stop(|child| matches!(child, Child::Twin(_))).await;
                answer(reply, ());
            }
            Msg::List(reply) => answer(reply, state.list(&myself)),
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Msg>,
        event: SupervisionEvent,
        state: &mut Nursery,
    ) -> Done {
        match event {
            SupervisionEvent::ActorFailed(actor, error) => {
                state.failed(&myself, &actor, &error.to_string());
            }
            SupervisionEvent::ActorTerminated(actor, _, reason) => {
                state.failed(&myself, &actor, reason.as_deref().unwrap_or("it stopped"));
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}

/// Tells the time to those twins whose status it changes: a twin that stays as it is costs no message.
fn tick(shard: &Shard) {
    let now = shard.args.clock.now();
    for seat in shard.roster().values() {
        let Seat::Twin(twin) = seat else { continue };
        let view = twin.view();
        // A twin that cannot even be looked at is told, too: it then breaks, and not its supervisor.
        let judged = catch_unwind(AssertUnwindSafe(|| view.status_at(now))).ok();
        let known = view.status();
        if judged.is_none_or(|status| (status.state, status.reason) != (known.state, known.reason))
        {
            twin.tick(now);
        }
    }
}
