//! What people do to nodes: the registry commits first, then the keys, then the twin system follows.
//!
//! Holds no truth of its own. A change that was begun is ended, also when the caller has left: were it
//! dropped half-way, the registry would say one thing and the twin another until the next start. What
//! fails after the registry's commit never takes that back: the system is made to follow it.

mod answered;
mod error;
mod follow;
mod precondition;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use evara_actors::domain::{ChannelId, NodeId, NodeSpec, Timestamp};
use evara_actors::ports::{BoxFuture, Clock, Registry, RegistryError};
use evara_actors::system::{System, SystemError};
use evara_actors::twin::{Twin, TwinHandle};
use secrecy::SecretString;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::store::{Act, Receipts};

pub use error::Error;
pub use precondition::{Expected, Precondition};

/// Changes under way at once. People make them, a few a second at the most; what is more is a script
/// gone wild, and waits behind no one.
const MAX_UNDER_WAY: usize = 64;

/// Changes of one node take turns by one of so many locks: enough that two nodes seldom share one.
const TURNS: usize = 64;

/// The keys that open private channels, by the node that brought them. Never told to people.
pub trait ReadKeys: std::fmt::Debug + Send + Sync {
    /// Keeps the key with which `node` reads `channel`, and uses it from now on.
    fn set(
        &self,
        channel: ChannelId,
        node: NodeId,
        key: SecretString,
    ) -> BoxFuture<'_, Result<(), KeysError>>;

    /// Forgets the key with which `node` reads `channel`. Nothing to forget is no error.
    fn remove(&self, channel: ChannelId, node: NodeId) -> BoxFuture<'_, Result<(), KeysError>>;

    /// Whether `node` brought a key.
    fn has(&self, node: NodeId) -> BoxFuture<'_, Result<bool, KeysError>>;
}

/// The store of keys failed, or did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("the store of keys cannot be reached")]
pub struct KeysError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What is to be done about a channel's key.
#[derive(Debug)]
pub enum KeyChange {
    /// It stays as it is.
    Keep,
    /// From now on there is none.
    Remove,
    /// From now on it is this.
    Set(SecretString),
}

/// The way to change nodes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Nodes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    system: Arc<System>,
    registry: Arc<dyn Registry>,
    acts: Arc<dyn Receipts>,
    keys: Arc<dyn ReadKeys>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    under_way: Arc<Semaphore>,
    turns: Vec<Arc<Mutex<()>>>,
}

impl Nodes {
    /// Changes nodes in these; `acts` writes into what `registry` reads.
    pub fn new(
        system: Arc<System>,
        registry: Arc<dyn Registry>,
        acts: Arc<dyn Receipts>,
        keys: Arc<dyn ReadKeys>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Inner {
            system,
            registry,
            acts,
            keys,
            clock,
            tasks: TaskTracker::new(),
            under_way: Arc::new(Semaphore::new(MAX_UNDER_WAY)),
            turns: (0..TURNS).map(|_| Arc::default()).collect(),
        }))
    }

    /// A new node's id and time of creation.
    pub fn birth(&self) -> (NodeId, Timestamp) {
        (NodeId(uuid::Uuid::now_v7()), self.0.clock.now())
    }

    /// Adds a node, together with what goes with it.
    ///
    /// # Errors
    /// See [`Error`]; a node whose twin cannot be started is not kept.
    pub async fn create(&self, spec: NodeSpec, act: Act) -> Result<Arc<Twin>, Error> {
        checked(&spec)?;
        let inner = Arc::clone(&self.0);
        self.in_turn(spec.id, async move { inner.create(spec, act).await })
            .await
    }

    /// Whether a node is there, and as it is expected.
    ///
    /// # Errors
    /// [`Error::NotFound`] and [`Error::Precondition`].
    pub fn check(&self, id: NodeId, expected: &Precondition) -> Result<(), Error> {
        self.0.current(id, expected).map(drop)
    }

    /// Replaces the description whose version is one less than that of `spec`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(
        &self,
        spec: NodeSpec,
        expected: Precondition,
        act: Act,
    ) -> Result<Arc<Twin>, Error> {
        self.rebind(spec, KeyChange::Keep, expected, act).await
    }

    /// Replaces the description, and does what is to be done about the channel's key.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rebind(
        &self,
        spec: NodeSpec,
        key: KeyChange,
        expected: Precondition,
        act: Act,
    ) -> Result<Arc<Twin>, Error> {
        checked(&spec)?;
        let inner = Arc::clone(&self.0);
        self.in_turn(spec.id, async move {
            inner.rebind(spec, key, expected, act).await
        })
        .await
    }

    /// Removes a node that is what it was when it was `judged`; its history stays until retention takes it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn remove(
        &self,
        judged: Arc<NodeSpec>,
        expected: Precondition,
        act: Act,
    ) -> Result<(), Error> {
        let inner = Arc::clone(&self.0);
        self.in_turn(judged.id, async move {
            inner.remove(&judged, &expected, act).await
        })
        .await
    }

    /// Whether a node brought a read key.
    ///
    /// # Errors
    /// [`Error::Keys`]
    pub async fn has_key(&self, id: NodeId) -> Result<bool, Error> {
        Ok(self.0.keys.has(id).await?)
    }

    /// Waits until every change that is under way has ended; none may be begun from now on.
    pub async fn drained(&self) {
        self.0.under_way.close();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Does a change, and what goes with it, to the end: whoever asked for it may hang up in the middle. What is logged on
    /// the way says whose request it was.
    ///
    /// # Errors
    /// As the change.
    pub async fn to_its_end<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.tasks.spawn(change.in_current_span()).await?
    }

    /// Runs a change to its end, one at a time for each node.
    async fn in_turn<T: Send + 'static>(
        &self,
        id: NodeId,
        change: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        // The registry would have it, and no twin could follow.
        if !self.0.system.is_live() {
            return Err(SystemError::Starting.into());
        }
        let permit = Arc::clone(&self.0.under_way)
            .try_acquire_owned()
            .map_err(|_| Error::Busy)?;
        let (_, low) = id.0.as_u64_pair();
        let turn = Arc::clone(&self.0.turns[(low % TURNS as u64) as usize]);
        let whole = async move {
            let _permit = permit;
            let _turn = turn.lock().await;
            change.await
        };
        self.0.tasks.spawn(whole.in_current_span()).await?
    }
}

