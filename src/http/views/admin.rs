//! What those who run the service see of it, as JSON.

use evara_actors::ports::DeadLetter;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Time;

/// A message that broke an actor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct DeadLetterView {
    id: Uuid,
    node_id: Uuid,
    at: Time,
    /// What the panic said.
    error: String,
    /// The message, as JSON in a string.
    message: String,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            node_id: letter.node.0,
            at: Time(letter.at),
            error: letter.error,
            message: letter.message,
        }
    }
}
