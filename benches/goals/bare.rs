//! The least that an actor of the library can be: what twins are compared with.

use std::sync::Arc;

use evara_actors::domain::Sample;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::oneshot;

/// Counts what it is sent.
struct Bare;

/// A reading, and who waits for it to be counted.
pub(crate) struct Said {
    sample: Arc<Sample>,
    done: oneshot::Sender<()>,
}

impl Actor for Bare {
    type Msg = Said;
    type State = usize;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Said>, (): ()) -> Result<usize, ActorProcessingErr> {
        Ok(0)
    }

    async fn handle(
        &self,
        _: ActorRef<Said>,
        said: Said,
        count: &mut usize,
    ) -> Result<(), ActorProcessingErr> {
        *count += said.sample.values.len();
        // Whoever waits is there until the answer comes.
        let _gone = said.done.send(()).is_err();
        Ok(())
    }
}

/// Starts so many.
pub(crate) async fn actors(count: usize) -> Vec<ActorRef<Said>> {
    let mut actors = Vec::with_capacity(count);
    for _ in 0..count {
        let (actor, _) = Actor::spawn(None, Bare, ()).await.expect("an actor starts");
        actors.push(actor);
    }
    actors
}

/// Sends a reading, and waits until it was counted.
#[expect(
    clippy::disallowed_methods,
    reason = "the ceiling is the library as it is"
)]
pub(crate) async fn cast(actor: &ActorRef<Said>, sample: Arc<Sample>) {
    let (done, counted) = oneshot::channel();
    actor
        .cast(Said { sample, done })
        .expect("a bare actor never stops");
    counted.await.expect("a bare actor answers");
}
