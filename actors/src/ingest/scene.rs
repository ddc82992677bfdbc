//! A host with channels that speak by the clock, and pollers with twins in front of it, in virtual time.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use ractor::{Actor, ActorCell, ActorRef, SupervisionEvent};
use uuid::Uuid;

use super::host::lock;
use super::{ChannelCache, GateSettings, HostGate, Ingest, PollerArgs, PollerHandle};
use crate::domain::{ChannelId, EntryId, NodeId, ShardId, Source, Timestamp};
use crate::ports::{Ask, BoxFuture, Clock, CursorRow, Entry, Feed, FeedError, Opened, Page};
use crate::testing::{START, VirtualClock, on_channel, tank};
use crate::tree::{Done, Readers};
use crate::twin::{Event, Presence, Transition, Twin, TwinCell, TwinHandle, apply};
use crate::watchers::ShardSink;

/// What the host does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mood {
    Answering,
    Failing(FeedError),
    Silent,
    Panicking,
}

/// A host whose channels all write an entry at the same times.
#[derive(Debug)]
pub(super) struct River {
    clock: Arc<dyn Clock>,
    state: Mutex<Banks>,
}

#[derive(Debug)]
struct Banks {
    every: Duration,
    mood: Mood,
    opened: Opened,
    cleared_at: Timestamp,
    asked: Vec<(Timestamp, ChannelId, Ask)>,
}

impl River {
    pub(super) fn new(clock: Arc<dyn Clock>, every: Duration) -> Arc<Self> {
        Arc::new(Self {
            clock,
            state: Mutex::new(Banks {
                every,
                mood: Mood::Answering,
                opened: Opened::ToAll,
                cleared_at: START,
                asked: Vec::new(),
            }),
        })
    }

    pub(super) fn set(&self, mood: Mood) {
        lock(&self.state).mood = mood;
    }

    /// From now on it opens with the key of `bearer` alone.
    pub(super) fn lock_but_for(&self, bearer: NodeId) {
        lock(&self.state).opened = Opened::ByKeysOf(Arc::new([bearer].into()));
    }

    pub(super) fn clear(&self) {
        lock(&self.state).cleared_at = self.clock.now();
    }

    pub(super) fn asked(&self) -> Vec<(Timestamp, ChannelId, Ask)> {
        lock(&self.state).asked.clone()
    }

    /// When it was asked from now on is told apart from before.
    pub(super) fn forget(&self) {
        lock(&self.state).asked.clear();
    }

    /// The newest number that a channel has now.
    pub(super) fn newest(&self) -> u64 {
        let state = lock(&self.state);
        self.clock.now().since(state.cleared_at).as_secs() / state.every.as_secs()
    }

    fn page(&self, rows: u16) -> Page {
        let newest = self.newest();
        let state = lock(&self.state);
        let oldest = newest.saturating_sub(u64::from(rows)) + 1;
        let entries = (oldest..=newest).map(|id| {
            let mut fields: [Option<Box<str>>; 8] = Default::default();
            fields[0] = Some("100".into());
            Entry {
                id: EntryId(id),
                created_at: state
                    .cleared_at
                    .plus(state.every * u32::try_from(id).unwrap()),
                fields,
            }
        });
        Page {
            entries: entries.collect(),
            last_entry: (newest > 0).then_some(EntryId(newest)),
            malformed: 0,
            opened: state.opened.clone(),
        }
    }
}

impl Feed for River {
    fn read(&self, channel: ChannelId, ask: Ask) -> BoxFuture<'_, Result<Page, FeedError>> {
        let now = self.clock.now();
        lock(&self.state).asked.push((now, channel, ask));
        let mood = lock(&self.state).mood.clone();
        Box::pin(async move {
            let (Ask::Newest(rows) | Ask::Backfill(rows)) = ask else {
                panic!("a poller never asks for {ask:?}")
            };
            match mood {
                Mood::Answering => Ok(self.page(rows)),
                Mood::Failing(error) => Err(error),
                Mood::Silent => std::future::pending().await,
                Mood::Panicking => panic!("the client of the feed has a bug"),
            }
        })
    }
}

/// What twins were given, in order. One for all scenes, since [`apply`] is a plain function: nodes differ.
static TAKEN: LazyLock<Mutex<HashMap<NodeId, Vec<EntryId>>>> = LazyLock::new(Mutex::default);

fn note_and_apply(twin: &Twin, event: &Event) -> Transition {
    if let Event::Observed(sample) = event
        && let Source::ThingSpeak { entry, .. } = sample.source
    {
        lock(&TAKEN).entry(twin.spec().id).or_default().push(entry);
    }
    apply(twin, event)
}

