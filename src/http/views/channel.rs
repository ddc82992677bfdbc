//! The channel that a node reads, as JSON. Its key goes in and never comes out.

use std::collections::BTreeMap;
use std::fmt;

use evara_actors::domain::{ChannelBinding, ChannelId, FieldRule, Metric};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::given;
use crate::app::nodes::KeyChange;
use crate::http::problem::{Code, Part, Problem};

/// A channel to read, as it is set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChannelInput)]
pub(crate) struct ChannelBody {
    /// The channel's number.
    #[schema(minimum = 1, example = 2_005_329)]
    pub(crate) channel_id: u64,
    /// The key of a private channel: write-only. Left out, the key stays; null removes it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, write_only)]
    pub(crate) read_api_key: Option<Option<String>>,
    /// What `field1` to `field8` measure.
    pub(crate) field_map: BTreeMap<FieldName, FieldBody>,
}

impl fmt::Debug for ChannelBody {
    /// Says all but the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            channel_id,
            field_map,
            read_api_key: _,
        } = self;
        f.debug_struct("ChannelBody")
            .field("channel_id", channel_id)
            .field("field_map", field_map)
            .finish()
    }
}

/// `field1` to `field8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FieldName(u8);

impl<'de> Deserialize<'de> for FieldName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let digit = name.strip_prefix("field").filter(|digit| digit.len() == 1);
        let number = digit
            .and_then(|digit| digit.parse().ok())
            .filter(|field| (1..=8).contains(field));
        number
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("must be field1 to field8"))
    }
}

impl Serialize for FieldName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("field{}", self.0))
    }
}

impl utoipa::PartialSchema for FieldName {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        String::schema()
    }
}

impl ToSchema for FieldName {}

/// How a field becomes a metric: `value × scale + offset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FieldRule)]
pub(crate) struct FieldBody {
    /// What the field measures; ends in its unit, such as `distance_cm`.
    #[schema(value_type = String, example = "distance_cm")]
    pub(crate) metric: Metric,
    /// Factor to the metric's unit.
    #[serde(default = "one")]
    pub(crate) scale: f64,
    /// Added after scaling.
    #[serde(default)]
    pub(crate) offset: f64,
}

fn one() -> f64 {
    1.0
}

/// Longer than any key that was ever seen.
const MAX_KEY: usize = 64;

impl ChannelBody {
    /// The binding, and what is to be done about the key.
    pub(crate) fn into_parts(self) -> Result<(ChannelBinding, KeyChange), Problem> {
        let key = match self.read_api_key {
            None => KeyChange::Keep,
            Some(None) => KeyChange::Remove,
            Some(Some(key)) if is_key(&key) => KeyChange::Set(SecretString::from(key)),
            Some(Some(_)) => {
                return Err(
                    Problem::new(Code::ValidationFailed, "The key is no key.").field(
                        Part::Body,
                        "read_api_key",
                        "must be 1 to 64 letters and digits",
                    ),
                );
            }
        };
        let rule = |(
            FieldName(field),
            FieldBody {
                metric,
                scale,
                offset,
            },
        )| {
            (
                field,
                FieldRule {
                    metric,
                    scale,
                    offset,
                },
            )
        };
        let field_map = self.field_map.into_iter().map(rule).collect();
        Ok((
            ChannelBinding {
                channel_id: ChannelId(self.channel_id),
                field_map,
            },
            key,
        ))
    }
}

fn is_key(key: &str) -> bool {
    (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A channel that is read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Channel)]
pub(crate) struct ChannelView {
    /// The channel's number.
    channel_id: u64,
    /// Whether there is a key for it.
    has_read_api_key: bool,
    /// What its fields measure.
    field_map: BTreeMap<FieldName, FieldBody>,
}

impl ChannelView {
    pub(crate) fn new(binding: &ChannelBinding, has_read_api_key: bool) -> Self {
        let field = |(field, rule): (&u8, &FieldRule)| {
            let FieldRule {
                metric,
                scale,
                offset,
            } = rule.clone();
            (
                FieldName(*field),
                FieldBody {
                    metric,
                    scale,
                    offset,
                },
            )
        };
        Self {
            channel_id: binding.channel_id.0,
            has_read_api_key,
            field_map: binding.field_map.iter().map(field).collect(),
        }
    }
}
