//! The way to one twin, for everyone but its parent.
//!
//! Holds no truth: reads come from the cell's view and cost no message; writes are counted against
//! the cell's quotas before they are sent, since the mailbox itself has no bound.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::actor::{Broken, Told, TwinMsg};
use super::cell::{Lane, Presence, READINGS_LIMIT, TwinCell};
use super::{Event, Tally, Twin};
use crate::domain::{NodeId, NodeSpec, Sample, Timestamp};
use crate::tree::{Address, AskError};
use crate::watchers::ShardSink;

/// The way to one twin. Cheap to clone, and good across the twin's restarts.
#[derive(Debug, Clone)]
pub struct TwinHandle {
    cell: Arc<TwinCell>,
}

/// Why a twin did not take something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// Too much is waiting, in the mailbox or for the archive: come back later.
    #[error("too much is waiting for the twin")]
    Full,
    /// The actor is being started, and has not seen this: come back soon.
    #[error("the twin is being started")]
    Away,
    /// The actor was given up on until a person releases it.
    #[error("the twin is quarantined")]
    Quarantined,
    /// The node was removed.
    #[error("the node was removed")]
    Gone,
    /// No answer in time. It may have been applied: to repeat it is safe.
    #[error("the twin did not answer in time")]
    TimedOut,
    /// The one behind the first `taken` broke the actor and is kept as a dead letter: to repeat it would
    /// break it again. Those behind it the twin has not seen.
    #[error("the twin broke on it")]
    Broke {
        /// How many were applied, and put into the sink.
        taken: usize,
    },
}

impl TwinHandle {
    /// The most samples that may be offered at once.
    pub const MOST_AT_ONCE: usize = READINGS_LIMIT as usize;

    /// The way to the twin of `cell`, once its actor has moved in.
    pub(crate) fn new(cell: TwinCell) -> Self {
        Self {
            cell: Arc::new(cell),
        }
    }

    /// Whose twin it is.
    pub fn id(&self) -> NodeId {
        self.cell.id()
    }

    /// The twin as it was last published.
    pub fn view(&self) -> Arc<Twin> {
        self.cell.view()
    }

    /// What the numbers of a fleet need of the twin as it was last published.
    pub fn tally(&self) -> Tally {
        self.cell.tally()
    }

    /// Readings and other messages that wait, or are being handled.
    pub fn depth(&self) -> u32 {
        self.cell.depth()
    }

    /// Readings and other messages that were refused for want of room, since the process started.
    pub fn refused(&self) -> u64 {
        self.cell.refused()
    }

    /// How often the actor was started again, since the process started.
    pub fn restarts(&self) -> u32 {
        self.cell.restarts()
    }

    /// Whether the actor can be sent to.
    pub fn presence(&self) -> Presence {
        self.cell.presence()
    }

    /// Hands over a sample; `Ok` once it has been applied and put into the sink. To repeat it is safe.
    ///
    /// # Errors
    /// See [`OfferError`]. An answer always comes: `TimedOut` is the word of callers who stop waiting for it.
    pub async fn offer(&self, sample: Arc<Sample>) -> Result<(), OfferError> {
        let observed = Told::One(Event::Observed(sample));
        self.send(Lane::Readings, 1, observed).await
    }

    /// Hands over samples in one message; `Ok` once all have been applied in their order and put into
    /// the sink. Leads to the same as if each were offered by itself. To repeat them is safe.
    ///
    /// # Errors
    /// See [`OfferError`]. `Full` where there is no room for all of them, and so always for more than
    /// [`TwinHandle::MOST_AT_ONCE`].
    pub async fn offer_all(&self, samples: Vec<Arc<Sample>>) -> Result<(), OfferError> {
        if samples.is_empty() {
            return Ok(());
        }
        let places = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        self.send(Lane::Readings, places, Told::Samples(samples))
            .await
    }

    /// Gives the twin a new description; `Ok` once it goes by it.
    ///
    /// # Errors
    /// See [`OfferError`].
    pub(crate) async fn configure(
        &self,
        spec: Arc<NodeSpec>,
        at: Timestamp,
    ) -> Result<(), OfferError> {
        let configured = Told::One(Event::Configured { spec, at });
        self.send(Lane::Controls, 1, configured).await
    }

    /// Has the twin judge its status anew. A tick that is lost is made good by the next one.
    pub(crate) fn tick(&self, now: Timestamp) {
        if let Ok(ticket) = self.cell.admit(Lane::Controls, 1) {
            let ticked = TwinMsg::new(Told::One(Event::Ticked { now }), ticket, None);
            let _lost = self.address().tell(ticked);
        }
    }

    /// Waits until all that its shard has put into the sink so far is committed: then whatever was
    /// offered before, also twice, survives a crash. `false` when that takes longer than `within`, and
    /// at once when another process took over.
    pub async fn committed(&self, within: Duration) -> bool {
        let sink = self.cell.sink();
        let deadline = Instant::now() + within;
        sink.durable_by(sink.sequence(), deadline).await
    }

    /// Where its changes go.
    pub fn sink(&self) -> Arc<ShardSink> {
        self.cell.sink()
    }

    /// What outlives its actor.
    pub(crate) fn cell(&self) -> &Arc<TwinCell> {
        &self.cell
    }

    /// Where its actor lives; for its parent, which moves it in.
    pub(crate) fn address(&self) -> &Address<TwinMsg> {
        self.cell.address()
    }

    async fn send(&self, lane: Lane, places: u32, told: Told) -> Result<(), OfferError> {
        let ticket = self.cell.admit(lane, places)?;
        let asked = self
            .address()
            .ask_prompt(|reply| TwinMsg::new(told, ticket, Some(reply)));
        match asked.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Broken { taken })) => Err(OfferError::Broke { taken }),
            Err(AskError::TimedOut) => Err(OfferError::TimedOut),
            // The twin answers whatever it handles, also what breaks it: this one it has not seen.
            Err(AskError::Vacant | AskError::Died) => {
                Err(self.cell.check().err().unwrap_or(OfferError::Away))
            }
        }
    }
}
