//! Readings as they are pushed, as JSON, and what is answered.
//!
//! Read straight from the body, which texts are borrowed from: a bulk has a hundred thousand readings. What
//! is of the right type and cannot be taken is kept as such, and told of with all the rest.

use std::borrow::Cow;
use std::fmt;

use evara_actors::domain::{FieldError, Metric, NodeId, TimeError, Timestamp};
use evara_actors::normalise::Said;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Time;
use crate::app::readings::{MAX_READINGS, Reading, Taken};
use crate::http::problem::ProblemView;

/// As long as ThingSpeak lets a field be.
const MAX_TEXT_BYTES: usize = 255;

/// Readings of one node.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Readings)]
pub(crate) struct ReadingsBody<'a> {
    /// 1 to 1,000. Those of one instant may have each metric once.
    #[serde(borrow)]
    #[schema(min_items = 1, max_items = 1000)]
    readings: Vec<ReadingBody<'a>>,
}

/// Readings of many nodes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Bulk)]
pub(crate) struct BulkBody<'a> {
    /// At most 10,000.
    #[serde(borrow)]
    #[schema(max_items = 10000)]
    pub(crate) batches: Vec<BatchBody<'a>>,
}

/// [`BulkBody`], of which no batch was read yet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnreadBulk<'a> {
    #[serde(borrow)]
    pub(crate) batches: Vec<&'a RawValue>,
}

/// Readings of one of the nodes, named by either of its names.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Batch)]
pub(crate) struct BatchBody<'a> {
    #[serde(borrow)]
    #[schema(value_type = Option<Uuid>)]
    pub(crate) node_id: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    pub(crate) node_key: Option<Text<'a>>,
    /// 1 to 1,000.
    #[serde(borrow)]
    #[schema(min_items = 1, max_items = 1000)]
    readings: Vec<ReadingBody<'a>>,
}

/// One value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reading)]
struct ReadingBody<'a> {
    /// A metric's name, which ends in its unit.
    #[schema(value_type = String, example = "distance_cm")]
    metric: Name,
    /// A number in the metric's unit, a text as devices write numbers, or null.
    #[serde(borrow)]
    #[schema(value_type = Option<f64>, example = 53.2)]
    value: SaidBody<'a>,
    /// When it was measured, in RFC 3339; where it is left out, when it was received. A request without
    /// it is not safe to repeat, unless it bears an Idempotency-Key.
    #[schema(value_type = Option<Time>)]
    at: Option<Stamp>,
}

impl ReadingsBody<'_> {
    /// The readings, as they can be taken.
    ///
    /// # Errors
    /// Everything that cannot be, by pointers that begin behind the readings' owner.
    pub(crate) fn checked(&self) -> Result<Vec<Reading<'_>>, Vec<FieldError>> {
        checked(&self.readings)
    }
}

impl BatchBody<'_> {
    /// See [`ReadingsBody::checked`].
    pub(crate) fn checked(&self) -> Result<Vec<Reading<'_>>, Vec<FieldError>> {
        checked(&self.readings)
    }
}

