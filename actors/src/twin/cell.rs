//! What outlives a twin's actor: its last published view, and the counters of its mailbox.
//!
//! A restart begins from the view that is held here, so it must only ever be replaced by a twin that
//! [`apply()`](super::apply()) returned, after what it wished for has been put into the sink: a snapshot that
//! is taken of the view must never be ahead of the rows that led to it.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use super::actor::TwinMsg;
use super::{OfferError, Tally, Twin};
use crate::domain::NodeId;
use crate::tree::Address;
use crate::watchers::ShardSink;

/// Readings that may wait in one mailbox: a few polls' worth of backfill, a tenth of a second of work.
pub(crate) const READINGS_LIMIT: u32 = 256;

/// Ticks and changes of the description that may wait, beside the readings and never behind a refusal
/// of them: people change a description seldom, and a tick comes once a second.
pub(crate) const CONTROLS_LIMIT: u32 = 8;

/// Whether a twin's actor can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Presence {
    /// The actor runs.
    Running,
    /// It failed, or moves house, and will be back.
    Restarting,
    /// It was given up on until a person releases it.
    Quarantined,
    /// The node was removed.
    Gone,
}

impl Presence {
    /// The name used in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Quarantined => "quarantined",
            Self::Gone => "gone",
        }
    }
}

/// Which of the two quotas a message counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Readings,
    Controls,
}

/// What is known of a twin without asking it.
#[derive(Debug)]
pub(crate) struct TwinCell {
    id: NodeId,
    /// Where its actor lives.
    address: Address<TwinMsg>,
    view: ArcSwap<Twin>,
    /// Of the view, once somebody asked; `None` from when the view was replaced.
    tally: Mutex<Option<Tally>>,
    /// Changes only while no actor lives: when the node moves to another shard.
    sink: ArcSwap<ShardSink>,
    refused: AtomicU64,
    readings: AtomicU32,
    controls: AtomicU32,
    restarts: AtomicU32,
    presence: AtomicU8,
    /// Whether the sink has it among its unsaved twins. The sink's alone, and under its lock.
    unsaved: AtomicBool,
}

impl TwinCell {
    /// The cell of a twin whose actor is not there yet.
    pub(crate) fn new(twin: Twin, sink: Arc<ShardSink>) -> Self {
        Self {
            id: twin.spec().id,
            address: Address::default(),
            view: ArcSwap::from_pointee(twin),
            tally: Mutex::new(None),
            sink: ArcSwap::new(sink),
            refused: AtomicU64::new(0),
            readings: AtomicU32::new(0),
            controls: AtomicU32::new(0),
            restarts: AtomicU32::new(0),
            presence: AtomicU8::new(Presence::Restarting as u8),
            unsaved: AtomicBool::new(false),
        }
    }

    /// Whose cell this is.
    pub(crate) fn id(&self) -> NodeId {
        self.id
    }

    /// Where its actor lives; for its handle, and for its parent, which moves it in.
    pub(super) fn address(&self) -> &Address<TwinMsg> {
        &self.address
    }

    /// The twin as it was last published.
    pub(crate) fn view(&self) -> Arc<Twin> {
        self.view.load_full()
    }

    /// Shows `twin` to everyone who reads from now on.
    pub(super) fn publish(&self, twin: Twin) {
        self.view.store(Arc::new(twin));
        // After the view: whoever worked it out of the one before has put it there by now, or sees the new one.
        *self.known_tally() = None;
    }

    /// What the numbers of a fleet need of the twin as it was last published.
    pub(super) fn tally(&self) -> Tally {
        *self
            .known_tally()
            .get_or_insert_with(|| Tally::of(&self.view.load()))
    }

    /// What it guards is replaced as a whole, so that a panic elsewhere spoils nothing.
    fn known_tally(&self) -> MutexGuard<'_, Option<Tally>> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where its changes go.
    pub(crate) fn sink(&self) -> Arc<ShardSink> {
        self.sink.load_full()
    }

    /// Sends its changes to another shard from now on. Only while no actor lives.
    pub(crate) fn move_to(&self, sink: Arc<ShardSink>) {
        self.sink.store(sink);
    }

    /// Readings and other messages that wait, or are being handled.
    pub(crate) fn depth(&self) -> u32 {
        self.readings.load(Ordering::Relaxed) + self.controls.load(Ordering::Relaxed)
    }

    /// Readings that were refused for want of room, since the process started.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How often its actor was started again, since the process started.
    pub(crate) fn restarts(&self) -> u32 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// Counts a start after a failure.
    pub(crate) fn count_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether its actor can be sent to.
    pub(crate) fn presence(&self) -> Presence {
        match self.presence.load(Ordering::Acquire) {
            0 => Presence::Running,
            1 => Presence::Restarting,
            2 => Presence::Quarantined,
            _ => Presence::Gone,
        }
    }

    /// Says whether its actor can be sent to. The supervisor's to say, nobody else's.
    pub(crate) fn set_presence(&self, presence: Presence) {
        self.presence.store(presence as u8, Ordering::Release);
    }

    /// Whether its sink has it among the unsaved twins.
    pub(crate) fn is_unsaved(&self) -> bool {
        self.unsaved.load(Ordering::Relaxed)
    }

    /// Says whether it is among the unsaved twins of its sink. The sink's to say, nobody else's.
    pub(crate) fn set_unsaved(&self, unsaved: bool) {
        self.unsaved.store(unsaved, Ordering::Relaxed);
    }

    /// So many places in the mailbox, held until the ticket is dropped: with the message, however it
    /// ends.
    pub(super) fn admit(self: &Arc<Self>, lane: Lane, places: u32) -> Result<Ticket, OfferError> {
        self.check()?;
        let (count, limit) = match lane {
            Lane::Readings => (&self.readings, READINGS_LIMIT),
            Lane::Controls => (&self.controls, CONTROLS_LIMIT),
        };
        let no_room = lane == Lane::Readings && !self.sink.load().has_room();
        let take = |waiting: u32| {
            let after = waiting.saturating_add(places);
            (!no_room && after <= limit).then_some(after)
        };
        if count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_err()
        {
            self.refused.fetch_add(u64::from(places), Ordering::Relaxed);
            return Err(OfferError::Full);
        }
        let cell = Arc::clone(self);
        Ok(Ticket { cell, lane, places })
    }

    /// Why nothing can be sent just now, if so.
    pub(super) fn check(&self) -> Result<(), OfferError> {
        match self.presence() {
            Presence::Running => Ok(()),
            Presence::Restarting => Err(OfferError::Away),
            Presence::Quarantined => Err(OfferError::Quarantined),
            Presence::Gone => Err(OfferError::Gone),
        }
    }
}

/// Places in a mailbox.
#[derive(Debug)]
pub(super) struct Ticket {
    cell: Arc<TwinCell>,
    lane: Lane,
    places: u32,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let count = match self.lane {
            Lane::Readings => &self.cell.readings,
            Lane::Controls => &self.cell.controls,
        };
        count.fetch_sub(self.places, Ordering::Relaxed);
    }
}
