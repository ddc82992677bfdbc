//! A twin as JSON. Written straight into the answer's bytes: no tree of values in between.

use std::collections::BTreeMap;

use evara_actors::domain::{Metric, Source, Status};
use evara_actors::twin::{Derived, Property, Twin};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{FeedView, KindView, QualityView, ReasonView, StateView, Time};
use crate::http::misshapen::misshapen;
use crate::http::problem::{Code, Part, Problem};

/// All that is known of a node.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Twin)]
pub(crate) struct TwinView<'a> {
    node_id: Uuid,
    node_key: &'a str,
    kind: KindView,
    /// Counts the changes; the same number is the ETag.
    revision: u64,
    status: StatusView,
    /// What was measured, by metric; a metric that is mapped and was never seen is `missing`.
    #[schema(value_type = BTreeMap<String, PropertyView>)]
    reported: Reported<'a>,
    /// What follows from it, by name; null where the readings do not allow a value.
    #[schema(value_type = BTreeMap<String, DerivedView>)]
    derived: DerivedValues<'a>,
    /// What was ordered. Always empty: there are no commands yet.
    desired: Nothing,
    /// Where `desired` differs from `reported`. Always empty: there are no commands yet.
    delta: Nothing,
    alerts: AlertCounts,
    /// How the node's channel is being read; null where it has none.
    feed: Option<FeedView>,
    tags: &'a BTreeMap<String, String>,
}

impl<'a> TwinView<'a> {
    pub(crate) fn new(twin: &'a Twin, feed: Option<FeedView>) -> Self {
        let spec = twin.spec();
        Self {
            node_id: spec.id.0,
            node_key: &spec.key,
            kind: spec.kind.into(),
            revision: twin.revision().0,
            status: twin.status().into(),
            reported: Reported(twin),
            derived: DerivedValues(twin),
            desired: Nothing {},
            delta: Nothing {},
            alerts: AlertCounts::default(),
            feed,
            tags: &spec.tags,
        }
    }
}

/// A twin's numbers and nothing else.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TwinValues)]
pub(crate) struct TwinValuesView<'a> {
    node_id: Uuid,
    node_key: &'a str,
    revision: u64,
    status: StateView,
    #[schema(value_type = BTreeMap<String, Option<f64>>)]
    reported: ReportedNumbers<'a>,
    #[schema(value_type = BTreeMap<String, Option<f64>>)]
    derived: DerivedNumbers<'a>,
}

impl<'a> TwinValuesView<'a> {
    pub(crate) fn new(twin: &'a Twin) -> Self {
        Self {
            node_id: twin.spec().id.0,
            node_key: &twin.spec().key,
            revision: twin.revision().0,
            status: twin.status().state.into(),
            reported: ReportedNumbers(twin),
            derived: DerivedNumbers(twin),
        }
    }
}

/// A state, since when, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
pub(crate) struct StatusView {
    state: StateView,
    since: Time,
    /// `never_seen`, `fresh`, `silent`, `maintenance` or `restarts_exhausted`.
    reason: &'static str,
}

impl From<Status> for StatusView {
    fn from(
        Status {
            state,
            since,
            reason,
        }: Status,
    ) -> Self {
        Self {
            state: state.into(),
            since: Time(since),
            reason: reason.name(),
        }
    }
}

/// The current value of a metric.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Property)]
pub(crate) struct PropertyView {
    /// The number; null where the metric was never seen.
    value: Option<f64>,
    unit: &'static str,
    /// When it was measured.
    source_at: Option<Time>,
    /// When it reached the service.
    received_at: Option<Time>,
    /// When the number was last another one than before.
    changed_at: Option<Time>,
    quality: QualityView,
    /// Why the quality is not good.
    #[serde(skip_serializing_if = "Option::is_none")]
    quality_reason: Option<ReasonView>,
    /// Where it came from, such as `thingspeak:2005329#2871`.
    #[schema(value_type = Option<String>)]
    source: Option<SourceView>,
}

/// A source as people read it.
#[derive(Debug)]
pub(crate) struct SourceView(pub(crate) Source);

impl Serialize for SourceView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl From<&Property> for PropertyView {
    fn from(property: &Property) -> Self {
        Self {
            value: Some(property.number),
            unit: property.metric.unit(),
            source_at: Some(Time(property.source_at)),
            received_at: Some(Time(property.received_at)),
            changed_at: Some(Time(property.changed_at)),
            quality: property.verdict.quality.into(),
            quality_reason: property.verdict.reason.map(Into::into),
            source: Some(SourceView(property.source)),
        }
    }
}