impl Inner {
    async fn create(&self, spec: NodeSpec, act: Act) -> Result<Arc<Twin>, Error> {
        let id = spec.id;
        let (receipt, undoing) = (act.receipt.clone(), act.undoing());
        self.acts.insert_node(spec.clone(), act).await?;
        let error = match self.system.create(spec).await {
            Ok(handle) => return Ok(handle.view()),
            Err(error) => error,
        };
        // A node that is kept and does not run would make every repetition a conflict.
        if let Err(error) = self.acts.remove_node(id, undoing).await {
            tracing::warn!(node = %id, %error, "a node without a twin stays registered");
        }
        self.follow(id).await?;
        if let Some(twin) = self.system.twin(id) {
            return Ok(twin.view());
        }
        if let Some(kept) = receipt {
            let forgotten = self.acts.forget(kept.name).await;
            forgotten.unwrap_or_else(|error| {
                tracing::warn!(node = %id, %error, "a node that is gone stays answered for");
            });
        }
        Err(error.into())
    }

    async fn rebind(
        &self,
        spec: NodeSpec,
        key: KeyChange,
        expected: Precondition,
        act: Act,
    ) -> Result<Arc<Twin>, Error> {
        let handle = self.current(spec.id, &expected)?;
        let before = Arc::clone(handle.view().spec());
        if before.version + 1 != spec.version {
            return Err(Error::Conflict);
        }
        if matches!(key, KeyChange::Keep) && is_same(&before, &spec) {
            self.kept_alone(act).await?;
            return Ok(handle.view());
        }
        if let Err(error) = self.acts.update_node(spec.clone(), act).await {
            return Err(self.refused(spec.id, error).await);
        }
        // The key comes before the twin follows: the first poll of a private channel needs it. Without it
        // the twin follows all the same, since the registry has the change.
        let keyed = self.change_key(&before, &spec, key).await;
        self.configure(spec).await?;
        keyed?;
        Ok(handle.view())
    }

    /// Why the registry refused what the twin allowed. One that is ahead of the twin is caught up with,
    /// so that whoever reads the node again and repeats the change succeeds.
    async fn refused(&self, id: NodeId, error: RegistryError) -> Error {
        match error {
            RegistryError::VersionMoved | RegistryError::NotFound => match self.follow(id).await {
                Ok(()) => error.into(),
                Err(error) => error,
            },
            RegistryError::KeyTaken
            | RegistryError::NoTenant
            | RegistryError::NoRoom { .. }
            | RegistryError::Unavailable(_) => error.into(),
        }
    }

    async fn configure(&self, spec: NodeSpec) -> Result<(), Error> {
        let id = spec.id;
        match self.system.configure(spec).await {
            Ok(()) => Ok(()),
            Err(error) => {
                tracing::warn!(node = %id, %error, "a twin did not take its description");
                self.follow(id).await
            }
        }
    }

    async fn change_key(
        &self,
        before: &NodeSpec,
        after: &NodeSpec,
        key: KeyChange,
    ) -> Result<(), KeysError> {
        let channel = |spec: &NodeSpec| spec.channel.as_ref().map(|binding| binding.channel_id);
        let (old, new) = (channel(before), channel(after));
        // A key opens the channel that it was given for, and no other.
        let stale = old.filter(|_| old != new || matches!(key, KeyChange::Remove));
        if let Some(channel) = stale {
            self.keys.remove(channel, before.id).await?;
        }
        if let (KeyChange::Set(key), Some(channel)) = (key, new) {
            self.keys.set(channel, after.id, key).await?;
        }
        Ok(())
    }

    async fn remove(
        &self,
        judged: &NodeSpec,
        expected: &Precondition,
        act: Act,
    ) -> Result<(), Error> {
        let id = judged.id;
        let found = self.current(id, expected)?.view();
        // Whoever waited for their turn may not see any more what it is by now.
        if found.spec().version != judged.version {
            return Err(Error::Conflict);
        }
        let channel = found.spec().channel.as_ref();
        let channel = channel.map(|binding| binding.channel_id);
        match self.acts.remove_node(id, act).await {
            // Where the registry has no such node, the twin is what is left to remove.
            Ok(()) | Err(RegistryError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
        if let Err(error) = self.system.remove(id).await {
            tracing::warn!(node = %id, %error, "a twin did not go with its node");
            self.follow(id).await?;
        }
        if let Some(channel) = channel {
            self.keys.remove(channel, id).await?;
        }
        Ok(())
    }

    fn current(&self, id: NodeId, expected: &Precondition) -> Result<TwinHandle, Error> {
        let handle = self.system.twin(id).ok_or(Error::NotFound)?;
        expected
            .holds_for(&handle.view())
            .then_some(handle)
            .ok_or(Error::Precondition)
    }
}

/// Whether the two say the same: such a change is none, and leads to no version and no revision.
fn is_same(before: &NodeSpec, after: &NodeSpec) -> bool {
    let version = before.version;
    *before
        == NodeSpec {
            version,
            ..after.clone()
        }
}

fn checked(spec: &NodeSpec) -> Result<(), Error> {
    let faults = spec.check();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}