fn checked<'a>(bodies: &'a [ReadingBody<'_>]) -> Result<Vec<Reading<'a>>, Vec<FieldError>> {
    if !(1..=MAX_READINGS).contains(&bodies.len()) {
        let detail = format!("must be 1 to {MAX_READINGS}");
        return Err(vec![FieldError::new("/readings", detail)]);
    }
    let mut faults = Vec::new();
    let mut readings = Vec::with_capacity(bodies.len());
    for (place, body) in bodies.iter().enumerate() {
        match body.checked() {
            Ok(reading) => readings.push(reading),
            Err(wrong) => faults.extend(wrong.into_iter().flatten().map(|(field, detail)| {
                FieldError::new(format!("/readings/{place}/{field}"), detail)
            })),
        }
    }
    if faults.is_empty() {
        Ok(readings)
    } else {
        Err(faults)
    }
}

/// A field of a reading, and what is wrong with it.
type Fault = Option<(&'static str, Cow<'static, str>)>;

impl ReadingBody<'_> {
    fn checked(&self) -> Result<Reading<'_>, [Fault; 3]> {
        let at = self.at.as_ref().map(|stamp| stamp.0).transpose();
        match (&self.metric.0, self.value.said(), at) {
            (Some(metric), Some(said), Ok(at)) => Ok(Reading {
                metric: metric.clone(),
                said,
                at,
            }),
            (metric, said, at) => Err([
                metric.is_none().then_some((
                    "metric",
                    "must be 1 to 48 of a-z, 0-9 and _, beginning with a letter".into(),
                )),
                said.is_none()
                    .then_some(("value", "must be at most 255 bytes long".into())),
                at.err().map(|error| ("at", error.to_string().into())),
            ]),
        }
    }
}

/// A metric, if its name can be one.
#[derive(Debug)]
struct Name(Option<Metric>);

/// An instant, if it can be read.
#[derive(Debug)]
struct Stamp(Result<Timestamp, TimeError>);

/// A text, borrowed where it has no escapes.
#[derive(Debug)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

#[derive(Debug)]
enum SaidBody<'a> {
    Number(f64),
    Text(Cow<'a, str>),
    Nothing,
}

impl SaidBody<'_> {
    /// `None` for what is longer than a device writes.
    fn said(&self) -> Option<Said<'_>> {
        match self {
            Self::Number(number) => Some(Said::Number(*number)),
            Self::Text(text) if text.len() > MAX_TEXT_BYTES => None,
            Self::Text(text) => Some(Said::Text(text)),
            Self::Nothing => Some(Said::Nothing),
        }
    }
}

struct AnyText;

impl<'de> Visitor<'de> for AnyText {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(AnyText).map(Self)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(name) = Text::deserialize(deserializer)?;
        Ok(Self(name.parse().ok()))
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(stamp) = Text::deserialize(deserializer)?;
        Ok(Self(stamp.parse()))
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = SaidBody<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a text or null")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(SaidBody::Number(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(SaidBody::Number(number as f64))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(SaidBody::Number(number as f64))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(SaidBody::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(SaidBody::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(SaidBody::Nothing)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for SaidBody<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

/// What became of readings: all of this is on the disk.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Taken)]
pub(crate) struct TakenView {
    node_id: Uuid,
    /// Readings that are kept, these or the same ones before.
    accepted: u32,
    /// Of those, how many are known to have been kept before. What is older than the newest 48 samples of
    /// the node is kept once all the same, and not known: it is never counted here.
    duplicates: u32,
    /// Readings that contradict what the same key said of the same instant before. That stays; these are
    /// in the history, and nothing follows from them. Of what is older than the newest 48 samples of the
    /// node it is not known: such a reading is kept, and counted as accepted.
    conflicting: u32,
    /// The twin's, after them.
    revision: u64,
}

impl TakenView {
    pub(crate) fn new(node: NodeId, taken: Taken, revision: u64) -> Self {
        Self {
            node_id: node.0,
            accepted: taken.accepted,
            duplicates: taken.duplicates,
            conflicting: taken.conflicting,
            revision,
        }
    }
}

/// What became of each batch, in their order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkTaken)]
pub(crate) struct BulkView<'a> {
    pub(crate) results: Vec<BatchView<'a>>,
}

/// What became of a batch: as if it had been sent by itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchTaken)]
pub(crate) struct BatchView<'a> {
    /// The status of an answer to it alone: 200, 400, 404, 409, 422, 500 or 503.
    pub(crate) status: u16,
    /// What was taken, where the status is 200.
    #[serde(flatten)]
    pub(crate) taken: Option<TakenView>,
    /// Why nothing, or not all, was taken. Pointers are into the whole body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<ProblemView<'a>>,
}