impl PropertyView {
    /// A metric that is mapped and was never seen.
    fn never_seen(metric: &Metric) -> Self {
        Self {
            value: None,
            unit: metric.unit(),
            source_at: None,
            received_at: None,
            changed_at: None,
            quality: QualityView::Missing,
            quality_reason: Some(ReasonView::Empty),
            source: None,
        }
    }
}

/// A value that follows from reported ones.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Derived)]
pub(crate) struct DerivedView {
    value: f64,
    unit: &'static str,
    /// The source time of the newest reading that it rests on.
    source_at: Time,
    quality: QualityView,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality_reason: Option<ReasonView>,
}

impl DerivedView {
    fn of(derived: &Derived) -> Option<Self> {
        Some(Self {
            value: derived.number?,
            unit: derived.unit,
            source_at: Time(derived.source_at),
            quality: derived.verdict.quality.into(),
            quality_reason: derived.verdict.reason.map(Into::into),
        })
    }
}

/// Counts of a node's alarms. All nought: there are no alarms yet.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct AlertCounts {
    active: u32,
    unacknowledged: u32,
    max_severity: Option<&'static str>,
}

/// `{}`
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nothing {}

/// What may be changed of a twin by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TwinPatch {
    /// Tags to set; null removes one, or all.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    tags: Tags,
    /// Orders are not taken yet: anything but an empty object is refused.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    desired: Option<Map<String, Value>>,
}

#[derive(Debug, Default)]
enum Tags {
    #[default]
    Keep,
    Clear,
    Merge(BTreeMap<String, Option<String>>),
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Merge))
    }
}

impl TwinPatch {
    /// Reads a patch; one that orders something is refused as a whole.
    pub(crate) fn read(patch: Map<String, Value>) -> Result<Self, Problem> {
        let read = serde_path_to_error::deserialize(Value::Object(patch));
        let read: Self = read.map_err(|error| misshapen(&error))?;
        if read
            .desired
            .as_ref()
            .is_some_and(|desired| !desired.is_empty())
        {
            return Err(
                Problem::new(Code::ValidationFailed, "Commands are not available yet.").field(
                    Part::Body,
                    "desired",
                    "cannot be set: commands are not available yet",
                ),
            );
        }
        Ok(read)
    }

    /// `tags` as they are after the patch.
    pub(crate) fn onto(self, mut tags: BTreeMap<String, String>) -> BTreeMap<String, String> {
        match self.tags {
            Tags::Keep => {}
            Tags::Clear => tags.clear(),
            Tags::Merge(changes) => {
                for (name, value) in changes {
                    match value {
                        Some(value) => drop(tags.insert(name, value)),
                        None => drop(tags.remove(&name)),
                    }
                }
            }
        }
        tags
    }
}

/// The metrics that a node is mapped to and that were never seen.
fn unseen(twin: &Twin) -> impl Iterator<Item = &Metric> {
    let rules = twin
        .spec()
        .channel
        .iter()
        .flat_map(|channel| channel.field_map.values());
    rules
        .map(|rule| &rule.metric)
        .filter(|metric| twin.property(metric).is_none())
}

#[derive(Debug)]
struct Reported<'a>(&'a Twin);

impl Serialize for Reported<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for property in self.0.reported() {
            map.serialize_entry(property.metric.name(), &PropertyView::from(property))?;
        }
        for metric in unseen(self.0) {
            map.serialize_entry(metric.name(), &PropertyView::never_seen(metric))?;
        }
        map.end()
    }
}

#[derive(Debug)]
struct ReportedNumbers<'a>(&'a Twin);

impl Serialize for ReportedNumbers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seen = self.0.reported().iter();
        let seen = seen.map(|property| (property.metric.name(), Some(property.number)));
        serializer.collect_map(seen.chain(unseen(self.0).map(|metric| (metric.name(), None))))
    }
}

#[derive(Debug)]
struct DerivedValues<'a>(&'a Twin);

impl Serialize for DerivedValues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.0.derived().into_iter();
        serializer.collect_map(all.map(|derived| (derived.name, DerivedView::of(&derived))))
    }
}

#[derive(Debug)]
struct DerivedNumbers<'a>(&'a Twin);

impl Serialize for DerivedNumbers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.0.derived().into_iter();
        serializer.collect_map(all.map(|derived| (derived.name, derived.number)))
    }
}
