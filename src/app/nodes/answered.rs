//! Changes whose answer is kept with them: a repetition is answered alike, whatever happens in between.
//!
//! What is kept with a change comes before it, and so tells of a twin that is foreseen.

use std::sync::Arc;

use evara_actors::domain::NodeSpec;
use evara_actors::ports::RegistryError;
use evara_actors::twin::{Event, Twin, apply};

use super::{Error, Inner, KeptAnswer, KeyChange, Nodes, Precondition, checked, is_same};

impl Nodes {
    /// The twin as a change to `spec` will leave it, if nothing else happens to it before.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`]
    pub fn foreseen(&self, spec: &NodeSpec) -> Result<Arc<Twin>, Error> {
        checked(spec)?;
        let before = self.0.system.twin(spec.id).ok_or(Error::NotFound)?.view();
        if is_same(before.spec(), spec) {
            return Ok(before);
        }
        let configured = Event::Configured {
            spec: Arc::new(spec.clone()),
            at: self.0.clock.now(),
        };
        Ok(Arc::new(apply(&before, &configured).twin))
    }

    /// [`Nodes::update`], together with the answer to whoever asked for it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update_answered(
        &self,
        spec: NodeSpec,
        expected: Precondition,
        answer: Option<KeptAnswer>,
    ) -> Result<Arc<Twin>, Error> {
        checked(&spec)?;
        let (inner, id) = (Arc::clone(&self.0), spec.id);
        let change = async move { inner.rebind(spec, KeyChange::Keep, expected, answer).await };
        self.in_turn(id, change).await
    }
}

impl Inner {
    /// Keeps a change, and its answer in the same transaction.
    pub(super) async fn kept(
        &self,
        spec: NodeSpec,
        answer: Option<KeptAnswer>,
    ) -> Result<(), RegistryError> {
        match answer {
            Some((receipts, kept)) => receipts.update_node(spec, kept).await,
            None => self.registry.update(spec).await,
        }
    }
}

/// Keeps the answer to a change that was none.
pub(super) async fn kept_alone(answer: Option<KeptAnswer>) -> Result<(), Error> {
    let Some((receipts, kept)) = answer else {
        return Ok(());
    };
    let finished = receipts.finish(kept).await;
    finished.map_err(|error| Error::Registry(RegistryError::Unavailable(Box::new(error))))
}
