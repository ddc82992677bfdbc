//! The poller of one channel: asks the feed in the channel's own rhythm, hands what is new to the twins
//! that read it, and then says how far it has read.
//!
//! Decides nothing itself: gate, cursor and cadence do. Never waits for the feed in its mailbox, so that
//! people are answered at once. What it stores is never ahead of what the twins took: an actor that
//! dies, or a twin without room, costs nothing but to read again. Its [shard](crate::tree) restarts it
//! from its cell: the last stored cursor, the gate and the counts.

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use ractor::{Actor, ActorCell, ActorRef, RpcReplyPort, SpawnErr};

use super::cache::ChannelCache;
use super::host::{ChannelGate, HostGate, lock};
use super::round::Round;
use super::view::PollerView;
use crate::domain::{ChannelId, Timestamp};
use crate::ports::{Ask, Clock, CursorRow, Feed, FeedError, Page};
use crate::tree::{Address, AskError, Done, Readers, answer};
use crate::watchers::ShardSink;

/// What all pollers of one host share.
#[derive(Debug, Clone)]
pub struct Ingest {
    /// Answers for the host's channels.
    pub feed: Arc<dyn Feed>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Stands in front of the host.
    pub host: Arc<HostGate>,
    /// Shows people what was read.
    pub cache: Arc<ChannelCache>,
}

/// What a poller is born with.
#[derive(Debug)]
pub(crate) struct PollerArgs {
    pub(crate) channel: ChannelId,
    pub(crate) ingest: Ingest,
    /// The twins that it feeds.
    pub(crate) readers: Readers,
    /// The sink of the channel's shard, which is the twins' too.
    pub(crate) sink: Arc<ShardSink>,
    /// How far the channel was read, if it ever was.
    pub(crate) cursor: Option<CursorRow>,
}

/// What outlives a poller's actor.
#[derive(Debug)]
pub(super) struct PollerCell {
    pub(super) channel: ChannelId,
    pub(super) ingest: Ingest,
    pub(super) readers: Readers,
    pub(super) sink: Arc<ShardSink>,
    pub(super) gate: Arc<ChannelGate>,
    view: ArcSwap<PollerView>,
    /// The cursor that was last put into the sink.
    stored: Mutex<Option<CursorRow>>,
}

pub(super) enum Msg {
    /// Time to go on; ignored where its number is not that of the timer set last.
    Due(u64),
    /// The feed has answered this.
    Answered(Ask, Result<Arc<Page>, FeedError>),
    /// A person wants something.
    Wished(Wish, RpcReplyPort<Result<(), PollerError>>),
}

pub(super) enum Wish {
    Poll,
    Pause,
    Resume,
    ResetBreaker,
    Backfill,
}

/// The way to one poller. Cheap to clone, and good across the poller's restarts.
#[derive(Debug, Clone)]
pub struct PollerHandle {
    address: Arc<Address<Msg>>,
    cell: Arc<PollerCell>,
}

/// Why a poller does not do as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PollerError {
    /// It is paused.
    #[error("the poller is paused")]
    Paused,
    /// The channel, or its host, may not be asked before this instant.
    #[error("the channel may not be asked before {until}")]
    Held {
        /// When to try again.
        until: Timestamp,
    },
    /// What it read last has not been taken yet, or nobody would take what it reads.
    #[error("the twins or the archive have no room")]
    NoRoom,
    /// Its actor is being started again, or was given up on.
    #[error("the poller is not there")]
    Away,
}

impl PollerHandle {
    /// The way to a poller that is not started yet.
    pub(crate) fn new(args: PollerArgs) -> Self {
        let PollerArgs {
            channel,
            ingest,
            readers,
            sink,
            cursor,
        } = args;
        let mut view = PollerView::new(channel);
        if let Some(row) = &cursor {
            view.last_entry_id = Some(row.last_entry);
            view.generation = row.generation;
            view.missed_entries = row.missed;
        }
        let cell = PollerCell {
            channel,
            gate: ingest.host.channel(channel, ingest.clock.now()),
            ingest,
            readers,
            sink,
            view: ArcSwap::from_pointee(view),
            stored: Mutex::new(cursor),
        };
        Self {
            address: Arc::default(),
            cell: Arc::new(cell),
        }
    }

