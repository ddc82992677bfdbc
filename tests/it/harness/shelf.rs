//! The store of one life of the service, which can go away, come back, and end as in a crash.
//!
//! What it keeps is the real store's; it adds only the memory of what was committed, so that a row that
//! was written twice is seen although the store would hide it.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex};

use evara::history::{Checkpoint, History, PastSample, Rollup, RollupSpan, SampleSpan, Standing};
use evara::store::{SecretBox, SqliteStore};
use evara_actors::domain::{NodeId, NodeSpec, Revision, Timestamp};
use evara_actors::ports::{
    Archive, ArchiveError, Batch, BoxFuture, Cursors, DeadLetter, LogEntry, Point, Registry,
    RegistryError, SavedTwins, TelemetryQuery,
};
use tokio::sync::{RwLock, RwLockReadGuard};

/// How the store behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Takes batches.
    There,
    /// Fails at once.
    Away,
    /// Takes batches, and does not say so: the moment before a crash.
    Speechless,
    /// Takes so many more batches, and then does nothing: a crash between two commits.
    Last(u32),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// Held for as long as a call takes; empty once this life is over.
    store: RwLock<Option<SqliteStore>>,
    mood: Mutex<Mood>,
    committed: Mutex<Vec<Arc<Batch>>>,
}

impl Shelf {
    /// Opens the store in `dir`.
    pub(crate) fn open(dir: &Path) -> Arc<Self> {
        let keys = SecretBox::new(&"a".repeat(64).into()).unwrap();
        Arc::new(Self {
            store: RwLock::new(Some(SqliteStore::open(dir, keys).unwrap())),
            mood: Mutex::new(Mood::There),
            committed: Mutex::default(),
        })
    }

    /// From now on, it behaves so.
    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Ends this life: whoever still writes writes to nobody. `before` sees the files as they lie
    /// there with the store still open, which is what a crash leaves.
    pub(crate) async fn close(&self, before: impl FnOnce()) {
        let mut store = self.store.write().await;
        before();
        *store = None;
    }

    /// What was committed, oldest first.
    pub(crate) fn committed(&self) -> Vec<Arc<Batch>> {
        self.committed.lock().unwrap().clone()
    }

    /// How it behaves this time.
    fn next_mood(&self) -> Mood {
        let mut mood = self.mood.lock().unwrap();
        let now = *mood;
        if let Mood::Last(left) = &mut *mood {
            *left = left.saturating_sub(1);
        }
        now
    }

    /// The store, unless it is away.
    pub(super) async fn open_store(
        &self,
    ) -> Result<RwLockReadGuard<'_, SqliteStore>, RegistryError> {
        let gone = || RegistryError::Unavailable("gone".into());
        if *self.mood.lock().unwrap() == Mood::Away {
            return Err(gone());
        }
        let store = self.store.read().await;
        RwLockReadGuard::try_map(store, Option::as_ref).map_err(|_| gone())
    }

    async fn take(&self, batch: Arc<Batch>) -> Result<(), ArchiveError> {
        let mood = self.next_mood();
        match mood {
            Mood::Away => return Err(gone()),
            Mood::Last(0) => std::future::pending::<()>().await,
            Mood::There | Mood::Speechless | Mood::Last(_) => {}
        }
        let store = self.store.read().await;
        store
            .as_ref()
            .ok_or_else(gone)?
            .commit(Arc::clone(&batch))
            .await?;
        drop(store);
        if mood == Mood::Speechless {
            std::future::pending::<()>().await;
        }
        self.committed.lock().unwrap().push(batch);
        Ok(())
    }
}

fn gone() -> ArchiveError {
    ArchiveError::Unavailable("gone".into())
}

impl Archive for Shelf {
    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<(), ArchiveError>> {
        Box::pin(self.take(batch))
    }

    fn cursors(&self) -> BoxFuture<'_, Result<Cursors, ArchiveError>> {
        Box::pin(async {
            let store = self.store.read().await;
            store.as_ref().ok_or_else(gone)?.cursors().await
        })
    }

    fn twins(
        &self,
        nodes: RangeInclusive<NodeId>,
    ) -> BoxFuture<'_, Result<SavedTwins, ArchiveError>> {
        Box::pin(async move {
            let store = self.store.read().await;
            store.as_ref().ok_or_else(gone)?.twins(nodes).await
        })
    }

    fn telemetry(
        &self,
        node: NodeId,
        query: TelemetryQuery,
    ) -> BoxFuture<'_, Result<Vec<Point>, ArchiveError>> {
        Box::pin(async move {
            let store = self.store.read().await;
            store
                .as_ref()
                .ok_or_else(gone)?
                .telemetry(node, query)
                .await
        })
    }

    fn changes(
        &self,
        node: NodeId,
        after: Revision,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<LogEntry>, ArchiveError>> {
        Box::pin(async move {
            let store = self.store.read().await;
            store
                .as_ref()
                .ok_or_else(gone)?
                .changes(node, after, limit)
                .await
        })
    }

    fn dead_letters(&self, limit: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, ArchiveError>> {
        Box::pin(async move {
            let store = self.store.read().await;
            store.as_ref().ok_or_else(gone)?.dead_letters(limit).await
        })
    }
}

impl History for Shelf {
    fn samples(
        &self,
        node: NodeId,
        span: SampleSpan,
    ) -> BoxFuture<'_, Result<Vec<PastSample>, ArchiveError>> {
        Box::pin(async move {
            let store = self.store.read().await;
            store.as_ref().ok_or_else(gone)?.samples(node, span).await
        })
    }

    fn standing(
        &self,
        node: NodeId,
        from: Timestamp,
        to: Timestamp,
    ) -> BoxFuture<'_, Result<Standing, ArchiveError>> {
        Box::pin(async move {
            let store = self.store.read().await;
            store
                .as_ref()
                .ok_or_else(gone)?
                .standing(node, from, to)
                .await
        })
    }

    fn rollups(
        &self,
        node: NodeId,
        span: RollupSpan,
    ) -> BoxFuture<'_, Result<Vec<Rollup>, ArchiveError>> {
        Box::pin(async move {
            let store = self.store.read().await;
            store.as_ref().ok_or_else(gone)?.rollups(node, span).await
        })
    }

    fn checkpoint(
        &self,
        node: NodeId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Checkpoint>, ArchiveError>> {
        Box::pin(async move {
            let store = self.store.read().await;
            store.as_ref().ok_or_else(gone)?.checkpoint(node, at).await
        })
    }
}

impl Registry for Shelf {
    fn nodes(&self) -> BoxFuture<'_, Result<Vec<NodeSpec>, RegistryError>> {
        Box::pin(async { self.open_store().await?.nodes().await })
    }

    fn node(&self, id: NodeId) -> BoxFuture<'_, Result<Option<NodeSpec>, RegistryError>> {
        Box::pin(async move { self.open_store().await?.node(id).await })
    }

    fn insert(&self, spec: NodeSpec) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async { self.open_store().await?.insert(spec).await })
    }

    fn update(&self, spec: NodeSpec) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async { self.open_store().await?.update(spec).await })
    }

    fn remove(&self, id: NodeId) -> BoxFuture<'_, Result<(), RegistryError>> {
        Box::pin(async move { self.open_store().await?.remove(id).await })
    }
}
