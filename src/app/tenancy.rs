//! The tenants in memory: where everything stands, without asking the store.
//!
//! The store has the truth. A change is committed first, and then followed here; where it is not known what
//! the store did, or somebody else was there before, the forest is read anew. What another process changes
//! is followed within seconds. A change that was begun is ended, also when the caller has left.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::access::{Forest, Tenant, TenantId};
use crate::store::Act;
pub use crate::store::{Tenants, TenantsError};

/// Changes that wait for their turn. People make them, a few a day; what is more is a script gone wild.
const MAX_UNDER_WAY: usize = 16;

/// The forest of tenants. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tenancy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Tenants>,
    forest: ArcSwap<Forest>,
    /// One change, or one reading of the forest, at a time: what is held here never goes back.
    turn: Mutex<()>,
    under_way: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store says so.
    #[error(transparent)]
    Store(#[from] TenantsError),
    /// Too many changes are under way; nothing was changed.
    #[error("too many changes of tenants are under way")]
    Busy,
    /// A fault of ours.
    #[error("the change broke off")]
    Broke(#[from] tokio::task::JoinError),
}

/// One change of the forest.
#[derive(Debug)]
enum Change {
    Add(Tenant),
    Replace(Tenant),
    Remove(TenantId, u64),
}

impl Tenancy {
    /// Over a store, and empty until it is [read](Self::refresh).
    pub fn over(store: Arc<dyn Tenants>) -> Self {
        Self(Arc::new(Inner {
            store,
            forest: ArcSwap::default(),
            turn: Mutex::new(()),
            under_way: Arc::new(Semaphore::new(MAX_UNDER_WAY)),
            tasks: TaskTracker::new(),
        }))
    }

    /// The forest as it stands.
    pub fn forest(&self) -> Arc<Forest> {
        self.0.forest.load_full()
    }

    /// Reads the forest anew.
    ///
    /// # Errors
    /// When the store does not answer; what stood before stands on.
    pub async fn refresh(&self) -> Result<(), TenantsError> {
        let _turn = self.0.turn.lock().await;
        self.0.read().await
    }

    /// Adds a tenant, together with what goes with it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn add(&self, tenant: Tenant, act: Act) -> Result<(), Error> {
        self.in_turn(Change::Add(tenant), act).await
    }

    /// Replaces the tenant whose version is one less.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn replace(&self, tenant: Tenant, act: Act) -> Result<(), Error> {
        self.in_turn(Change::Replace(tenant), act).await
    }

    /// Removes a tenant that is at `version`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn remove(&self, id: TenantId, version: u64, act: Act) -> Result<(), Error> {
        self.in_turn(Change::Remove(id, version), act).await
    }

    /// Waits until every change that is under way has ended; none may be begun from now on.
    pub async fn drained(&self) {
        self.0.under_way.close();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    async fn in_turn(&self, change: Change, act: Act) -> Result<(), Error> {
        let under_way = Arc::clone(&self.0.under_way);
        let permit = under_way.try_acquire_owned().map_err(|_| Error::Busy)?;
        let inner = Arc::clone(&self.0);
        let whole = async move {
            let _permit = permit;
            let _turn = inner.turn.lock().await;
            inner.make(change, act).await
        };
        Ok(self.0.tasks.spawn(whole.in_current_span()).await??)
    }
}

impl Inner {
    async fn make(&self, change: Change, act: Act) -> Result<(), TenantsError> {
        let done = match &change {
            Change::Add(tenant) => self.store.insert_tenant(tenant.clone(), act).await,
            Change::Replace(tenant) => self.store.update_tenant(tenant.clone(), act).await,
            Change::Remove(id, version) => self.store.remove_tenant(*id, *version, act).await,
        };
        if let Err(error) = done {
            if let Err(unread) = self.read().await {
                tracing::warn!(error = %unread, "the tenants may not be as they are stored");
            }
            return Err(error);
        }
        let mut forest = (*self.forest.load_full()).clone();
        match change {
            Change::Add(tenant) | Change::Replace(tenant) => forest.put(tenant),
            Change::Remove(id, _) => forest.take(id),
        }
        self.forest.store(Arc::new(forest));
        Ok(())
    }

    async fn read(&self) -> Result<(), TenantsError> {
        let forest = self.store.forest().await?;
        if forest != **self.forest.load() {
            self.forest.store(Arc::new(forest));
        }
        Ok(())
    }
}
