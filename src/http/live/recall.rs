//! What somebody missed of a node while there was no log of it, as when the service was started again: read in the
//! archive, where every change of a twin is.
//!
//! Only of one node, and only a little: whoever was away for longer is better off with a snapshot. What he knows is
//! held against what the archive knows of that revision: where he was told what was never written, he begins
//! anew.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::NodeId;
use evara_actors::watchers::broadcast::Update;
use tokio::time::timeout;

use super::cursor::Known;
use super::frame::known;
use super::watch::Recalled;
use crate::history;
use crate::http::state::AppState;

/// Those who are read for at once: a service that was started again has everybody come back together, and the
/// database other things to do. Who finds no turn begins anew.
pub(super) const TURNS: usize = 4;

/// Many times what it takes; a snapshot is there at once.
const WITHIN: Duration = Duration::from_secs(2);

/// What is sent at most of what was missed: four hours by the minute.
const MOST_MISSED: usize = 256;

/// What happened to a node since somebody knew it so; `None` where that cannot be told.
pub(super) async fn recall(app: &AppState, node: NodeId, then: Known) -> Option<Recalled> {
    let _turn = app.live().recalls.try_acquire().ok()?;
    let spec = Arc::clone(app.system.twin(node)?.view().spec());
    let (archive, history) = (&*app.archive, &*app.history);
    let now = app.clock.now();
    let read = history::replay::from(archive, history, &spec, (then.revision, now));
    let twins = match timeout(WITHIN, read).await {
        Ok(Ok(twins)) => twins,
        Ok(Err(error)) => {
            tracing::debug!(%error, "what was missed cannot be read");
            return None;
        }
        Err(_elapsed) => return None,
    };
    let mut updates: Vec<Arc<Update>> = Vec::new();
    for (at, twin) in &twins {
        let before = updates.last().map(|update| &**update);
        updates.extend(Update::of(twin, before, *at).map(Arc::new));
    }
    let missed = updates.split_off(1.min(updates.len()));
    let base = updates.pop()?;
    let is_his = known(&base) == then && missed.len() <= MOST_MISSED;
    is_his.then_some(Recalled { base, missed })
}
