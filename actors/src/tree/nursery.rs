//! What a shard's supervisor knows and does about its children's actors.
//!
//! Owns which actor is which child, and how often each failed. A child has at most one actor: nothing is
//! started for a child that has one.

use std::collections::HashMap;

use ractor::{ActorCell, ActorId, ActorRef, SpawnErr};
use tokio::time::Instant;

use super::address::later;
use super::child::{drain, judge};
use super::restart::{CHILD, Decision, History};
use super::shard::{Child, Msg, Seat, Shard};
use crate::domain::{NodeId, StatusState};
use crate::twin::{Event, OfferError, Presence, TwinHandle, perform, text_of};

/// The children of one shard.
pub(super) struct Nursery {
    pub(super) ours: Shard,
    by_actor: HashMap<ActorId, (Child, ActorCell)>,
    history: HashMap<Child, History>,
    began: Instant,
    /// Nobody is started any more.
    closing: bool,
}

impl Nursery {
    pub(super) fn new(ours: Shard) -> Self {
        Self {
            ours,
            by_actor: HashMap::new(),
            history: HashMap::new(),
            began: Instant::now(),
            closing: false,
        }
    }

    /// Starts everyone on the roster but those in quarantine, also those that were put there before the
    /// process was started.
    pub(super) async fn start_all(&mut self, myself: &ActorRef<Msg>) -> Result<(), SpawnErr> {
        let roster = self.ours.roster().clone();
        for (child, seat) in roster {
            if is_quarantined(&seat) {
                seat.set_presence(Presence::Quarantined);
            } else {
                self.start(myself, child, &seat).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn adopt(
        &mut self,
        myself: &ActorRef<Msg>,
        child: Child,
        seat: Seat,
    ) -> Result<(), SpawnErr> {
        if self.has_actor(child) {
            // Asked twice, since the first answer did not come in time: the later seat counts.
            self.dismiss(child).await;
        }
        self.ours.roster().insert(child, seat.clone());
        if is_quarantined(&seat) {
            seat.set_presence(Presence::Quarantined);
            return Ok(());
        }
        self.start(myself, child, &seat).await
    }

    async fn start(
        &mut self,
        myself: &ActorRef<Msg>,
        child: Child,
        seat: &Seat,
    ) -> Result<(), SpawnErr> {
        if self.closing || self.has_actor(child) {
            return Ok(());
        }
        let actor = seat.start(self.ours.args.apply, myself.get_cell()).await?;
        self.by_actor.insert(actor.get_id(), (child, actor));
        seat.set_presence(Presence::Running);
        Ok(())
    }

    pub(super) async fn restart(
        &mut self,
        myself: &ActorRef<Msg>,
        child: Child,
    ) -> Result<(), SpawnErr> {
        let Some(seat) = self.seat(child) else {
            return Ok(());
        };
        if seat.presence() != Presence::Restarting || self.has_actor(child) {
            return Ok(());
        }
        seat.count_restart();
        self.start(myself, child, &seat).await
    }

    /// Forgets the child first: its end, once it is told of, is then no failure.
    pub(super) async fn dismiss(&mut self, child: Child) {
        let seat = self.ours.roster().remove(&child);
        if let Some(seat) = seat {
            seat.set_presence(Presence::Restarting);
        }
        self.history.remove(&child);
        let actors = self.by_actor.extract_if(|_, (whose, _)| *whose == child);
        drain(actors.map(|(_, (_, actor))| actor).collect()).await;
    }

    /// Stops the children of one kind for good.
    pub(super) async fn stop(&mut self, kind: impl Fn(&Child) -> bool) {
        self.closing = true;
        for (_, seat) in self.ours.roster().iter().filter(|(child, _)| kind(child)) {
            if seat.presence() == Presence::Running {
                seat.set_presence(Presence::Restarting);
            }
        }
        let actors = self.by_actor.extract_if(|_, (child, _)| kind(child));
        drain(actors.map(|(_, (_, actor))| actor).collect()).await;
    }

    /// What to do about the end of an actor; nothing if it was expected.
    pub(super) fn failed(&mut self, myself: &ActorRef<Msg>, actor: &ActorCell, error: &str) {
        let Some((child, _)) = self.by_actor.remove(&actor.get_id()) else {
            return;
        };
        let Some(seat) = self.seat(child) else {
            return;
        };
        seat.set_presence(Presence::Restarting);
        let history = self.history.entry(child).or_default();
        match judge(history, CHILD, self.began, seed(child), seat.restarts()) {
            Decision::RestartAfter(pause) => {
                tracing::warn!(actor = %child, error, "an actor failed and will be started again");
                later(myself, pause, Msg::Restart(child));
            }
            Decision::GiveUp => {
                tracing::error!(actor = %child, error, "an actor failed too often and is quarantined");
                self.quarantine(&seat);
            }
        }
    }

    fn quarantine(&self, seat: &Seat) {
        seat.set_presence(Presence::Quarantined);
        if let Seat::Twin(twin) = seat {
            let at = self.ours.args.clock.now();
            // Quarantined it is in any case; what could not be written down is a dead letter.
            let _unsaid = self.perform_on(twin, Event::Quarantined { at }).is_err();
        }
    }

    /// Starts a child that was given up on; `false` when none was.
    pub(super) async fn release(
        &mut self,
        myself: &ActorRef<Msg>,
        child: Child,
    ) -> Result<bool, SpawnErr> {
        let seat = self.seat(child);
        let Some(seat) = seat.filter(|seat| seat.presence() == Presence::Quarantined) else {
            return Ok(false);
        };
        if let Seat::Twin(twin) = &seat {
            let at = self.ours.args.clock.now();
            let _unsaid = self.perform_on(twin, Event::Released { at }).is_err();
        }
        self.history.remove(&child);
        self.start(myself, child, &seat).await?;
        Ok(true)
    }

    /// Applies an event to a twin that has no actor.
    pub(super) fn perform(&self, node: NodeId, event: Event) -> Result<(), OfferError> {
        let child = Child::Twin(node);
        match self.seat(child) {
            Some(Seat::Twin(twin)) if !self.has_actor(child) => self.perform_on(&twin, event),
            Some(_) => Err(OfferError::Away),
            None => Err(OfferError::Gone),
        }
    }

    fn perform_on(&self, twin: &TwinHandle, event: Event) -> Result<(), OfferError> {
        perform(twin.cell(), self.ours.args.apply, [event]).map_err(|(_, panic)| {
            let error = text_of(panic.as_ref());
            tracing::error!(node.id = %twin.id(), error, "a twin broke on an event of its supervisor");
            OfferError::Broke { taken: 0 }
        })
    }

    /// The children that run, as the runtime knows them, by name.
    pub(super) fn list(&self, myself: &ActorRef<Msg>) -> Vec<String> {
        let name = |actor: ActorCell| match self.by_actor.get(&actor.get_id()) {
            Some((child, _)) => child.to_string(),
            None => format!("unknown/{}", actor.get_id()),
        };
        let mut names: Vec<String> = myself.get_children().into_iter().map(name).collect();
        names.sort();
        names
    }

    fn seat(&self, child: Child) -> Option<Seat> {
        self.ours.roster().get(&child).cloned()
    }

    fn has_actor(&self, child: Child) -> bool {
        self.by_actor.values().any(|(whose, _)| *whose == child)
    }
}

fn is_quarantined(seat: &Seat) -> bool {
    match seat {
        Seat::Twin(twin) => twin.view().status().state == StatusState::Quarantined,
        Seat::Poller(poller) => poller.vitals.presence() == Presence::Quarantined,
    }
}

fn seed(child: Child) -> u64 {
    match child {
        Child::Twin(node) => node.0.as_u64_pair().1,
        Child::Poller(channel) => channel.0,
    }
}
