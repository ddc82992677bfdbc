//! A node as people describe it, as JSON.

use std::collections::BTreeMap;

use evara_actors::domain::{Kind, Maintenance, NodeId, NodeSpec, Position, Timestamp};
use evara_actors::twin::Twin;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{CategoryView, ConfigBody, KindView, StateView, Time, present};
use crate::http::problem::{Code, Part, Problem};

/// What people say of a node: the body of `POST`, and what a `PATCH` is merged into.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NodeInput)]
pub(crate) struct NodeBody {
    /// Made by people; no spaces, no slash; 1 to 64 characters.
    #[schema(example = "oht-7", max_length = 64)]
    node_key: String,
    /// What people read.
    #[schema(example = "Overhead tank, block B", max_length = 200)]
    label: String,
    kind: KindView,
    category: CategoryView,
    /// Degrees north; together with `lng`, or neither.
    #[schema(minimum = -90, maximum = 90)]
    lat: Option<f64>,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180)]
    lng: Option<f64>,
    location_name: Option<String>,
    customer_id: Option<Uuid>,
    community_id: Option<Uuid>,
    distributor_id: Option<Uuid>,
    /// Free words; null removes one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = BTreeMap<String, String>)]
    tags: BTreeMap<String, Option<String>>,
    #[serde(default, deserialize_with = "present")]
    config: ConfigBody,
}

impl From<&NodeSpec> for NodeBody {
    fn from(spec: &NodeSpec) -> Self {
        Self {
            node_key: spec.key.clone(),
            label: spec.label.clone(),
            kind: spec.kind.into(),
            category: spec.category.into(),
            lat: spec.position.map(|position| position.lat),
            lng: spec.position.map(|position| position.lng),
            location_name: spec.location_name.clone(),
            customer_id: spec.customer_id,
            community_id: spec.community_id,
            distributor_id: spec.distributor_id,
            tags: spec
                .tags
                .iter()
                .map(|(key, value)| (key.clone(), Some(value.clone())))
                .collect(),
            config: spec.config.clone().into(),
        }
    }
}

impl NodeBody {
    /// A new node of this description.
    pub(crate) fn into_spec(self, id: NodeId, now: Timestamp) -> Result<NodeSpec, Problem> {
        let blank = NodeSpec::blank(id, Kind::Generic, now);
        self.onto(blank)
    }

    /// `spec` described anew; what people do not say here stays.
    pub(crate) fn onto(self, spec: NodeSpec) -> Result<NodeSpec, Problem> {
        Ok(NodeSpec {
            position: self.position()?,
            key: self.node_key,
            label: self.label,
            kind: self.kind.into(),
            category: self.category.into(),
            location_name: self.location_name,
            customer_id: self.customer_id,
            community_id: self.community_id,
            distributor_id: self.distributor_id,
            tags: self
                .tags
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?)))
                .collect(),
            config: self.config.into(),
            ..spec
        })
    }

    /// The time zone that is said, if one is.
    pub(crate) fn zone(&self) -> Option<String> {
        self.config.time_zone.clone()
    }

    fn position(&self) -> Result<Option<Position>, Problem> {
        match (self.lat, self.lng) {
            (Some(lat), Some(lng)) => Ok(Some(Position { lat, lng })),
            (None, None) => Ok(None),
            (lat, _) => {
                let missing = if lat.is_none() { "lat" } else { "lng" };
                Err(
                    Problem::new(Code::ValidationFailed, "A position has both lat and lng.").field(
                        Part::Body,
                        missing,
                        "is missing",
                    ),
                )
            }
        }
    }
}

/// A node, and whether it is alive.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Node)]
pub(crate) struct NodeView {
    id: Uuid,
    #[serde(flatten)]
    body: NodeBody,
    status: StateView,
    /// The newest source time of its readings.
    last_seen_at: Option<Time>,
    /// Set while a person has taken it out of service.
    maintenance: Option<MaintenanceView>,
    created_at: Time,
    /// Counts what happened to its twin.
    revision: u64,
    /// Counts what people changed in its description.
    version: u64,
}

impl From<&Twin> for NodeView {
    fn from(twin: &Twin) -> Self {
        let spec = twin.spec();
        Self {
            id: spec.id.0,
            body: NodeBody::from(&**spec),
            status: twin.status().state.into(),
            last_seen_at: twin.last_seen_at().map(Time),
            maintenance: spec.maintenance.as_ref().map(Into::into),
            created_at: Time(spec.created_at),
            revision: twin.revision().0,
            version: spec.version,
        }
    }
}

/// Out of service, by a person's word.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Maintenance)]
pub(crate) struct MaintenanceView {
    until: Time,
    reason: String,
}

impl From<&Maintenance> for MaintenanceView {
    fn from(maintenance: &Maintenance) -> Self {
        Self {
            until: Time(maintenance.until),
            reason: maintenance.reason.clone(),
        }
    }
}

/// Takes a node out of service until an instant; one that has passed puts it back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MaintenanceInput)]
pub(crate) struct MaintenanceBody {
    /// Until when.
    pub(crate) until: Time,
    /// Why; 1 to 500 characters, and no spaces around it.
    #[schema(max_length = 500)]
    pub(crate) reason: String,
}

/// A reason is a sentence or two.
const MAX_REASON: usize = 500;

impl MaintenanceBody {
    /// What a node is to be given at `now`; nothing where that has passed already.
    pub(crate) fn into_maintenance(self, now: Timestamp) -> Result<Option<Maintenance>, Problem> {
        let length = self.reason.chars().count();
        if !(1..=MAX_REASON).contains(&length) || self.reason != self.reason.trim() {
            return Err(
                Problem::new(Code::ValidationFailed, "A person must have a reason.").field(
                    Part::Body,
                    "reason",
                    "must be 1 to 500 characters, and no spaces around it",
                ),
            );
        }
        let maintenance = Maintenance {
            until: self.until.0,
            reason: self.reason,
        };
        Ok((self.until.0 > now).then_some(maintenance))
    }
}

/// A node on the map.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MapPoint {
    id: Uuid,
    label: String,
    category: CategoryView,
    lat: f64,
    lng: f64,
    status: StateView,
}

impl MapPoint {
    /// `None` for a node of which nobody knows where it stands.
    pub(crate) fn of(twin: &Twin) -> Option<Self> {
        let spec = twin.spec();
        let Position { lat, lng } = spec.position?;
        Some(Self {
            id: spec.id.0,
            label: spec.label.clone(),
            category: spec.category.into(),
            lat,
            lng,
            status: twin.status().state.into(),
        })
    }
}
