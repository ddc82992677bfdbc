//! A row of a channel, by the field map of one node.

use std::time::Duration;

use super::judge::judge;
use super::number::{Parsed, parse};
use crate::domain::{
    ChannelId, FieldRule, NodeSpec, Quality, Reason, Sample, Source, Timestamp, Value, Verdict,
};
use crate::ports::Entry;

/// A stamp further ahead of our clock than this is the writer's mistake; less is two clocks.
const MAX_AHEAD: Duration = Duration::from_secs(300);

/// As long as ThingSpeak lets a field be, in bytes.
const MAX_RAW_BYTES: usize = 255;

/// What `entry` of `channel` says of the node that `spec` describes.
///
/// `None` where it says nothing: the node reads no such channel, or all of its fields are null. Single
/// nulls are left out, since a channel with two writers is full of them.
pub fn normalise(
    spec: &NodeSpec,
    channel: ChannelId,
    entry: &Entry,
    received_at: Timestamp,
) -> Option<Sample> {
    let binding = spec
        .channel
        .as_ref()
        .filter(|it| it.channel_id == channel)?;
    let ahead = is_ahead(entry.created_at, received_at);
    let mut values: Vec<Value> = Vec::with_capacity(binding.field_map.len());
    for (&field, rule) in &binding.field_map {
        let Some(text) = field_text(entry, field) else {
            continue;
        };
        if values.iter().any(|value| value.metric == rule.metric) {
            continue;
        }
        let mut value = read(spec, rule, text);
        if ahead {
            value.verdict = Verdict::suspect(Reason::Future).worse(value.verdict);
        }
        values.push(value);
    }
    (!values.is_empty()).then_some(Sample {
        source: Source::ThingSpeak {
            channel,
            entry: entry.id,
        },
        source_at: entry.created_at,
        received_at,
        values,
    })
}

fn field_text(entry: &Entry, field: u8) -> Option<&str> {
    let index = usize::from(field).checked_sub(1)?;
    entry.fields.get(index)?.as_deref()
}

fn read(spec: &NodeSpec, rule: &FieldRule, text: &str) -> Value {
    let (number, verdict) = match parse(text, &rule.metric) {
        Ok(parsed) => {
            let number = calibrate(parsed, rule);
            (number, judge(spec, &rule.metric, number))
        }
        Err(reason) => (f64::NAN, Verdict::missing(reason)),
    };
    let number = Some(number).filter(|number| number.is_finite());
    Value {
        metric: rule.metric.clone(),
        number,
        verdict,
        raw: keeps_text(verdict).then(|| shorten(text).into()),
    }
}

/// A rule that scales says what the field's numbers are in; the text's own unit then converts nothing,
/// or it would be converted twice.
fn calibrate(parsed: Parsed, rule: &FieldRule) -> f64 {
    let factor = if rule.scale == 1.0 {
        parsed.to_unit
    } else {
        rule.scale
    };
    parsed.number * factor + rule.offset
}

/// Whether a stamp is too far ahead of when it came.
pub(super) fn is_ahead(source_at: Timestamp, received_at: Timestamp) -> bool {
    source_at > received_at.plus(MAX_AHEAD)
}

/// Whether the text of a value is kept beside its number.
pub(super) const fn keeps_text(verdict: Verdict) -> bool {
    match verdict.quality {
        Quality::Bad | Quality::Missing => true,
        Quality::Good | Quality::Suspect => false,
    }
}

