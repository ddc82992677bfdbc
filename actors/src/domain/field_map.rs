//! Which field of a channel becomes which metric.
//!
//! Every node has one and most have two fields, so it takes as much memory as it has fields, and no
//! more: a tree would keep room for eleven. Its JSON is an object by number of field, which is a stored
//! format.

use std::collections::BTreeMap;
use std::{iter, slice};

use serde::{Deserialize, Serialize, Serializer};

use super::Metric;

/// How one field of a channel becomes a metric: `value × scale + offset`, in the metric's unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldRule {
    /// What the field measures.
    pub metric: Metric,
    /// Factor to the metric's unit.
    pub scale: f64,
    /// Added after scaling.
    pub offset: f64,
}

/// Rules by number of field, 1 to 8, in the order of the numbers.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "BTreeMap<u8, FieldRule>")]
pub struct FieldMap(Box<[(u8, FieldRule)]>);

impl FieldMap {
    /// How many fields are read.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields with their rules.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(|(field, rule)| (field, rule))
    }

    /// The fields.
    pub fn keys(&self) -> impl Iterator<Item = &u8> {
        self.iter().map(|(field, _)| field)
    }

    /// The rules.
    pub fn values(&self) -> impl Iterator<Item = &FieldRule> {
        self.iter().map(|(_, rule)| rule)
    }
}

/// Fields with their rules.
type Iter<'a> =
    iter::Map<slice::Iter<'a, (u8, FieldRule)>, fn(&'a (u8, FieldRule)) -> (&'a u8, &'a FieldRule)>;

impl<'a> IntoIterator for &'a FieldMap {
    type Item = (&'a u8, &'a FieldRule);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl From<BTreeMap<u8, FieldRule>> for FieldMap {
    fn from(rules: BTreeMap<u8, FieldRule>) -> Self {
        Self(rules.into_iter().collect())
    }
}

impl FromIterator<(u8, FieldRule)> for FieldMap {
    /// Of several rules for a field, the last counts.
    fn from_iter<I: IntoIterator<Item = (u8, FieldRule)>>(rules: I) -> Self {
        rules.into_iter().collect::<BTreeMap<_, _>>().into()
    }
}

impl<const N: usize> From<[(u8, FieldRule); N]> for FieldMap {
    fn from(rules: [(u8, FieldRule); N]) -> Self {
        rules.into_iter().collect()
    }
}

impl Serialize for FieldMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_json_is_an_object_by_field_in_order() {
        let rule = |scale| FieldRule {
            metric: Metric::LevelCm,
            scale,
            offset: 0.0,
        };
        let map = FieldMap::from([(7, rule(1.0)), (2, rule(3.0)), (7, rule(2.0))]);
        let json = r#"{"2":{"metric":"level_cm","scale":3.0,"offset":0.0},"7":{"metric":"level_cm","scale":2.0,"offset":0.0}}"#;
        assert_eq!(serde_json::to_string(&map).unwrap(), json);
        assert_eq!(serde_json::from_str::<FieldMap>(json).unwrap(), map);
    }
}
