//! The fleet at a glance, as JSON.

use evara_actors::twin::{Derived, Twin};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{CategoryView, KindView, StateView, Time};
use crate::app::stats::Stats;

/// The fleet in numbers. The nodes of the six states add up to `total_nodes`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stats)]
pub(crate) struct StatsView {
    total_nodes: u64,
    online_nodes: u64,
    late_nodes: u64,
    offline_nodes: u64,
    maintenance_nodes: u64,
    /// Known, but never heard of.
    provisioning_nodes: u64,
    /// Given up on, until somebody releases them.
    quarantined_nodes: u64,
    /// Nodes with an active alarm. Nought: there are no alarms yet.
    alert_nodes: u64,
    active_alerts: u64,
    critical_alerts: u64,
    /// 0 to 100, over the nodes that are in service: how far they can be relied on. Null where there are none.
    avg_health_score: Option<f64>,
    /// Over the tanks whose volume is known.
    stored_litres: f64,
    /// Over the same tanks.
    capacity_litres: f64,
    as_of: Time,
}

impl From<Stats> for StatsView {
    fn from(stats: Stats) -> Self {
        Self {
            total_nodes: stats.total(),
            online_nodes: stats.online,
            late_nodes: stats.late,
            offline_nodes: stats.offline,
            maintenance_nodes: stats.maintenance,
            provisioning_nodes: stats.provisioning,
            quarantined_nodes: stats.quarantined,
            alert_nodes: 0,
            active_alerts: 0,
            critical_alerts: 0,
            avg_health_score: stats.health(),
            stored_litres: stats.stored_l,
            capacity_litres: stats.capacity_l,
            as_of: Time(stats.as_of),
        }
    }
}

/// A node in one line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FleetRow {
    id: Uuid,
    node_key: String,
    label: String,
    kind: KindView,
    category: CategoryView,
    status: StateView,
    last_seen_at: Option<Time>,
    /// Of a tank.
    level_pct: Option<f64>,
    /// Of a tank.
    volume_l: Option<f64>,
    /// Of a flow meter.
    rate_lpm: Option<f64>,
    /// Of a well.
    depth_to_water_m: Option<f64>,
    revision: u64,
}

impl From<&Twin> for FleetRow {
    fn from(twin: &Twin) -> Self {
        let spec = twin.spec();
        let derived = twin.derived();
        let number = |name| Derived::number_of(&derived, name);
        Self {
            id: spec.id.0,
            node_key: spec.key.clone(),
            label: spec.label.clone(),
            kind: spec.kind.into(),
            category: spec.category.into(),
            status: twin.status().state.into(),
            last_seen_at: twin.last_seen_at().map(Time),
            level_pct: number("level_pct"),
            volume_l: number("volume_l"),
            rate_lpm: number("rate_lpm"),
            depth_to_water_m: number("depth_to_water_m"),
            revision: twin.revision().0,
        }
    }
}

/// Whether the service can do its work, part by part. Anybody may ask: it tells nothing of who uses it, and
/// how much.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthView {
    /// `ok`, `degraded` while a dependency is away, `starting` until every twin is live, or `draining`.
    pub(crate) status: &'static str,
    pub(crate) version: &'static str,
    pub(crate) dependencies: Dependencies,
}

/// That requests are wanted, and what they may miss.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ready)]
pub(crate) struct ReadyView {
    /// `ready`.
    pub(crate) status: &'static str,
    /// What is away, of the dependencies that `/health` tells of: everything that does not need it goes on.
    pub(crate) degraded: Vec<&'static str>,
}

/// How writing history fails.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ArchiveFailing {
    /// Since when.
    pub(crate) since: Time,
    /// What fails, in words that tell nothing of the inside.
    #[schema(example = "the disk of the database is full (53100)")]
    pub(crate) reason: String,
}

/// What the service needs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dependencies {
    /// Where history is written: `ok`, or `failing` while nothing can be written, or the database does not
    /// answer.
    pub(crate) archive: &'static str,
    /// What answers about the past in its place: `ok`, or `failing` while it does not, and nothing is missed.
    /// Left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replica: Option<&'static str>,
    /// How that fails, while it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) archive_failing: Option<ArchiveFailing>,
    /// Where processes share their limits: `ok`, or `failing` while each of them limits by itself. Left out
    /// where nothing is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redis: Option<&'static str>,
    /// Where readings come from: `ok`, or `failing` while it is not asked because it failed too often.
    pub(crate) feed: &'static str,
}

impl Dependencies {
    /// Those that are away, by name.
    pub(crate) fn failing(&self) -> Vec<&'static str> {
        let all = [
            ("archive", Some(self.archive)),
            ("replica", self.replica),
            ("redis", self.redis),
            ("feed", Some(self.feed)),
        ];
        let failing = all.into_iter().filter(|(_, word)| *word == Some(FAILING));
        failing.map(|(name, _)| name).collect()
    }
}

/// What is said of a dependency that is there, and of one that is not.
pub(crate) const OK: &str = "ok";
pub(crate) const FAILING: &str = "failing";
