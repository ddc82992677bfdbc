//! The broadcast: owns when what changed is told, and that all of it is.
//!
//! Each tick it takes what twins left in the intake and puts it into the log, and each second it looks at how the tree
//! stands. It decides nothing and waits for nobody. Where something may have been left out (the intake had no room, or it was started again by its
//! [supervisor](crate::tree)) it begins another log, of how the twins are then: whoever has a position in the
//! old one learns that it is no use, and nothing is lost in silence.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorCell, ActorRef, SpawnErr};
use tokio::task::yield_now;
use tokio::time::Instant;
use uuid::Uuid;

use super::intake::{Intake, Item, Lost};
use super::{Broadcast, Entry, Log, Standing, Update, UpdateKind};
use crate::domain::Timestamp;
use crate::ports::Clock;
use crate::tree::{Done, later};
use crate::twin::{Presence, Twin, TwinHandle};

/// Between two tellings, as a rule: what falls into it is told together, and a person sees no difference.
pub const TICK: Duration = Duration::from_millis(50);

/// Before another log is begun where more changed than could be told: to begin costs a look at every twin.
const REST_AFTER_LOSS: Duration = Duration::from_secs(1);

/// Twins that are looked at in one go while a log is being made: some milliseconds.
const PORTION: usize = 512;

/// Between two looks at the tree: people read of it in seconds, and a look passes by everyone who is in it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Sees how the tree stands, for one who knows that much of it.
pub(crate) type Look = Arc<dyn Fn(&Standing) -> Standing + Send + Sync>;

/// Finds all twins.
pub(crate) type Twins = Arc<dyn Fn() -> Vec<TwinHandle> + Send + Sync>;

/// What the broadcast is born with.
#[derive(Clone)]
pub(crate) struct BroadcastArgs {
    pub(crate) intake: Arc<Intake>,
    pub(crate) broadcast: Broadcast,
    pub(crate) twins: Twins,
    pub(crate) look: Look,
    pub(crate) clock: Arc<dyn Clock>,
    /// Between two tellings.
    pub(crate) tick: Duration,
    /// Called before something is told.
    pub(crate) before_telling: fn(),
}

impl fmt::Debug for BroadcastArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("BroadcastArgs");
        shown.field("broadcast", &self.broadcast);
        shown.finish_non_exhaustive()
    }
}

pub(super) struct State {
    ours: BroadcastArgs,
    /// Whether everything that happens is in the log.
    awake: bool,
    /// What the times of the log count from.
    began: Instant,
    /// At the tree, for the last time.
    looked_at: Instant,
}

/// Time to tell.
#[derive(Debug)]
pub(super) struct Round;

struct BroadcastActor;

impl BroadcastArgs {
    /// Starts the broadcast.
    pub(crate) async fn start(self, parent: ActorCell) -> Result<ActorCell, SpawnErr> {
        let (actor, _) = Actor::spawn_linked(None, BroadcastActor, self, parent).await?;
        Ok(actor.get_cell())
    }
}

impl Actor for BroadcastActor {
    type Msg = Round;
    type State = State;
    type Arguments = BroadcastArgs;

    async fn pre_start(&self, _: ActorRef<Round>, ours: BroadcastArgs) -> Done<State> {
        // The one before may have left it open. Who listens keeps its log until there is another.
        ours.intake.shut();
        let now = Instant::now();
        Ok(State {
            ours,
            awake: false,
            began: now,
            looked_at: now,
        })
    }

    async fn post_start(&self, myself: ActorRef<Round>, _: &mut State) -> Done {
        later(&myself, Duration::ZERO, Round);
        Ok(())
    }

    async fn handle(&self, myself: ActorRef<Round>, _: Round, state: &mut State) -> Done {
        let pause = state.round().await;
        later(&myself, pause, Round);
        Ok(())
    }
}

impl State {
    /// Tells what there is to tell, and says how long to rest.
    async fn round(&mut self) -> Duration {
        if !self.ours.broadcast.is_wanted() {
            self.sleep();
            return self.ours.tick;
        }
        if !self.awake {
            self.begin_anew().await;
        }
        match self.ours.intake.take() {
            Ok(items) => {
                let mut told = self.drafted(items);
                told.extend(self.turns());
                if !told.is_empty() {
                    (self.ours.before_telling)();
                }
                let now = self.began.elapsed();
                self.ours.broadcast.tell(now, &told);
                self.ours.tick
            }
            Err(Lost) => {
                tracing::warn!("more changed than could be told: who listens begins anew");
                self.sleep();
                REST_AFTER_LOSS
            }
        }
    }

    fn sleep(&mut self) {
        if std::mem::take(&mut self.awake) {
            self.ours.intake.shut();
        }
    }

    /// Begins another log, of how the twins are now.
    async fn begin_anew(&mut self) {
        let ours = &self.ours;
        let (epoch, _) = Uuid::new_v4().as_u64_pair();
        let mut log = Log::new(epoch, ours.broadcast.bounds());
        // Before the first twin is looked at: what changes from then on is in the intake, too.
        ours.intake.open();
        for portion in (ours.twins)().chunks(PORTION) {
            let now = ours.clock.now();
            let there = |twin: &&TwinHandle| twin.presence() != Presence::Gone;
            for twin in portion.iter().filter(there) {
                if let Some(update) = update_of(&twin.view(), None, now) {
                    log.know(update);
                }
            }
            yield_now().await;
        }
        log.know_tree((ours.look)(&Standing::default()));
        ours.broadcast.begin(log);
        self.looked_at = Instant::now();
        self.awake = true;
    }

    /// What has become of the tree, where it is time to look.
    fn turns(&mut self) -> Vec<Entry> {
        if self.looked_at.elapsed() < LOOK_EVERY {
            return Vec::new();
        }
        self.looked_at = Instant::now();
        let known = self.ours.broadcast.standing();
        let turns = known.turns(&(self.ours.look)(&known), self.ours.clock.now());
        turns.into_iter().map(Entry::Tree).collect()
    }

    /// What is to be told of `items`: nothing where it is known.
    fn drafted(&self, items: Vec<Item>) -> Vec<Entry> {
        let now = self.ours.clock.now();
        let mut known = self.ours.broadcast.latest(items.iter().map(Item::node));
        let mut drafted = Vec::with_capacity(items.len());
        for item in items {
            let node = item.node();
            let known = known.entry(node).or_default();
            let update = match &item {
                Item::Changed(twin) => update_of(twin, known.as_deref(), now),
                Item::Removed(_) => known.as_deref().map(|it| Update::removal(it, now)),
            };
            let Some(update) = update.map(Arc::new) else {
                continue;
            };
            let is_there = update.kind != UpdateKind::Removed;
            *known = is_there.then(|| Arc::clone(&update));
            drafted.push(Entry::Node(update));
        }
        drafted
    }
}

/// A twin that cannot be looked at must not keep others from being told of.
fn update_of(twin: &Twin, known: Option<&Update>, now: Timestamp) -> Option<Update> {
    let update = catch_unwind(AssertUnwindSafe(|| Update::of(twin, known, now)));
    update.unwrap_or_else(|_| {
        tracing::error!(node.id = %twin.spec().id, "a twin cannot be told of");
        None
    })
}
