//! A reading on its way to a twin: normalised, and still with the text that was refused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ids::mix;
use super::{ChannelId, EntryId, FieldError, Metric, Timestamp, Verdict};

/// Where a sample came from. With its instant, what a repetition of a channel's entry is known by; a
/// pusher may speak of one instant more than once, see [`Sample::piece`].
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

impl Sample {
    /// Tells apart the pieces in which one pusher speaks of one instant: a digest of what is said, which
    /// hangs neither on the order of the values nor on any verdict. Nought for an entry of a channel,
    /// which is always whole. Part of the stored format.
    pub fn piece(&self) -> u64 {
        match self.source {
            Source::ThingSpeak { .. } => 0,
            Source::Pushed(_) => self
                .values
                .iter()
                .map(Value::digest)
                .fold(0, u64::wrapping_add),
        }
    }
}

impl Value {
    fn digest(&self) -> u64 {
        let name = digest(0, self.metric.name().as_bytes());
        match self.number {
            Some(number) => mix(name ^ mix(number.to_bits())),
            None => digest(!name, self.raw.as_deref().unwrap_or_default().as_bytes()),
        }
    }
}

fn digest(seed: u64, bytes: &[u8]) -> u64 {
    let mut state = mix(seed ^ bytes.len() as u64);
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = mix(state ^ u64::from_le_bytes(word));
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(source: Source, values: &[(&str, Option<f64>, Option<&str>)]) -> u64 {
        let value = |(name, number, raw): &(&str, Option<f64>, Option<&str>)| Value {
            metric: name.parse().unwrap(),
            number: *number,
            verdict: Verdict::GOOD,
            raw: raw.map(Into::into),
        };
        let at = Timestamp::from_secs(0);
        Sample {
            source,
            source_at: at,
            received_at: at,
            values: values.iter().map(value).collect(),
        }
        .piece()
    }

    #[test]
    fn pieces_of_a_pusher_differ_by_what_they_say_and_by_nothing_else() {
        let pushed = |values: &[_]| piece(Source::Pushed(Uuid::from_u128(7)), values);
        let (pump, level) = (("pump", Some(1.0), None), ("level_cm", Some(1.0), None));
        assert_eq!(pushed(&[pump, level]), pushed(&[level, pump]));
        let told = [
            pushed(&[pump]),
            pushed(&[level]),
            pushed(&[pump, level]),
            pushed(&[("pump", Some(2.0), None)]),
            pushed(&[("pump", None, Some("nan"))]),
            pushed(&[("pump", None, Some(""))]),
        ];
        for (index, one) in told.iter().enumerate() {
            assert!(!told[..index].contains(one), "{index}");
        }
        // A refused text is kept beside a number that is bad, which is the reader's word, not the pusher's.
        assert_eq!(pushed(&[pump]), pushed(&[("pump", Some(1.0), Some("1"))]));
    }

    #[test]
    fn the_digest_of_a_piece_is_a_stored_format_and_stays() {
        let pushed = Source::Pushed(Uuid::from_u128(7));
        let values = [("level_cm", Some(53.5), None), ("note", None, Some("nan"))];
        assert_eq!(piece(pushed, &values), PIECE);
    }

    const PIECE: u64 = 16_161_050_914_736_145_569;

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
