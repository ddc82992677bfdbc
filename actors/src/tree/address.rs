//! Where actors live: the only file that sends messages to one.
//!
//! Holds the way to whoever lives at an address now, never a state of its own. Nothing else may keep a
//! bare reference to an actor but its parent: such a reference goes stale with the first restart.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use ractor::rpc::CallResult;
use ractor::{ActorProcessingErr, ActorRef, Message, RpcReplyPort};
use tokio::sync::oneshot;

/// Longer than any actor here needs for a full mailbox, and short enough for a person to wait.
pub(crate) const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// The outcome of a step in an actor's life.
pub(crate) type Done<T = ()> = Result<T, ActorProcessingErr>;

/// Where an actor lives, whoever lives there now. Vacant until someone moves in. It outlives the actor:
/// those who send share it.
pub(crate) struct Address<M>(ArcSwapOption<ActorRef<M>>);

/// Why nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AskError {
    /// Nobody lives there, or whoever did has stopped; the message was not handled.
    #[error("nobody lives at the address")]
    Vacant,
    /// The message was taken, and dropped without an answer.
    #[error("the actor died before it answered")]
    Died,
    /// The message was taken, and may still be handled.
    #[error("the actor did not answer in time")]
    TimedOut,
}

impl<M: Message> Address<M> {
    /// From now on, messages go to `actor`.
    pub(crate) fn move_in(&self, actor: ActorRef<M>) {
        self.0.store(Some(Arc::new(actor)));
    }

    /// From now on, there is nobody to send to.
    pub(crate) fn move_out(&self) {
        self.0.store(None);
    }

    /// Asks, and waits no longer than [`ASK_TIMEOUT`].
    pub(crate) async fn ask<R: Send + 'static>(
        &self,
        message: impl FnOnce(RpcReplyPort<R>) -> M,
    ) -> Result<R, AskError> {
        self.ask_within(ASK_TIMEOUT, message).await
    }

    /// Asks, and waits no longer than `patience`.
    #[expect(clippy::disallowed_methods, reason = "this is what wraps it")]
    pub(crate) async fn ask_within<R: Send + 'static>(
        &self,
        patience: Duration,
        message: impl FnOnce(RpcReplyPort<R>) -> M,
    ) -> Result<R, AskError> {
        let Some(actor) = self.0.load_full() else {
            return Err(AskError::Vacant);
        };
        match actor.call(message, Some(patience)).await {
            Ok(CallResult::Success(reply)) => Ok(reply),
            Ok(CallResult::Timeout) => Err(AskError::TimedOut),
            Ok(CallResult::SenderError) => Err(AskError::Died),
            Err(_) => Err(AskError::Vacant),
        }
    }

    /// Asks one that waits for nothing while it handles a message, and whose mailbox has a bound: its
    /// answer comes, or its end does. So no timer is set, which would cost as much as the message.
    pub(crate) async fn ask_prompt<R: Send + 'static>(
        &self,
        message: impl FnOnce(RpcReplyPort<R>) -> M,
    ) -> Result<R, AskError> {
        let (reply, answered) = oneshot::channel();
        self.tell(message(reply.into()))?;
        answered.await.map_err(|_| AskError::Died)
    }

    /// Sends without waiting for an answer. Mailboxes have no bound of their own: whoever tells must
    /// count what is on its way, or send so seldom that it cannot pile up.
    #[expect(clippy::disallowed_methods, reason = "this is what wraps it")]
    pub(crate) fn tell(&self, message: M) -> Result<(), AskError> {
        let actor = self.0.load();
        let actor = actor.as_ref().ok_or(AskError::Vacant)?;
        actor.cast(message).map_err(|_| AskError::Vacant)
    }
}

/// Sends an actor a message of its own after a while, if it still lives then.
pub(crate) fn later<M: Message>(actor: &ActorRef<M>, pause: Duration, message: M) {
    let _timer = actor.send_after(pause, || message);
}

/// Answers, if anyone is still waiting.
pub(crate) fn answer<R>(reply: RpcReplyPort<R>, value: R) {
    let _gone = reply.send(value).is_err();
}

impl<M> Default for Address<M> {
    fn default() -> Self {
        Self(ArcSwapOption::empty())
    }
}

impl<M> fmt::Debug for Address<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.0.load();
        let id = who.as_ref().map(|actor| actor.get_id());
        f.debug_tuple("Address").field(&id).finish()
    }
}
