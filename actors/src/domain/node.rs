//! A node as people describe it: who it is, where it stands, what it reads and how to judge that.
//!
//! The service keeps it as JSON in the node's row, so a change of these shapes is a change of the
//! stored format.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ChannelId, FieldError, FieldMap, Meter, Metric, NodeId, ShardId, Tank, Timestamp, Well,
};

/// What kind of thing a node is; decides what can be derived from its readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Holds water.
    Tank,
    /// Measures what passes.
    Flow,
    /// A well.
    Deep,
    /// Anything else: values without derived ones.
    Generic,
}

impl Kind {
    /// The name used in the API and in the history.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tank => "tank",
            Self::Flow => "flow",
            Self::Deep => "deep",
            Self::Generic => "generic",
        }
    }
}

/// What operators call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the trade's own")]
pub enum Category {
    OHT,
    Sump,
    Borewell,
    GovtBorewell,
    PumpHouse,
    FlowMeter,
    Other,
}

/// Where it stands, in degrees (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// -90 to 90.
    pub lat: f64,
    /// -180 to 180.
    pub lng: f64,
}

/// The channel that a node reads, without its secrets: those are the feed's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelBinding {
    /// The channel.
    pub channel_id: ChannelId,
    /// By number of field, 1 to 8. Several nodes may read different fields of one channel.
    pub field_map: FieldMap,
}

/// What values of a metric are possible and likely.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Outside of it a value is bad: the sensor cannot say that.
    pub fail: Option<(f64, f64)>,
    /// Outside of it a value is suspect.
    pub suspect: Option<(f64, f64)>,
    /// A jump by more is suspect until the following readings confirm it.
    pub spike: Option<f64>,
    /// A faster change is suspect.
    pub max_rate_per_s: Option<f64>,
    /// A value that moved by less than `flat_tolerance` for this long is suspect.
    pub flat_after_s: Option<u32>,
    /// See `flat_after_s`.
    pub flat_tolerance: f64,
}

/// How readings of a node are judged and what is derived from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeConfig {
    /// Of a tank.
    pub tank: Option<Tank>,
    /// Of a flow meter.
    pub meter: Option<Meter>,
    /// Of a well.
    pub well: Option<Well>,
    /// By metric.
    pub limits: BTreeMap<Metric, Limits>,
    /// How often the node reports; `None` to go by its own median interval.
    pub expected_interval_s: Option<u32>,
    /// Late once its newest source time is older than this many intervals.
    pub late_after: f64,
    /// Offline once its newest source time is older than this many intervals.
    pub offline_after: f64,
    /// IANA name of the community's time zone: decides where a day begins.
    pub time_zone: String,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            tank: None,
            meter: None,
            well: None,
            limits: BTreeMap::new(),
            expected_interval_s: None,
            late_after: 3.0,
            offline_after: 10.0,
            time_zone: "UTC".to_owned(),
        }
    }
}

/// Taken out of service by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// A node as people describe it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// Made by us, never reused.
    pub id: NodeId,
    /// Made by people; unique in its community.
    pub key: String,
    /// What people read.
    pub label: String,
    /// Decides what is derived.
    pub kind: Kind,
    /// What operators call it.
    pub category: Category,
    /// Where it stands.
    pub position: Option<Position>,
    /// Where it stands, in words.
    pub location_name: Option<String>,
    /// Whose it is.
    pub customer_id: Option<Uuid>,
    /// Where it belongs.
    pub community_id: Option<Uuid>,
    /// Who looks after it.
    pub distributor_id: Option<Uuid>,
    /// Free words of people.
    pub tags: BTreeMap<String, String>,
    /// How its readings are judged.
    pub config: NodeConfig,
    /// The channel that it reads.
    pub channel: Option<ChannelBinding>,
    /// Set while a person has taken it out of service.
    pub maintenance: Option<Maintenance>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Counts the changes that people made to this description, from 1.
    pub version: u64,
}

impl NodeSpec {
    /// A node of which nothing else is said yet, without a key and a label, at version 1.
    pub fn blank(id: NodeId, kind: Kind, created_at: Timestamp) -> Self {
        Self {
            id,
            key: String::new(),
            label: String::new(),
            kind,
            category: Category::Other,
            position: None,
            location_name: None,
            customer_id: None,
            community_id: None,
            distributor_id: None,
            tags: BTreeMap::new(),
            config: NodeConfig::default(),
            channel: None,
            maintenance: None,
            created_at,
            version: 1,
        }
    }

    /// The same node in a place with this time zone, an IANA name.
    #[must_use]
    pub fn in_zone(mut self, zone: &str) -> Self {
        zone.clone_into(&mut self.config.time_zone);
        self
    }

    /// The shard that its actor lives in: that of its channel, or its own where it has none.
    pub fn shard(&self) -> ShardId {
        match &self.channel {
            Some(binding) => ShardId::of_channel(binding.channel_id),
            None => ShardId::of_node(self.id),
        }
    }

