//! Live: topics that are listened to, from where one stopped and without gaps.
//!
//! What happens is told by the [broadcast](evara_actors::watchers::broadcast), once for everyone. Here it becomes
//! what one of them may see of a [`topic`], as [frames](frame), with [cursors](cursor) to come back with;
//! [`watch`] and [`step`] decide what comes next, [`steps`] has it made once for all who see the same, and [`sse`] or a [`socket`] carries
//! it. Nothing is kept for anybody beyond the frame that he is being sent.

mod asked;
pub(crate) mod asyncapi;
mod cursor;
mod end;
mod fields;
mod frame;
mod recall;
mod said;
mod seats;
mod socket;
pub(crate) mod sse;
pub(crate) mod stats;
mod step;
mod steps;
mod tally;
mod topic;
mod topics;
mod watch;
mod who;
pub mod wire;
pub(crate) mod ws;

use std::sync::Arc;

use tokio::sync::{Semaphore, watch as signal};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::cursor::CursorKey;

use cursor::Cursors;
pub use seats::Room;
use seats::Seats;
use steps::Steps;
use tally::Tally;
pub(crate) use who::{Look, Who};

/// What all who listen share.
#[derive(Debug)]
pub(crate) struct Live {
    cursors: Cursors,
    seats: Arc<Seats>,
    pub(super) steps: Steps,
    /// Of all together.
    tally: Tally,
    /// The turns of those for whom the archive is read.
    recalls: Semaphore,
    closing: signal::Sender<bool>,
    /// Those that are no requests any more.
    sockets: TaskTracker,
}

/// Those who are sent away together come back over so long.
const COME_BACK_WITHIN_MS: u64 = 4_000;

/// After how long somebody who is sent away is to come back.
fn come_back_ms(session: Uuid) -> u64 {
    1_000 + session.as_u64_pair().0 % COME_BACK_WITHIN_MS
}

impl Live {
    /// Where so many may listen, and go on from where they stopped.
    pub(crate) fn new(room: Room, key: &CursorKey) -> Self {
        Self {
            cursors: Cursors::new(key),
            seats: Arc::new(Seats::new(room)),
            steps: Steps::default(),
            tally: Tally::new(),
            recalls: Semaphore::new(recall::TURNS),
            closing: signal::Sender::new(false),
            sockets: TaskTracker::new(),
        }
    }

    /// Whether everyone is being sent away.
    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Has everyone who listens go, and come back to whoever is there then.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
        self.sockets.close();
    }

    /// Waits until every socket has been told so.
    pub(crate) async fn closed(&self) {
        self.sockets.wait().await;
    }
}
