//! A row of a channel, by the field map of one node.

use std::time::Duration;

use super::judge::judge;
use super::number::{Parsed, parse};
use crate::domain::{
    ChannelId, FieldRule, NodeSpec, Reason, Sample, Source, Timestamp, Value, Verdict,
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
    let ahead = entry.created_at > received_at.plus(MAX_AHEAD);
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
    (!values.is_empty()).then(|| Sample {
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

const fn keeps_text(verdict: Verdict) -> bool {
    match verdict.quality {
        crate::domain::Quality::Bad | crate::domain::Quality::Missing => true,
        crate::domain::Quality::Good | crate::domain::Quality::Suspect => false,
    }
}

fn shorten(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_RAW_BYTES)]
}
