//! Where a day begins, brought from each community to its nodes.
//!
//! People say it of the community. A node's own description has it too, so that its twin and its history need
//! nothing else: here the one follows the other, a node at a time. Who changes a node meanwhile is there first,
//! and the node is brought along in the next round; so is one that was added while its community changed.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::NodeSpec;
use evara_actors::system::System;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::audit::{Witness, made_of_node};
use super::nodes::{Error, Expected, Nodes, Precondition};
use super::tenancy::Tenancy;
use crate::access::Forest;

/// Between a change of a community and its first node.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Where no tenant changed there is only the node that was added while one did.
const LOOK_ANYWAY: Duration = Duration::from_secs(60);

/// Whoever brings it.
#[derive(Debug)]
pub(crate) struct Zones {
    pub(crate) system: Arc<System>,
    pub(crate) nodes: Nodes,
    pub(crate) tenancy: Tenancy,
    pub(crate) witness: Witness,
}

impl Zones {
    /// Goes round for as long as it is polled.
    pub(super) async fn keep(self) {
        let mut rounds = interval(LOOK_EVERY);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut whole: Option<(Arc<Forest>, Instant)> = None;
        let mut waiting_since = None;
        loop {
            rounds.tick().await;
            let forest = self.tenancy.forest();
            let is_known = |(seen, at): &(Arc<Forest>, Instant)| {
                Arc::ptr_eq(seen, &forest) && at.elapsed() < LOOK_ANYWAY
            };
            if whole.as_ref().is_some_and(is_known) {
                continue;
            }
            whole = self.round().await.then(|| (forest, Instant::now()));
            waiting_since = match whole {
                Some(_) => None,
                None => Some(tell_of_waiting(waiting_since)),
            };
        }
    }

    /// Brings every node along; tells whether all of them are.
    pub(crate) async fn round(&self) -> bool {
        let (mut followed, mut waiting) = (0_u64, 0_u64);
        for twin in self.system.twins() {
            let spec = Arc::clone(twin.view().spec());
            let forest = self.tenancy.forest();
            let zone = forest.zone_of(&spec);
            let Some(zone) = zone.filter(|zone| *zone != spec.config.time_zone) else {
                continue;
            };
            match self.bring(&spec, zone).await {
                Ok(()) => followed += 1,
                Err(Error::NotFound) => {}
                Err(error) => {
                    tracing::debug!(node = %spec.id, %error, "a node keeps its time zone for now");
                    waiting += 1;
                }
            }
        }
        if followed > 0 {
            tracing::info!(
                followed,
                waiting,
                "nodes follow the time zone of their community"
            );
        }
        waiting == 0
    }

    async fn bring(&self, before: &NodeSpec, zone: &str) -> Result<(), Error> {
        let after = NodeSpec {
            version: before.version + 1,
            ..before.clone().in_zone(zone)
        };
        let fact = made_of_node("node.follow_community", Some(before), Some(&after));
        let seen = Precondition::OneOf(vec![Expected::Version(before.version)]);
        let act = self.witness.act(fact);
        self.nodes.update(after, seen, act).await.map(drop)
    }
}

/// Says so once a minute, where nodes wait for longer than that. From when on they wait for the next time.
fn tell_of_waiting(since: Option<Instant>) -> Instant {
    let since = since.unwrap_or_else(Instant::now);
    if since.elapsed() < LOOK_ANYWAY {
        return since;
    }
    tracing::warn!(
        "some nodes cannot follow the time zone of their community; the log at debug names them and says why"
    );
    Instant::now()
}
