//! How the twin system is brought back to what the registry holds, after a step that failed between them.
//!
//! The registry has the truth. Left apart, the two would refuse every later change of the node as a
//! conflict, for as long as the process runs.

use std::time::Duration;

use evara_actors::domain::NodeId;
use tokio::time::sleep;

use super::{Error, Inner};

/// What keeps a twin from following is over soon, as a restart of its actor is, or is not over at all.
const ATTEMPTS: u32 = 3;

/// Between two attempts; an actor is back before the second.
const PAUSE: Duration = Duration::from_millis(500);

impl Inner {
    /// Has the system follow what the registry holds of a node; says so in the log where it does not.
    pub(super) async fn follow(&self, id: NodeId) -> Result<(), Error> {
        let mut attempt = 1;
        loop {
            let Err(error) = self.follow_once(id).await else {
                return Ok(());
            };
            if attempt == ATTEMPTS {
                tracing::error!(node = %id, %error, "a twin is not what the registry holds");
                return Err(error);
            }
            tracing::warn!(node = %id, %error, "a twin does not follow the registry yet");
            attempt += 1;
            sleep(PAUSE).await;
        }
    }

    async fn follow_once(&self, id: NodeId) -> Result<(), Error> {
        match (self.registry.node(id).await?, self.system.twin(id)) {
            (Some(spec), Some(_)) => self.system.configure(spec).await?,
            (Some(spec), None) => self.system.create(spec).await.map(drop)?,
            (None, Some(_)) => self.system.remove(id).await?,
            (None, None) => {}
        }
        Ok(())
    }
}