    /// Everything that is wrong with it, by JSON pointers into this structure.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut text = |pointer: &str, text: &str, longest: usize| {
            if text.trim().is_empty() || text.chars().count() > longest {
                let message = format!("must be 1 to {longest} characters");
                errors.push(FieldError::new(pointer, message));
            }
        };
        text("/node_key", &self.key, 64);
        text("/label", &self.label, 200);
        if let Some(name) = &self.location_name {
            text("/location_name", name, 200);
        }
        if self
            .key
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == '/')
        {
            errors.push(FieldError::new(
                "/node_key",
                "must have no spaces and no slash",
            ));
        }
        if let Some(Position { lat, lng }) = self.position {
            if !(-90.0..=90.0).contains(&lat) {
                errors.push(FieldError::new("/lat", "must be from -90 to 90"));
            }
            if !(-180.0..=180.0).contains(&lng) {
                errors.push(FieldError::new("/lng", "must be from -180 to 180"));
            }
        }
        errors.extend(check_tags(&self.tags));
        errors.extend(
            self.config
                .check()
                .into_iter()
                .map(|error| error.under("/config")),
        );
        if let Some(binding) = &self.channel {
            errors.extend(
                binding
                    .check()
                    .into_iter()
                    .map(|error| error.under("/channel")),
            );
        }
        errors
    }
}

/// More is a document, not a set of tags.
const MAX_TAGS: usize = 64;

fn check_tags(tags: &BTreeMap<String, String>) -> Vec<FieldError> {
    let fits = |(key, value): (&String, &String)| {
        (1..=64).contains(&key.chars().count()) && value.chars().count() <= 256
    };
    let mut errors = Vec::new();
    if tags.len() > MAX_TAGS {
        errors.push(FieldError::new("/tags", "must be at most 64"));
    }
    if !tags.iter().all(fits) {
        errors.push(FieldError::new(
            "/tags",
            "keys are 1 to 64 characters, values at most 256",
        ));
    }
    errors
}

impl NodeConfig {
    /// Everything that is wrong with it, by JSON pointers into this structure.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut part = |prefix: &str, found: Vec<FieldError>| {
            errors.extend(found.into_iter().map(|error| error.under(prefix)));
        };
        part(
            "/tank",
            self.tank.as_ref().map(Tank::check).unwrap_or_default(),
        );
        part(
            "/meter",
            self.meter.as_ref().map(Meter::check).unwrap_or_default(),
        );
        part(
            "/well",
            self.well.as_ref().map(Well::check).unwrap_or_default(),
        );
        for (metric, limits) in &self.limits {
            part(&format!("/limits/{metric}"), limits.check());
        }
        if self
            .expected_interval_s
            .is_some_and(|secs| !(1..=86_400).contains(&secs))
        {
            errors.push(FieldError::new(
                "/expected_interval_s",
                "must be from 1 to 86400",
            ));
        }
        if !(1.0..=1_000.0).contains(&self.late_after) {
            errors.push(FieldError::new("/late_after", "must be from 1 to 1000"));
        }
        if !(self.late_after..=10_000.0).contains(&self.offline_after) {
            errors.push(FieldError::new(
                "/offline_after",
                "must be from late_after to 10000",
            ));
        }
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            errors.push(FieldError::new("/time_zone", "is no IANA time zone"));
        }
        errors
    }
}

impl Limits {
    fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (pointer, span) in [("/fail", self.fail), ("/suspect", self.suspect)] {
            if span.is_some_and(|(low, high)| !(low.is_finite() && high.is_finite() && low < high))
            {
                errors.push(FieldError::new(
                    pointer,
                    "must be [low, high] with low below high",
                ));
            }
        }
        for (pointer, number) in [
            ("/spike", self.spike),
            ("/max_rate_per_s", self.max_rate_per_s),
        ] {
            if number.is_some_and(|number| !(number > 0.0 && number.is_finite())) {
                errors.push(FieldError::new(pointer, "must be above 0"));
            }
        }
        if self
            .flat_after_s
            .is_some_and(|secs| !(60..=86_400).contains(&secs))
        {
            errors.push(FieldError::new("/flat_after_s", "must be from 60 to 86400"));
        }
        if !(self.flat_tolerance >= 0.0 && self.flat_tolerance.is_finite()) {
            errors.push(FieldError::new("/flat_tolerance", "must be 0 or above"));
        }
        errors
    }
}

impl ChannelBinding {
    /// Everything that is wrong with it, by JSON pointers into this structure.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.channel_id.0 == 0 || self.channel_id.0 > i64::MAX.unsigned_abs() {
            errors.push(FieldError::new(
                "/channel_id",
                "must be a channel's number, from 1",
            ));
        }
        if self.field_map.is_empty() {
            errors.push(FieldError::new("/field_map", "must map at least one field"));
        }
        let mut seen = std::collections::BTreeSet::new();
        for (field, rule) in &self.field_map {
            let pointer = format!("/field_map/field{field}");
            if !(1..=8).contains(field) {
                errors.push(FieldError::new(&pointer, "must be field1 to field8"));
            }
            if !seen.insert(&rule.metric) {
                errors.push(FieldError::new(
                    format!("{pointer}/metric"),
                    "is mapped twice",
                ));
            }
            if !(rule.scale.is_finite() && rule.scale != 0.0) {
                errors.push(FieldError::new(format!("{pointer}/scale"), "must not be 0"));
            }
            if !rule.offset.is_finite() {
                errors.push(FieldError::new(
                    format!("{pointer}/offset"),
                    "must be a number",
                ));
            }
        }
        errors
    }
}
