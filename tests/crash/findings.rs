//! What is wrong with a store after a crash, and how a node's readings are judged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use evara_actors::domain::{NodeId, Timestamp};

use super::ledger::Sent;

/// The first of each kind are told in full.
const TOLD: usize = 5;

/// Everything that was found, each thing once however often it was looked at.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Acknowledged, and not there.
    pub(crate) lost: BTreeSet<String>,
    /// There twice.
    pub(crate) doubled: BTreeSet<String>,
    /// There, and sent by nobody.
    pub(crate) invented: BTreeSet<String>,
    /// Revisions that are missing, repeated or out of order.
    pub(crate) gaps: BTreeSet<String>,
    /// Twins that are not what their log says.
    pub(crate) diverged: BTreeSet<String>,
    /// Entries behind a cursor that were never kept.
    pub(crate) skipped: BTreeSet<String>,
}

impl Findings {
    pub(crate) fn is_clean(&self) -> bool {
        self.kinds().iter().all(|(_, found)| found.is_empty())
    }

    fn kinds(&self) -> [(&'static str, &BTreeSet<String>); 6] {
        [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("invented", &self.invented),
            ("gaps", &self.gaps),
            ("diverged", &self.diverged),
            ("skipped", &self.skipped),
        ]
    }

    /// Holds what a store has of a node against what was sent, both from the same instant on.
    pub(crate) fn compare(
        &mut self,
        node: NodeId,
        sent: &BTreeMap<Timestamp, Sent>,
        kept: &[(Timestamp, f64)],
    ) {
        let mut found: HashMap<Timestamp, f64> = HashMap::new();
        for (at, value) in kept {
            let what = format!("{node} {at} {value}");
            if found.insert(*at, *value).is_some() {
                self.doubled.insert(what);
            } else if sent.get(at).is_none_or(|sent| sent.value != *value) {
                self.invented.insert(what);
            }
        }
        for (at, sent) in sent.iter().filter(|(_, sent)| sent.acknowledged) {
            if found.get(at) != Some(&sent.value) {
                self.lost.insert(format!("{node} {at} {}", sent.value));
            }
        }
    }

    /// Holds the entries that a store has of a channel against those up to its cursor, of which so many
    /// are said to be missed. An entry's value is its number.
    pub(crate) fn compare_entries(
        &mut self,
        node: NodeId,
        behind_cursor: impl Iterator<Item = u64>,
        kept: &BTreeSet<u64>,
        missed: u64,
    ) {
        let absent: Vec<u64> = behind_cursor.filter(|id| !kept.contains(id)).collect();
        if absent.len() as u64 > missed {
            self.skipped
                .insert(format!("{node} has none of {absent:?}, {missed} are owned"));
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, found) in self.kinds() {
            writeln!(f, "{kind}: {}", found.len())?;
            for what in found.iter().take(TOLD) {
                writeln!(f, "    {what}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn judged(kept: &[(i64, f64)]) -> Findings {
        let sent = [(1, 1.0, true), (2, 2.0, false), (3, 3.0, true)];
        let sent = sent.map(|(millis, value, acknowledged)| {
            let sent = Sent {
                value,
                acknowledged,
            };
            (at(millis), sent)
        });
        let kept: Vec<_> = kept.iter().map(|(ms, value)| (at(*ms), *value)).collect();
        let mut findings = Findings::default();
        findings.compare(NodeId(uuid::Uuid::nil()), &sent.into(), &kept);
        findings
    }

    #[test]
    fn what_was_not_acknowledged_may_be_there_or_not() {
        assert!(judged(&[(1, 1.0), (3, 3.0)]).is_clean());
        assert!(judged(&[(1, 1.0), (2, 2.0), (3, 3.0)]).is_clean());
    }

    #[test]
    fn what_was_acknowledged_is_lost_where_it_is_absent_or_another_value() {
        assert_eq!(judged(&[(3, 3.0)]).lost.len(), 1);
        let other = judged(&[(1, 9.0), (3, 3.0)]);
        assert_eq!((other.lost.len(), other.invented.len()), (1, 1));
    }

    #[test]
    fn what_is_there_twice_or_was_never_sent_is_found() {
        let twice = judged(&[(1, 1.0), (1, 1.0), (3, 3.0)]);
        assert_eq!(twice.doubled.len(), 1);
        let invented = judged(&[(1, 1.0), (3, 3.0), (4, 4.0)]);
        assert_eq!(invented.invented.len(), 1);
    }

    #[test]
    fn an_entry_behind_the_cursor_is_kept_or_owned_as_missed() {
        let mut findings = Findings::default();
        let node = NodeId(uuid::Uuid::nil());
        findings.compare_entries(node, 3..=5, &BTreeSet::from([3, 4, 5]), 0);
        findings.compare_entries(node, 3..=5, &BTreeSet::from([3, 5]), 1);
        assert!(findings.is_clean());
        findings.compare_entries(node, 3..=5, &BTreeSet::from([3, 5]), 0);
        assert_eq!(findings.skipped.len(), 1);
    }
}
