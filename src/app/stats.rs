//! The fleet in numbers, counted from what is known of each twin. Pure.

use evara_actors::domain::{StatusState, Timestamp};
use evara_actors::twin::Tally;

/// What is counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// Nodes that report as expected.
    pub online: u64,
    /// Nodes that are silent for longer than usual.
    pub late: u64,
    /// Nodes whose values describe the past.
    pub offline: u64,
    /// Nodes that a person took out of service.
    pub maintenance: u64,
    /// Nodes that were never heard of.
    pub provisioning: u64,
    /// Nodes that were given up on.
    pub quarantined: u64,
    /// In the tanks whose volume is known.
    pub stored_l: f64,
    /// Of the same tanks.
    pub capacity_l: f64,
    /// When it was counted.
    pub as_of: Timestamp,
    health_sum: f64,
    health_count: u32,
}

impl Stats {
    /// Nothing counted yet.
    pub fn new(as_of: Timestamp) -> Self {
        Self {
            online: 0,
            late: 0,
            offline: 0,
            maintenance: 0,
            provisioning: 0,
            quarantined: 0,
            stored_l: 0.0,
            capacity_l: 0.0,
            as_of,
            health_sum: 0.0,
            health_count: 0,
        }
    }

    /// Counts a node.
    pub fn count(&mut self, node: &Tally) {
        let place = match node.state {
            StatusState::Online => &mut self.online,
            StatusState::Late => &mut self.late,
            StatusState::Offline => &mut self.offline,
            StatusState::Maintenance => &mut self.maintenance,
            StatusState::Provisioning => &mut self.provisioning,
            StatusState::Quarantined => &mut self.quarantined,
        };
        *place += 1;
        if let Some((stored, capacity)) = node.stored {
            self.stored_l += stored;
            self.capacity_l += capacity;
        }
        if let Some(score) = health(node) {
            self.health_sum += score;
            self.health_count += 1;
        }
    }

    /// Every node; each is in exactly one state.
    pub fn total(&self) -> u64 {
        self.online
            + self.late
            + self.offline
            + self.maintenance
            + self.provisioning
            + self.quarantined
    }

    /// The mean health of the nodes that are in service, 0 to 100.
    pub fn health(&self) -> Option<f64> {
        (self.health_count > 0).then(|| self.health_sum / f64::from(self.health_count))
    }
}

/// A node that is late can be relied on half as far as one that is not.
const LATE_WEIGHT: f64 = 0.5;

/// How far a node can be relied on, 0 to 100: the share of its metrics that are good, if it still
/// reports at all. A node that is out of service, or not in it yet, has no health.
pub fn health(node: &Tally) -> Option<f64> {
    let weight = match node.state {
        StatusState::Online => 1.0,
        StatusState::Late => LATE_WEIGHT,
        StatusState::Offline | StatusState::Quarantined => 0.0,
        StatusState::Maintenance | StatusState::Provisioning => return None,
    };
    Some(weight * 100.0 * node.good as f64 / node.metrics.max(1) as f64)
}
