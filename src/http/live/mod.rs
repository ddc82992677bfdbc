//! Live: topics that are listened to, from where one stopped and without gaps.
//!
//! What happens is told by the [broadcast](evara_actors::watchers::broadcast), once for everyone. Here it becomes
//! what one of them may see of a [`topic`], as [frames](frame), with [cursors](cursor) to come back with;
//! [`watch`] decides what comes next, and [`sse`] carries it. Nothing is kept for anybody beyond the frame that
//! he is being sent.

mod cursor;
mod frame;
mod seats;
pub(crate) mod sse;
mod topic;
mod watch;

use std::sync::Arc;

use tokio::sync::watch as signal;

use cursor::Cursors;
use seats::Seats;

/// What all who listen share.
#[derive(Debug)]
pub(crate) struct Live {
    cursors: Cursors,
    seats: Arc<Seats>,
    closing: signal::Sender<bool>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            cursors: Cursors::new(),
            seats: Arc::default(),
            closing: signal::Sender::new(false),
        }
    }
}

impl Live {
    /// Has everyone who listens go, and come back to whoever is there then.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }
}
