//! Which numbers of a sample count, and for what. Pure.

use std::collections::BTreeMap;

use evara_actors::domain::{Metric, NodeSpec, Quality, Reason, Timestamp, Value, Verdict};

use super::{PastSample, Reading, Rollup, Rule, Summary};
use crate::history::grid::Span;

/// Whether a number counts into an aggregate: the same that derived values rest on. A suspect one counts
/// where it is doubted for when it came rather than for what it says.
pub(crate) fn counts(verdict: Verdict) -> bool {
    match verdict.quality {
        Quality::Good => true,
        Quality::Suspect => matches!(verdict.reason, Some(Reason::FlatLine | Reason::Gap)),
        Quality::Bad | Quality::Missing => false,
    }
}

/// What a sample says of `metric` that counts. A derived value is believed where the device reported
/// nothing of that name itself.
pub(crate) fn reading(sample: &PastSample, metric: &Metric) -> Option<Reading> {
    let reported = sample.values.iter().find(|value| value.metric == *metric);
    let number = match reported {
        Some(value) => counting(value)?,
        None => derived(sample, metric.name())?,
    };
    Some(Reading {
        at: sample.source_at,
        number,
    })
}

/// The finite number derived from a sample under this name.
pub(crate) fn derived(sample: &PastSample, name: &str) -> Option<f64> {
    let found = sample.derived.iter().find(|(known, _)| known == name)?;
    found.1.is_finite().then_some(found.1)
}

fn counting(value: &Value) -> Option<f64> {
    let number = value.number.filter(|number| number.is_finite())?;
    counts(value.verdict).then_some(number)
}

/// What the samples of an hour come to, metric by metric.
#[derive(Debug, Default)]
pub(crate) struct HourSummaries(BTreeMap<String, (Rule, Summary)>);

impl HourSummaries {
    /// Takes the next sample in.
    pub(crate) fn add(&mut self, sample: &PastSample, spec: Option<&NodeSpec>) {
        let at = sample.source_at;
        for value in &sample.values {
            if let Some(number) = counting(value) {
                self.add_number(&value.metric, at, number, spec);
            }
        }
        for (name, _) in &sample.derived {
            let Ok(metric) = name.parse::<Metric>() else {
                continue;
            };
            let reported = sample.values.iter().any(|value| value.metric == metric);
            if let Some(number) = derived(sample, name).filter(|_| !reported) {
                self.add_number(&metric, at, number, spec);
            }
        }
    }

    fn add_number(&mut self, metric: &Metric, at: Timestamp, number: f64, spec: Option<&NodeSpec>) {
        let next = Summary::of(Reading { at, number });
        if let Some((rule, known)) = self.0.get_mut(metric.name()) {
            *known = known.joined(next, rule);
            return;
        }
        let rule = spec.map_or(Rule::Plain, |spec| Rule::of(spec, metric));
        self.0.insert(metric.name().to_owned(), (rule, next));
    }

    /// As rollups of `span`.
    pub(crate) fn rollups(self, span: Span) -> Vec<Rollup> {
        let rollup = |(metric, (_, summary))| Rollup {
            metric,
            from: span.from,
            to: span.to,
            summary,
        };
        self.0.into_iter().map(rollup).collect()
    }
}

/// What the rollups of a day's hours come to, metric by metric; `hours` by their beginning.
pub(crate) fn day_of(hours: Vec<Rollup>, span: Span, spec: Option<&NodeSpec>) -> Vec<Rollup> {
    let mut summaries: BTreeMap<String, (Rule, Option<Summary>)> = BTreeMap::new();
    for Rollup {
        metric, summary, ..
    } in hours
    {
        let known = summaries.entry(metric).or_insert_with_key(|name| {
            let metric = name.parse::<Metric>().ok();
            let rule = spec
                .zip(metric)
                .map(|(spec, metric)| Rule::of(spec, &metric));
            (rule.unwrap_or(Rule::Plain), None)
        });
        Summary::add(&mut known.1, summary, &known.0);
    }
    let rollup = |(metric, (_, summary)): (String, (Rule, Option<Summary>))| {
        let summary = summary?;
        Some(Rollup {
            metric,
            from: span.from,
            to: span.to,
            summary,
        })
    };
    summaries.into_iter().filter_map(rollup).collect()
}
