//! What handlers may reach: handles and ports, no truth of its own.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use evara_actors::ports::{Archive, Clock};
use evara_actors::system::System;
use evara_actors::twin::Twin;
use tokio::sync::Semaphore;

use super::border::Border;
use super::cursor::{CursorKey, Sealer};
use super::guard::Scope;
use super::idempotency::Running;
use super::live::{Live, Room};
use super::readings::MAX_BULKS;
use super::views::FeedView;
use crate::app::accounts::Accounts;
use crate::app::audit::{Audit, Refusals};
use crate::app::database::Database;
use crate::app::device_keys::DeviceKeyring;
use crate::app::identity::Identities;
use crate::app::ip_rules::AddressRules;
use crate::app::kept::Receipts;
use crate::app::nodes::Nodes;
use crate::app::stats::Stats;
use crate::app::tenancy::Tenancy;
use crate::history::History;
use crate::limits::Limits;

/// What the face is built over.
pub struct Inside {
    /// Who knows the twins.
    pub system: Arc<System>,
    /// Who knows their past.
    pub archive: Arc<dyn Archive>,
    /// Who is asked about it.
    pub history: Arc<dyn History>,
    /// Who changes nodes.
    pub nodes: Nodes,
    /// How the database does.
    pub database: Database,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Whose keys devices bear.
    pub device_keys: Arc<DeviceKeyring>,
    /// What came of requests that may be repeated.
    pub receipts: Arc<dyn Receipts>,
    /// Whom tokens stand for.
    pub identities: Arc<dyn Identities>,
    /// Who signs in, and whom they invite.
    pub accounts: Accounts,
    /// Where everything stands.
    pub tenancy: Tenancy,
    /// Who did what.
    pub audit: Audit,
    /// From where they may.
    pub ip_rules: Arc<AddressRules>,
    /// How often everyone may ask.
    pub limits: Limits,
    /// How many may listen.
    pub room: Room,
    /// What their places, and those in lists, are sealed with.
    pub cursor_key: CursorKey,
    /// What stands between it and the network.
    pub border: Border,
    /// The version that is running.
    pub version: &'static str,
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What every handler is given. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    inside: Inside,
    running: Running,
    bulks: Semaphore,
    live: Live,
    cursors: Sealer,
    refusals: Refusals,
}

impl AppState {
    /// The state of a service that is ready. Within a runtime: what is refused is written down beside it.
    pub fn new(inside: Inside) -> Self {
        let refusals = Refusals::start(inside.audit.clone());
        Self(Arc::new(Shared {
            refusals,
            live: Live::new(inside.room, &inside.cursor_key),
            cursors: Sealer::new(&inside.cursor_key),
            inside,
            running: Running::default(),
            bulks: Semaphore::new(MAX_BULKS),
        }))
    }

    /// Says from now on that no more requests should be sent here; they are still answered. Whoever listens is
    /// sent away.
    pub fn drain(&self) {
        self.0.live.close();
    }

    /// Waits until nobody listens any more who was sent away.
    pub async fn left(&self) {
        self.0.live.closed().await;
    }

    /// The requests with idempotency keys that run now.
    pub(crate) fn running(&self) -> &Running {
        &self.0.running
    }

    /// Who seals places in lists.
    pub(crate) fn cursors(&self) -> &Sealer {
        &self.0.cursors
    }

    /// What all who listen share.
    pub(crate) fn live(&self) -> &Live {
        &self.0.live
    }

    /// Who writes down what was refused.
    pub(crate) fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    /// The turns of bulks of readings.
    pub(crate) fn bulks(&self) -> &Semaphore {
        &self.0.bulks
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.0.live.is_closing()
    }

    /// What is seen of the fleet in numbers, as it stands.
    pub(crate) fn stats(&self, scope: &Scope) -> Stats {
        let mut stats = Stats::new(self.clock.now());
        for twin in self.system.twins() {
            if scope.sees_all() || scope.sees(twin.view().spec()) {
                stats.count(&twin.tally());
            }
        }
        stats
    }

    /// How the channel of a twin is being read; `None` where it has none.
    pub(crate) fn feed_of(&self, twin: &Twin) -> Option<FeedView> {
        let channel = twin.spec().channel.as_ref()?.channel_id;
        let poller = self.system.poller(channel);
        Some(poller.map_or_else(
            || FeedView::unread(channel),
            |poller| FeedView::from(&*poller.view()),
        ))
    }
}

impl Deref for AppState {
    type Target = Inside;

    fn deref(&self) -> &Inside {
        &self.0.inside
    }
}
