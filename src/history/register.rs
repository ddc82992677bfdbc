//! What passed a meter in each bucket. Pure.
//!
//! A pair of readings in two buckets is shared among these and the ones between by time, as a day's
//! consumption is interpolated at midnight; so that the buckets of a span add up to what passed in it.

use super::grid::Span;
use super::{Reading, Rule, Summary};

/// Litres, and how many pairs of readings were refused.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Passed {
    pub(crate) litres: f64,
    pub(crate) refused: u32,
}

/// What passed in each of `buckets`, which follow one another; `None` where nothing is known of one.
pub(crate) fn passed(buckets: &[(Span, Option<Summary>)], rule: &Rule) -> Vec<Option<Passed>> {
    let inside = |summary: &Summary| Passed {
        litres: summary.passed,
        refused: summary.refused,
    };
    let mut all: Vec<Option<Passed>> = buckets
        .iter()
        .map(|(_, summary)| summary.as_ref().map(inside))
        .collect();
    let mut before: Option<(usize, Reading)> = None;
    for (index, (_, summary)) in buckets.iter().enumerate() {
        let Some(summary) = summary else { continue };
        if let Some((earlier, last)) = before {
            match rule.passed(last, summary.first) {
                Some(litres) => {
                    let pair = Span::new(last.at, summary.first.at);
                    let spans = buckets[earlier..=index].iter().map(|(span, _)| *span);
                    share(litres, pair, spans, &mut all[earlier..=index]);
                }
                None => all[index].get_or_insert_default().refused += 1,
            }
        }
        before = Some((index, summary.last));
    }
    all
}

fn share(
    litres: f64,
    pair: Span,
    spans: impl Iterator<Item = Span>,
    shares: &mut [Option<Passed>],
) {
    let whole = pair.length().as_secs_f64();
    for (span, share) in spans.zip(shares) {
        let inside = span.within(pair).length().as_secs_f64();
        // Two readings of one instant are in one bucket.
        let part = if whole > 0.0 { inside / whole } else { 0.0 };
        share.get_or_insert_default().litres += litres * part;
    }
}
