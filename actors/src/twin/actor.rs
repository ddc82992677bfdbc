//! The actor of one twin: the only one that changes its live state.
//!
//! Decides nothing itself: [`apply()`](super::apply()) does. It waits for nothing and does no IO, so it
//! keeps nothing but a pointer. A message that breaks it is kept as a dead letter before it dies of it;
//! its [shard](crate::tree) starts it again from the view that was last published.

use std::any::Any;
use std::panic::resume_unwind;
use std::sync::Arc;

use ractor::{Actor, ActorCell, ActorRef, RpcReplyPort, SpawnErr};
use serde_json::json;
use uuid::{NoContext, Uuid};

use super::cell::{Ticket, TwinCell};
use super::series::{Panic, Series};
use super::{Event, Transition, Twin, TwinHandle};
use crate::domain::{NodeId, Sample, Timestamp};
use crate::ports::DeadLetter;
use crate::tree::{Done, answer};

/// What of a message is kept once it broke an actor: more than the largest sample that is taken.
const DEAD_LETTER_BYTES: usize = 64 * 1024;

/// What decides: [`apply()`](super::apply()), but for tests of what comes after a panic in it.
pub(crate) type Apply = fn(&Twin, &Event) -> Transition;

/// What a twin is born with.
pub(crate) struct TwinArgs {
    pub(crate) cell: Arc<TwinCell>,
    pub(crate) apply: Apply,
}

/// What a twin is told.
pub(super) enum Told {
    One(Event),
    /// In their order, as one step.
    Samples(Vec<Arc<Sample>>),
}

/// A message to a twin.
pub(crate) struct TwinMsg {
    told: Told,
    /// Frees the place in the mailbox when the message is dropped, handled or not.
    ticket: Ticket,
    /// `None` for what nobody waits for.
    reply: Option<RpcReplyPort<Result<(), Broken>>>,
}

impl TwinMsg {
    pub(super) fn new(
        told: Told,
        ticket: Ticket,
        reply: Option<RpcReplyPort<Result<(), Broken>>>,
    ) -> Self {
        Self {
            told,
            ticket,
            reply,
        }
    }
}

/// The answer of an actor that this very message broke.
pub(crate) struct Broken {
    /// How many events of the message were applied before.
    pub(super) taken: usize,
}

impl TwinHandle {
    /// Starts the twin, or starts it anew for everyone who already holds this handle.
    pub(crate) async fn start(
        &self,
        apply: Apply,
        parent: ActorCell,
    ) -> Result<ActorCell, SpawnErr> {
        let cell = Arc::clone(self.cell());
        // No name: ractor's registry is one for the process, and a name is kept twice for each actor.
        let (actor, _) =
            Actor::spawn_linked(None, TwinActor, TwinArgs { cell, apply }, parent).await?;
        let child = actor.get_cell();
        self.address().move_in(actor);
        Ok(child)
    }
}

struct TwinActor;

impl Actor for TwinActor {
    type Msg = TwinMsg;
    type State = TwinArgs;
    type Arguments = TwinArgs;

    async fn pre_start(&self, _: ActorRef<TwinMsg>, args: TwinArgs) -> Done<TwinArgs> {
        Ok(args)
    }

    async fn handle(&self, _: ActorRef<TwinMsg>, msg: TwinMsg, state: &mut TwinArgs) -> Done {
        let TwinMsg {
            told,
            ticket,
            reply,
        } = msg;
        let (cell, apply) = (&state.cell, state.apply);
        let outcome = match told {
            Told::One(event) => perform(cell, apply, [event]),
            Told::Samples(samples) => {
                perform(cell, apply, samples.into_iter().map(Event::Observed))
            }
        };
        drop(ticket);
        match outcome {
            Ok(()) => respond(reply, Ok(())),
            Err((broken, panic)) => {
                respond(reply, Err(broken));
                resume_unwind(panic)
            }
        }
        Ok(())
    }
}

fn respond(reply: Option<RpcReplyPort<Result<(), Broken>>>, result: Result<(), Broken>) {
    if let Some(reply) = reply {
        answer(reply, result);
    }
}

/// Applies `events` as one step: what they lead to is put into the sink, published, and told. For the
/// twin's actor, or for its supervisor while there is none; there must never be two at once.
///
/// # Errors
/// What the panic carried, once the event that broke is in the sink as a dead letter, behind what those
/// before it led to.
pub(crate) fn perform(
    cell: &Arc<TwinCell>,
    apply: Apply,
    events: impl IntoIterator<Item = Event>,
) -> Result<(), (Broken, Panic)> {
    let before = cell.view();
    let Series {
        twin,
        effects,
        taken,
        broken,
    } = Series::of(&before, apply, events);
    if let Some(twin) = twin {
        let sink = cell.sink();
        sink.put(cell, before.revision(), effects);
        cell.publish(twin);
        sink.tell(cell);
    }
    let Some((event, panic)) = broken else {
        return Ok(());
    };
    cell.sink()
        .put_dead_letter(dead_letter(cell.id(), &event, panic.as_ref()));
    Err((Broken { taken }, panic))
}

fn dead_letter(node: NodeId, event: &Event, panic: &(dyn Any + Send)) -> DeadLetter {
    let at = time_of(event);
    let mut message = describe(event);
    message.truncate(message.floor_char_boundary(DEAD_LETTER_BYTES));
    DeadLetter {
        id: id_at(at),
        node,
        at,
        error: text_of(panic),
        message,
    }
}

/// A UUIDv7 of the event's own time: the twin asks no clock.
fn id_at(at: Timestamp) -> Uuid {
    let millis = at.millis().max(0).unsigned_abs();
    let nanos = (millis % 1000) as u32 * 1_000_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, millis / 1000, nanos))
}

fn time_of(event: &Event) -> Timestamp {
    match event {
        Event::Observed(sample) => sample.received_at,
        Event::Configured { at, .. } | Event::Quarantined { at } | Event::Released { at } => *at,
        Event::Ticked { now } => *now,
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Observed(sample) => json!({ "type": "observed", "sample": sample }),
        Event::Configured { spec, at } => json!({ "type": "configured", "spec": spec, "at": at }),
        Event::Ticked { now } => json!({ "type": "ticked", "now": now }),
        Event::Quarantined { at } => json!({ "type": "quarantined", "at": at }),
        Event::Released { at } => json!({ "type": "released", "at": at }),
    }
    .to_string()
}

/// What a panic said, where it said something.
pub(crate) fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without words".to_owned())
}
