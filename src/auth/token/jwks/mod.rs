//! The keys that a project publishes: fetched when they are needed, one fetch at a time, and held for a
//! while.
//!
//! ```text
//! fetched ── 10 min: used as they are ──▶ fetched anew before use ── an hour: used if that fails ──▶ none
//!            an unknown id: fetched anew, once in 30 s
//! ```
//!
//! The truth is the project's. A fetch belongs to nobody who waits for it, so that whoever hangs up stops
//! none; and it ends at its deadline, so that nobody waits for longer. Never asked for tokens that no
//! published key could prove.

mod held;
mod http;
mod set;

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use evara_actors::ports::{BoxFuture, Clock};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

pub use http::{HttpJwks, JwksError, SetupError};

use super::Refused;
use super::header::Algorithm;
use super::key::Key;
use held::{Held, Step};
use set::KeySet;

/// A person waits behind it; Supabase answers from a cache near by.
const DEADLINE: Duration = Duration::from_secs(3);

/// Fetches the document with the project's keys.
pub trait JwksSource: Debug + Send + Sync {
    /// Asks once, and reads no more than [`HttpJwks::MOST_BYTES`].
    fn fetch(&self) -> BoxFuture<'_, Result<Bytes, JwksError>>;
}

/// See the module. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Jwks(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    issuer: String,
    source: Arc<dyn JwksSource>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    fetches: TaskTracker,
}

#[derive(Debug, Default)]
struct State {
    held: Held,
    /// Closed when the fetch that is under way ends, however it does.
    flight: Option<watch::Receiver<()>>,
}

impl Jwks {
    pub(super) fn new(issuer: String, source: Arc<dyn JwksSource>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            issuer,
            source,
            clock,
            state: Mutex::default(),
            fetches: TaskTracker::new(),
        }))
    }

    /// The key of this id for this algorithm; waits for at most one fetch.
    pub(super) async fn key(&self, id: &str, algorithm: Algorithm) -> Result<Arc<Key>, Refused> {
        let mut flight = {
            let mut state = self.0.state();
            let is_flying = state.flying().is_some();
            match state
                .held
                .step(id, algorithm, self.0.clock.now(), is_flying)
            {
                Step::Use(key) => return Ok(key),
                Step::Refuse(why) => return Err(why),
                Step::Fetch => self.flight(&mut state),
            }
        };
        let _ended = flight.changed().await;
        let state = self.0.state();
        state.held.after_fetch(id, algorithm, self.0.clock.now())
    }

    /// The fetch that is under way, or a new one.
    fn flight(&self, state: &mut State) -> watch::Receiver<()> {
        if let Some(flight) = state.flying() {
            return flight.clone();
        }
        let (landed, flight) = watch::channel(());
        state.held.tried(self.0.clock.now());
        state.flight = Some(flight.clone());
        let shared = Arc::clone(&self.0);
        self.0.fetches.spawn(async move {
            shared.fetch().await;
            drop(landed);
        });
        flight
    }
}

impl State {
    fn flying(&self) -> Option<&watch::Receiver<()>> {
        let flight = self.flight.as_ref();
        flight.filter(|flight| flight.has_changed().is_ok())
    }
}

impl Shared {
    async fn fetch(&self) {
        let fetched = timeout(DEADLINE, self.source.fetch()).await;
        let fetched = fetched.unwrap_or(Err(JwksError::TimedOut));
        let read = |document: Bytes| {
            KeySet::read(&document, &self.issuer).map_err(|error| JwksError::NotKeys(error.into()))
        };
        match fetched.and_then(read) {
            Ok(set) => self.state().held.replace(set, self.clock.now()),
            Err(error) => {
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::warn!(error, "the project's keys could not be fetched");
            }
        }
    }

    /// No code that holds it can panic half-way through a change.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
