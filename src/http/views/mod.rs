//! The shapes of the API's JSON. Nothing of the domain is serialised but through one of these, so that
//! neither can change the other by accident.

mod accounts;
mod admin;
mod audit;
mod channel;
mod config;
mod dashboard;
mod device_keys;
mod feed;
mod history;
mod ip_rules;
mod names;
mod node;
mod readings;
mod telemetry;
mod tenancy;
mod time;
mod twin;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

pub(crate) use accounts::{
    InvitedView, LoginBody, MeView, RefreshBody, SessionView, SignedInView, UserBody, UserPatch,
    UserView, change_of, id,
};
pub(crate) use admin::{
    ActorView, DatabaseView, DeadLetterView, PresenceView, QueryView, ReplicaView,
};
pub(crate) use audit::{AuditView, OutcomeView, VerdictView};
pub(crate) use channel::{ChannelBody, ChannelView};
pub(crate) use config::ConfigBody;
pub(crate) use dashboard::{
    ArchiveFailing, Dependencies, FAILING, FleetRow, HealthView, OK, ReadyView, StatsView,
};
pub(crate) use device_keys::{DeviceKeyBody, DeviceKeyView, NewDeviceKeyView};
pub(crate) use feed::{FeedView, PageView, PollerView};
pub(crate) use history::{EventView, PointView};
pub(crate) use ip_rules::{IpRuleBody, IpRuleView};
pub(crate) use names::{CategoryView, KindView, QualityView, ReasonView, StateView};
pub(crate) use node::{MaintenanceBody, MapPoint, NodeBody, NodeView};
pub(crate) use readings::{
    BatchBody, BatchView, BulkBody, BulkView, ReadingsBody, TakenView, UnreadBulk,
};
pub(crate) use telemetry::{
    AggregateView, BucketView, BucketWidth, BucketsView, FillView, TelemetryView,
};
pub(crate) use tenancy::{
    CommunityBody, CommunityView, CustomerBody, CustomerView, DistributorBody, DistributorView,
    PlanBody, PlanView,
};
pub(crate) use time::Time;
pub(crate) use twin::{SourceView, StatusView, TwinPatch, TwinValuesView, TwinView};

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// In the list's order.
    pub(crate) items: Vec<T>,
    /// What to ask the next page with; null on the last one.
    pub(crate) next_cursor: Option<String>,
}

/// Tells `null` from a field that was left out.
pub(crate) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Takes `null` for the default, as a merge patch means it.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