fn break_on_every_fifth(twin: &Twin, event: &Event) -> Transition {
    if let Event::Observed(sample) = event
        && let Source::ThingSpeak { entry, .. } = sample.source
    {
        assert_ne!(entry.0 % 5, 0, "poison");
    }
    note_and_apply(twin, event)
}

/// Pollers of one host, and the twins that they feed.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) river: Arc<River>,
    pub(super) ingest: Ingest,
    parent: ActorCell,
}

impl Scene {
    /// A host that speaks every `every`, and has a hundred entries. Between two of them, so that a test
    /// which lets whole intervals pass never looks in the very moment of a new one.
    pub(super) async fn of_entries_every(every: Duration) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::default());
        let river = River::new(Arc::clone(&clock), every);
        pass(every * 100 + every / 2).await;
        let feed: Arc<dyn Feed> = Arc::clone(&river) as Arc<dyn Feed>;
        let host = HostGate::new(GateSettings::default(), clock.now());
        let cache = Arc::new(ChannelCache::new(
            Arc::clone(&feed),
            Arc::clone(&clock),
            Arc::clone(&host),
        ));
        let (parent, _) = Actor::spawn(None, Parent, ()).await.unwrap();
        Self {
            river,
            ingest: Ingest {
                feed,
                clock,
                host,
                cache,
            },
            parent: parent.get_cell(),
        }
    }

    /// The poller of `channel` with a twin for each of `nodes`, which must be this test's alone. Those that
    /// differ in the last digit alone are of one community.
    pub(super) async fn poller(&self, channel: u64, nodes: &[u32]) -> Station {
        self.poller_from(channel, nodes, None).await
    }

    pub(super) async fn poller_from(
        &self,
        channel: u64,
        nodes: &[u32],
        cursor: Option<CursorRow>,
    ) -> Station {
        let channel_id = ChannelId(channel);
        let sink = ShardSink::new(
            ShardId::of_channel(channel_id),
            Arc::default(),
            Arc::default(),
        );
        let readers = Readers::default();
        let mut twins = Vec::new();
        for node in nodes {
            let mut spec = on_channel(tank(*node), channel);
            spec.community_id = Some(Uuid::from_u128(u128::from(node / 10)));
            let spec = Arc::new(spec);
            let cell = TwinCell::new(Twin::blank(spec, START), Arc::clone(&sink));
            let twin = TwinHandle::new(cell);
            twin.start(note_and_apply, self.parent.clone())
                .await
                .unwrap();
            twin.cell().set_presence(Presence::Running);
            readers.add(&twin);
            twins.push(twin);
        }
        let poller = PollerHandle::new(PollerArgs {
            channel: channel_id,
            ingest: self.ingest.clone(),
            readers,
            sink: Arc::clone(&sink),
            cursor,
        });
        let actor = poller.start(self.parent.clone()).await.unwrap();
        Station {
            poller,
            twins,
            sink,
            actor,
            parent: self.parent.clone(),
        }
    }
}

/// A poller and what it feeds.
#[derive(Debug)]
pub(super) struct Station {
    pub(super) poller: PollerHandle,
    pub(super) twins: Vec<TwinHandle>,
    pub(super) sink: Arc<ShardSink>,
    actor: ActorCell,
    parent: ActorCell,
}

impl Station {
    /// The entries that a twin was given, in the order in which it was.
    pub(super) fn taken(&self, twin: usize) -> Vec<u64> {
        let taken = lock(&TAKEN);
        let entries = taken.get(&self.twins[twin].id());
        entries.into_iter().flatten().map(|entry| entry.0).collect()
    }

    /// The entry up to which the channel is stored as read.
    pub(super) fn stored(&self) -> Option<u64> {
        self.poller.cell().stored().map(|row| row.last_entry.0)
    }

    /// A twin from now on breaks on every fifth entry, and is restarted at once.
    pub(super) async fn poison(&self, twin: usize) {
        let twin = &self.twins[twin];
        twin.start(break_on_every_fifth, self.parent.clone())
            .await
            .unwrap();
    }

    /// The poller's actor dies and is started anew, as its supervisor would.
    pub(super) async fn restart(&mut self) {
        self.actor.kill();
        self.actor = self.poller.start(self.parent.clone()).await.unwrap();
    }
}

/// Lets time go by, with all that happens in it.
pub(super) async fn pass(span: Duration) {
    tokio::time::sleep(span).await;
}

/// A parent that lets its children die.
struct Parent;

impl Actor for Parent {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Done {
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        _: SupervisionEvent,
        (): &mut (),
    ) -> Done {
        Ok(())
    }
}
