//! Changes whose answer is kept with them: a repetition is answered alike, whatever happens in between.
//!
//! What is kept with a change comes before it, and so tells of a twin that is foreseen.

use std::sync::Arc;

use evara_actors::domain::NodeSpec;
use evara_actors::ports::RegistryError;
use evara_actors::twin::{Event, Twin, apply};

use super::{Error, Inner, Nodes, checked, is_same};
use crate::store::Act;

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
}

impl Inner {
    /// Keeps the answer to a change that was none: of such there is nothing else to be written down.
    pub(super) async fn kept_alone(&self, act: Act) -> Result<(), Error> {
        let Some(kept) = act.receipt else {
            return Ok(());
        };
        let finished = self.acts.finish(kept).await;
        finished.map_err(|error| Error::Registry(RegistryError::Unavailable(Box::new(error))))
    }
}