/// As much of a refused text as is kept.
pub(super) fn shorten(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_RAW_BYTES)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture::{CHANNEL, node};
    use super::*;
    use crate::domain::{EntryId, Metric};

    const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

    fn entry(fields: &[(usize, &str)]) -> Entry {
        let mut entry = Entry {
            id: EntryId(2871),
            created_at: NOW,
            fields: Default::default(),
        };
        for &(field, text) in fields {
            entry.fields[field - 1] = Some(text.into());
        }
        entry
    }

    fn tank() -> NodeSpec {
        node(&[
            (1, Metric::TemperatureC, 1.0, 0.0),
            (2, Metric::DistanceCm, 0.1, -2.0),
        ])
    }

    fn values(fields: &[(usize, &str)]) -> Vec<Value> {
        normalise(&tank(), CHANNEL, &entry(fields), NOW)
            .unwrap()
            .values
    }

    #[test]
    fn a_field_becomes_a_metric_by_scale_and_offset() {
        let sample = normalise(&tank(), CHANNEL, &entry(&[(2, "1320\r\n")]), NOW).unwrap();
        assert_eq!(sample.source.to_string(), "thingspeak:2005329#2871");
        assert_eq!((sample.source_at, sample.received_at), (NOW, NOW));
        let expected = Value {
            metric: Metric::DistanceCm,
            number: Some(130.0),
            verdict: Verdict::GOOD,
            raw: None,
        };
        assert_eq!(sample.values, [expected]);
    }

    #[test]
    fn a_unit_in_the_text_is_not_converted_on_top_of_a_scale() {
        assert_eq!(values(&[(2, "1320 mm")])[0].number, Some(130.0));
        let plain = node(&[(2, Metric::DistanceCm, 1.0, 0.0)]);
        let sample = normalise(&plain, CHANNEL, &entry(&[(2, "1320 mm")]), NOW).unwrap();
        assert_eq!(sample.values[0].number, Some(132.0));
    }

    #[test]
    fn nulls_and_fields_that_are_not_mapped_are_left_out() {
        let found = values(&[(1, "25.0"), (3, "7")]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].metric, Metric::TemperatureC);
    }

    #[test]
    fn a_row_that_says_nothing_of_the_node_is_no_sample() {
        let none = |spec: &NodeSpec, channel, fields: &[(usize, &str)]| {
            normalise(spec, channel, &entry(fields), NOW).is_none()
        };
        assert!(none(&tank(), CHANNEL, &[]));
        assert!(none(&tank(), CHANNEL, &[(3, "7")]));
        assert!(none(&tank(), ChannelId(1), &[(1, "25.0")]));
        let unbound = NodeSpec {
            channel: None,
            ..tank()
        };
        assert!(none(&unbound, CHANNEL, &[(1, "25.0")]));
        assert!(none(
            &node(&[(0, Metric::Pump, 1.0, 0.0)]),
            CHANNEL,
            &[(1, "1")]
        ));
        assert!(none(
            &node(&[(9, Metric::Pump, 1.0, 0.0)]),
            CHANNEL,
            &[(1, "1")]
        ));
    }

    #[test]
    fn what_is_refused_is_kept_as_it_came() {
        let found = values(&[(1, " nan"), (2, "\r\n")]);
        assert_eq!(found[0].verdict, Verdict::missing(Reason::NotANumber));
        assert_eq!(found[0].raw.as_deref(), Some(" nan"));
        assert_eq!(found[1].verdict, Verdict::missing(Reason::Empty));
        assert_eq!(found[1].raw.as_deref(), Some("\r\n"));
        assert!(found.iter().all(|value| value.number.is_none()));
        let broken = &values(&[(1, "-127.00")])[0];
        assert_eq!(broken.verdict, Verdict::bad(Reason::Range));
        assert_eq!(broken.number, Some(-127.0));
        assert_eq!(broken.raw.as_deref(), Some("-127.00"));
    }

    #[test]
    fn a_kept_text_ends_at_255_bytes_and_never_within_a_character() {
        let long = "é".repeat(200);
        let raw = values(&[(1, &long)])[0].raw.clone().unwrap();
        assert_eq!(&*raw, "é".repeat(127));
    }

    #[test]
    fn a_number_that_scaling_makes_infinite_is_bad_and_left_out() {
        let spec = node(&[(1, Metric::Pump, 1e10, 0.0)]);
        let sample = normalise(&spec, CHANNEL, &entry(&[(1, "1e308")]), NOW).unwrap();
        assert_eq!(sample.values[0].verdict, Verdict::bad(Reason::Range));
        assert_eq!(sample.values[0].number, None);
        assert_eq!(sample.values[0].raw.as_deref(), Some("1e308"));
    }

    #[test]
    fn a_stamp_more_than_five_minutes_ahead_makes_every_value_suspect() {
        let ahead = |millis| {
            let mut entry = entry(&[(1, "25.0"), (2, "nan")]);
            entry.created_at = Timestamp::from_millis(NOW.millis() + millis);
            normalise(&tank(), CHANNEL, &entry, NOW).unwrap().values
        };
        assert_eq!(ahead(300_000)[0].verdict, Verdict::GOOD);
        let found = ahead(300_001);
        assert_eq!(found[0].verdict, Verdict::suspect(Reason::Future));
        assert_eq!(found[1].verdict, Verdict::missing(Reason::NotANumber));
    }

    #[test]
    fn a_metric_that_is_mapped_twice_is_taken_once() {
        let spec = node(&[(1, Metric::Pump, 1.0, 0.0), (2, Metric::Pump, 1.0, 0.0)]);
        let sample = normalise(&spec, CHANNEL, &entry(&[(1, "1"), (2, "0")]), NOW).unwrap();
        assert_eq!(sample.values.len(), 1);
        assert_eq!(sample.values[0].number, Some(1.0));
    }

    proptest! {
        #[test]
        fn no_row_breaks_the_stage(
            first in prop::option::of(any::<String>()),
            second in prop::option::of(".{0,300}"),
            created in any::<i64>(),
            received in any::<i64>(),
        ) {
            let mut entry = entry(&[]);
            entry.created_at = Timestamp::from_millis(created);
            entry.fields[0] = first.map(Into::into);
            entry.fields[1] = second.map(Into::into);
            let mapped = entry.fields.iter().flatten().count();
            let sample = normalise(&tank(), CHANNEL, &entry, Timestamp::from_millis(received));
            prop_assert_eq!(sample.as_ref().map_or(0, |sample| sample.values.len()), mapped);
            for value in sample.into_iter().flat_map(|sample| sample.values) {
                prop_assert!(value.number.is_none_or(f64::is_finite));
                prop_assert!(value.number.is_some() || value.raw.is_some());
                prop_assert!(value.raw.is_none_or(|raw| raw.len() <= MAX_RAW_BYTES));
            }
        }
    }
}
