//! A node's past as JSON: values, and the changes of its twin.

use std::borrow::Cow;

use evara_actors::domain::Value;
use evara_actors::ports::{LogEntry, Point, Record};
use evara_actors::twin::{Change, Property};
use serde::Serialize;
use utoipa::ToSchema;

use super::{QualityView, ReasonView, SourceView, StatusView, Time};
use crate::http::format::{number, text};

/// One value in the history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Point)]
pub(crate) struct PointView {
    /// What was measured.
    metric: String,
    /// The number; null where the text was none.
    value: Option<f64>,
    unit: &'static str,
    quality: QualityView,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality_reason: Option<ReasonView>,
    /// The text as it came, where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    raw: Option<Box<str>>,
    /// Where it came from, such as `thingspeak:2005329#2871`.
    #[schema(value_type = String)]
    source: SourceView,
    /// When it was measured.
    source_at: Time,
    /// When it reached the service.
    received_at: Time,
    /// The revision that it led to; null for a current value.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
}

impl From<Point> for PointView {
    fn from(point: Point) -> Self {
        Self {
            unit: point.metric.unit(),
            metric: point.metric.to_string(),
            value: point.number,
            quality: point.verdict.quality.into(),
            quality_reason: point.verdict.reason.map(Into::into),
            raw: point.raw,
            source: SourceView(point.source),
            source_at: Time(point.source_at),
            received_at: Time(point.received_at),
            revision: Some(point.revision.0),
        }
    }
}

impl From<&Property> for PointView {
    fn from(property: &Property) -> Self {
        Self {
            metric: property.metric.to_string(),
            value: Some(property.number),
            unit: property.metric.unit(),
            quality: property.verdict.quality.into(),
            quality_reason: property.verdict.reason.map(Into::into),
            raw: None,
            source: SourceView(property.source),
            source_at: Time(property.source_at),
            received_at: Time(property.received_at),
            revision: None,
        }
    }
}

impl PointView {
    /// The names of the cells.
    pub(crate) const HEAD: [&str; 10] = [
        "metric",
        "value",
        "unit",
        "quality",
        "quality_reason",
        "raw",
        "source",
        "source_at",
        "received_at",
        "revision",
    ];

    /// As cells, in the order of [`PointView::HEAD`].
    pub(crate) fn cells(&self) -> [Cow<'_, str>; 10] {
        let name = |name: Option<serde_json::Value>| match name {
            Some(serde_json::Value::String(name)) => Cow::from(name),
            Some(_) | None => Cow::from(""),
        };
        let revision = self.revision.map(|revision| revision.to_string());
        [
            self.metric.as_str().into(),
            number(self.value),
            self.unit.into(),
            name(serde_json::to_value(self.quality).ok()),
            name(serde_json::to_value(self.quality_reason).ok()),
            text(self.raw.as_deref().unwrap_or_default()),
            self.source.0.to_string().into(),
            self.source_at.0.to_string().into(),
            self.received_at.0.to_string().into(),
            revision.unwrap_or_default().into(),
        ]
    }
}

/// One change of a twin.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    /// The revision that it led to.
    revision: u64,
    /// When it happened.
    at: Time,
    #[serde(flatten)]
    what: WhatView,
}

/// What changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = Change)]
pub(crate) enum WhatView {
    /// A sample came in; `at` is when it reached the service.
    Telemetry {
        #[schema(value_type = String)]
        source: SourceView,
        source_at: Time,
        values: Vec<ValueView>,
    },
    /// The node came to be.
    Created,
    /// Its status became this.
    Status { status: StatusView },
    /// People changed its description.
    Configured { version: u64 },
}

/// One metric in a sample.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Value)]
pub(crate) struct ValueView {
    metric: String,
    value: Option<f64>,
    unit: &'static str,
    quality: QualityView,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality_reason: Option<ReasonView>,
    /// The text as it came, where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    raw: Option<Box<str>>,
}

impl From<Value> for ValueView {
    fn from(value: Value) -> Self {
        Self {
            unit: value.metric.unit(),
            metric: value.metric.to_string(),
            value: value.number,
            quality: value.verdict.quality.into(),
            quality_reason: value.verdict.reason.map(Into::into),
            raw: value.raw,
        }
    }
}

impl From<LogEntry> for EventView {
    fn from(LogEntry { revision, record }: LogEntry) -> Self {
        let (at, what) = match record {
            Record::Telemetry(sample) => {
                let values = sample.values.into_iter().map(Into::into).collect();
                let source = SourceView(sample.source);
                let source_at = Time(sample.source_at);
                (
                    sample.received_at,
                    WhatView::Telemetry {
                        source,
                        source_at,
                        values,
                    },
                )
            }
            Record::Event(at, Change::Created) => (at, WhatView::Created),
            Record::Event(at, Change::Status(status)) => (
                at,
                WhatView::Status {
                    status: status.into(),
                },
            ),
            Record::Event(at, Change::Configured { version }) => {
                (at, WhatView::Configured { version })
            }
        };
        Self {
            revision: revision.0,
            at: Time(at),
            what,
        }
    }
}