    /// Starts the poller, or starts it anew for everyone who already holds this handle.
    pub(crate) async fn start(&self, parent: ActorCell) -> Result<ActorCell, SpawnErr> {
        let (actor, _) = Actor::spawn_linked(None, PollerActor, self.clone(), parent).await?;
        let child = actor.get_cell();
        self.address.move_in(actor);
        Ok(child)
    }

    /// Whose poller it is.
    pub fn channel(&self) -> ChannelId {
        self.cell.channel
    }

    /// What is known of it; the breaker as it is now, since its host may have gone away meanwhile.
    pub fn view(&self) -> Arc<PollerView> {
        let view = self.cell.view();
        let breaker = self.cell.gate.breaker();
        if view.breaker == breaker {
            return view;
        }
        Arc::new(PollerView {
            breaker,
            ..PollerView::clone(&view)
        })
    }

    /// Has the channel asked now rather than later. `Ok` once the request is on its way.
    ///
    /// # Errors
    /// See [`PollerError`].
    pub async fn poll_now(&self) -> Result<(), PollerError> {
        self.wish(Wish::Poll).await
    }

    /// Stops asking until [`PollerHandle::resume`], also across restarts of the poller.
    ///
    /// # Errors
    /// [`PollerError::Away`].
    pub async fn pause(&self) -> Result<(), PollerError> {
        self.wish(Wish::Pause).await
    }

    /// Goes on asking.
    ///
    /// # Errors
    /// [`PollerError::Away`].
    pub async fn resume(&self) -> Result<(), PollerError> {
        self.wish(Wish::Resume).await
    }

    /// Closes the breakers in front of the channel and of its host, and asks at once.
    ///
    /// # Errors
    /// [`PollerError::Away`].
    pub async fn reset_breaker(&self) -> Result<(), PollerError> {
        self.wish(Wish::ResetBreaker).await
    }

    /// Has all that the channel still holds read once more, up to [`Ask::MAX_BACKFILL`] entries, and
    /// offered to its twins, which know what they have. `Ok` once that is noted: it is asked for at the
    /// channel's next turn, which is now where nothing is in the way, until it was answered.
    ///
    /// # Errors
    /// [`PollerError::Away`].
    pub async fn backfill(&self) -> Result<(), PollerError> {
        self.wish(Wish::Backfill).await
    }

    async fn wish(&self, wish: Wish) -> Result<(), PollerError> {
        let asked = self.address.ask(|reply| Msg::Wished(wish, reply));
        asked.await.map_err(|error| match error {
            AskError::Vacant | AskError::Died | AskError::TimedOut => PollerError::Away,
        })?
    }

    pub(super) fn cell(&self) -> &Arc<PollerCell> {
        &self.cell
    }

    pub(super) fn address(&self) -> &Arc<Address<Msg>> {
        &self.address
    }
}

impl PollerCell {
    pub(super) fn view(&self) -> Arc<PollerView> {
        self.view.load_full()
    }

    pub(super) fn publish(&self, view: PollerView) {
        self.view.store(Arc::new(view));
    }

    pub(super) fn now(&self) -> Timestamp {
        self.ingest.clock.now()
    }

    /// How far the channel was read, as far as that was stored.
    pub(super) fn stored(&self) -> Option<CursorRow> {
        lock(&self.stored).clone()
    }

    /// Stores how far the channel was read, where that changed.
    pub(super) fn store(&self, cursor: CursorRow) {
        let mut stored = lock(&self.stored);
        if stored.as_ref() != Some(&cursor) {
            self.sink.put_cursor(cursor.clone());
            *stored = Some(cursor);
        }
    }
}

struct PollerActor;

impl Actor for PollerActor {
    type Msg = Msg;
    type State = Round;
    type Arguments = PollerHandle;

    async fn pre_start(&self, myself: ActorRef<Msg>, handle: PollerHandle) -> Done<Round> {
        // The parent moves it into its address only once it has started.
        handle.address().move_in(myself);
        Ok(Round::new(&handle))
    }

    async fn handle(&self, _: ActorRef<Msg>, msg: Msg, round: &mut Round) -> Done {
        match msg {
            Msg::Due(timer) => round.go_on(timer).await,
            Msg::Answered(asked, page) => round.answered(asked, page).await,
            Msg::Wished(wish, reply) => {
                let done = round.obey(wish);
                // Whoever is answered sees what it did.
                round.publish();
                answer(reply, done);
            }
        }
        round.publish();
        Ok(())
    }
}
