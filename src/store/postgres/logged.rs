//! Where change logs are known to be noted to be, so that most commits need not note anything.
//!
//! A start looks for what followed a node's snapshot where the notes say and nowhere else: a sample must never
//! be committed before the note of its span, nor outlive it. Notes are taken away with the month of theirs
//! alone, while no commit relies on what is known: see [`Marks::taking`](super::marks::Marks::taking).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use evara_actors::domain::{Kind, NodeId, Timestamp};
use evara_actors::ports::{Batch, TelemetryRow};

use super::months::Month;

const DAY_MILLIS: i64 = 86_400_000;

/// A hundred thousand nodes in this month and the last one, in some twenty megabytes. When it is full all
/// is forgotten, and noted once more.
const MOST: usize = 400_000;

/// A span of source times in the table of a kind; both ends are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Span {
    pub(super) node: NodeId,
    pub(super) kind: Kind,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// What is not known to be noted, in the order of the tables.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    /// Nodes whose change log begins.
    pub(super) nodes: BTreeSet<NodeId>,
    /// Spans in which it has the first sample.
    pub(super) spans: BTreeSet<Span>,
}

/// What is known to be noted.
#[derive(Debug, Default)]
pub(super) struct Logged {
    nodes: HashSet<NodeId>,
    spans: HashSet<Span>,
}

impl Logged {
    /// What of `batch` is not known to be noted.
    pub(super) fn missing(&self, batch: &Batch) -> Fresh {
        let changed: Vec<&TelemetryRow> = batch.telemetry.iter().filter(|row| !row.late).collect();
        let nodes = changed.iter().map(|row| row.node);
        let nodes = nodes.chain(batch.events.iter().map(|row| row.node));
        // To find the month of an instant costs much more than to find its day.
        let mut months = BTreeMap::new();
        let spans = changed.iter().map(|row| {
            let day = row.sample.source_at.millis().div_euclid(DAY_MILLIS);
            let (from, to) = *months
                .entry(day)
                .or_insert_with(|| ends(row.sample.source_at));
            let (node, kind) = (row.node, row.kind);
            Span {
                node,
                kind,
                from,
                to,
            }
        });
        Fresh {
            nodes: nodes.filter(|node| !self.nodes.contains(node)).collect(),
            spans: spans.filter(|span| !self.spans.contains(span)).collect(),
        }
    }

    /// To be called once it is committed.
    pub(super) fn remember(&mut self, fresh: Fresh) {
        if self.spans.len() + fresh.spans.len() > MOST {
            self.spans.clear();
        }
        self.nodes.extend(fresh.nodes);
        self.spans.extend(fresh.spans);
    }

    /// Spans may be noted no more.
    pub(super) fn forget_spans(&mut self) {
        self.spans.clear();
    }
}

/// The first and the last instant of the month that `at` is in, or of all that is before the months, or
/// behind them.
fn ends(at: Timestamp) -> (Timestamp, Timestamp) {
    let before = |instant: Timestamp| Timestamp::from_millis(instant.millis() - 1);
    match Month::of(at) {
        Some(month) => (month.begin(), before(month.end())),
        None if at < Month::first().begin() => (Timestamp::MIN, before(Month::first().begin())),
        None => (Month::last().end(), Timestamp::MAX),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn instants() -> impl Strategy<Value = Timestamp> {
        let near = |year: i64| (year - 1970) * 31_556_952_000;
        prop_oneof![
            (near(2009)..near(2041)).prop_map(Timestamp::from_millis),
            any::<i64>().prop_map(Timestamp::from_millis),
        ]
    }

    proptest! {
        #[test]
        fn every_instant_is_in_its_span_and_spans_do_not_overlap(one in instants(), other in instants()) {
            let ((from, to), another) = (ends(one), ends(other));
            prop_assert!(from <= one && one <= to);
            prop_assert_eq!((from, to) == another, from <= other && other <= to);
        }
    }
}
