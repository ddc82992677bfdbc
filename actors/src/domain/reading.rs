//! A reading on its way to a twin: normalised, and still with the text that was refused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ChannelId, EntryId, FieldError, Metric, Timestamp, Verdict};

/// Where a sample came from: with its instant, what a repetition is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An entry of a ThingSpeak channel.
    ThingSpeak {
        /// The channel.
        channel: ChannelId,
        /// The entry in it.
        entry: EntryId,
    },
    /// Sent by a device or a person with this key or user id.
    Pushed(Uuid),
}

impl fmt::Display for Source {
    /// As the API shows it: `thingspeak:2005329#2871`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThingSpeak { channel, entry } => write!(f, "thingspeak:{channel}#{entry}"),
            Self::Pushed(id) => write!(f, "push:{id}"),
        }
    }
}

impl FromStr for Source {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let wrong = || FieldError::new("", "not a source");
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        match kind {
            "thingspeak" => {
                let (channel, entry) = rest.split_once('#').ok_or_else(wrong)?;
                Ok(Self::ThingSpeak {
                    channel: ChannelId(channel.parse().map_err(|_| wrong())?),
                    entry: EntryId(entry.parse().map_err(|_| wrong())?),
                })
            }
            "push" => Ok(Self::Pushed(rest.parse().map_err(|_| wrong())?)),
            _ => Err(wrong()),
        }
    }
}

/// One metric in a sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// What was measured; the number is in the metric's unit.
    pub metric: Metric,
    /// The number, finite; `None` when the text was none, in which case `raw` says what it was.
    pub number: Option<f64>,
    /// What normalising found. The twin's own tests, which need neighbours, come on top.
    pub verdict: Verdict,
    /// The text as it came, kept where it was refused.
    pub raw: Option<Box<str>>,
}

/// What one source said of one node at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Who said it.
    pub source: Source,
    /// When it was measured, by the device's or ThingSpeak's clock.
    pub source_at: Timestamp,
    /// When it reached us.
    pub received_at: Timestamp,
    /// At most one value a metric.
    pub values: Vec<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_reads_back_as_it_was_written() {
        let entry = Source::ThingSpeak {
            channel: ChannelId(2_005_329),
            entry: EntryId(2871),
        };
        assert_eq!(entry.to_string(), "thingspeak:2005329#2871");
        for source in [entry, Source::Pushed(Uuid::from_u128(7))] {
            assert_eq!(source.to_string().parse::<Source>().unwrap(), source);
        }
        assert!("thingspeak:12".parse::<Source>().is_err());
    }
}
