//! A twin made anew from its log alone, by the function that made it the first time.
//!
//! Not by the code that loads twins at a start: that is what is judged here. Goes on from where it
//! stood, so that a log is read once however often it is looked at.

use std::sync::Arc;

use evara_actors::domain::{NodeSpec, Revision, Timestamp};
use evara_actors::ports::{LogEntry, Record, SnapshotRow};
use evara_actors::twin::{Change, Event, Twin, apply};
use serde_json::Value;

use super::findings::Findings;

/// See the module.
#[derive(Debug)]
pub(crate) struct Replay {
    spec: NodeSpec,
    twin: Option<Twin>,
    /// The newest entry of the log that was looked at.
    reached: Revision,
}

impl Replay {
    /// `spec` is the node's description, of which only the version ever changed.
    pub(crate) fn of(spec: NodeSpec) -> Self {
        Self {
            spec,
            twin: None,
            reached: Revision::ZERO,
        }
    }

    /// Forgets how far the log was followed.
    pub(crate) fn begin_again(&mut self) {
        (self.twin, self.reached) = (None, Revision::ZERO);
    }

    /// The twin as far as the log was followed.
    pub(crate) fn twin(&self) -> Option<&Twin> {
        self.twin.as_ref()
    }

    /// The newest entry of the log that was followed.
    pub(crate) const fn reached(&self) -> Revision {
        self.reached
    }

    /// Follows the rest of the log, and holds the snapshot against it on the way.
    pub(crate) fn follow(
        &mut self,
        log: &[LogEntry],
        snapshot: Option<&SnapshotRow>,
        findings: &mut Findings,
    ) {
        let mut rest = log.iter().peekable();
        while let Some(entry) = rest.next() {
            let key = &self.spec.key;
            if entry.revision != self.reached.next() {
                let (found, before) = (entry.revision, self.reached);
                findings
                    .gaps
                    .insert(format!("{key} has {found} after {before}"));
            }
            let expected = self.after(entry, rest.peek().copied());
            self.reached = entry.revision;
            match expected {
                Ok(twin) => self.twin = Some(twin),
                Err(what) => {
                    let revision = entry.revision;
                    findings
                        .diverged
                        .insert(format!("{key} at {revision}: {what}"));
                }
            }
            self.compare(snapshot, findings);
        }
        if snapshot.is_some_and(|snapshot| snapshot.revision > self.reached) {
            let key = &self.spec.key;
            findings
                .diverged
                .insert(format!("{key} has a snapshot that is ahead of its log"));
        }
    }

    /// The twin after `entry`, or in what it is not what the log says of it.
    fn after(&self, entry: &LogEntry, next: Option<&LogEntry>) -> Result<Twin, String> {
        let Some(twin) = &self.twin else {
            return match &entry.record {
                Record::Event(at, Change::Created) => Ok(Twin::create(self.described(1), *at).twin),
                Record::Event(..) | Record::Telemetry(_) => Err("it was never created".to_owned()),
            };
        };
        match &entry.record {
            Record::Telemetry(sample) => {
                let event = Event::Observed(Arc::new(sample.clone()));
                let after = apply(twin, &event).twin;
                // Of the two changes that one reading may make, a crash may have kept the first alone.
                let is_whole = after.revision() == entry.revision || is_status(next);
                Ok(if is_whole {
                    after
                } else {
                    twin.clone().replay(entry)
                })
            }
            Record::Event(at, change) => self.changed(twin, *at, change, entry.revision),
        }
    }

    fn changed(
        &self,
        twin: &Twin,
        at: Timestamp,
        change: &Change,
        revision: Revision,
    ) -> Result<Twin, String> {
        let event = match change {
            Change::Status(_) => Event::Ticked { now: at },
            Change::Configured { version } => Event::Configured {
                spec: self.described(*version),
                at,
            },
            Change::Created => return Err("it was created twice".to_owned()),
        };
        // The reading before it has brought it along.
        let is_there = twin.revision() == revision;
        let after = if is_there {
            twin.clone()
        } else {
            apply(twin, &event).twin
        };
        match change {
            Change::Status(status) if after.status() != *status => Err(format!(
                "the log says {status:?}, the twin {:?}",
                after.status()
            )),
            Change::Status(_) | Change::Configured { .. } | Change::Created => Ok(after),
        }
    }

    fn described(&self, version: u64) -> Arc<NodeSpec> {
        Arc::new(NodeSpec {
            version,
            ..self.spec.clone()
        })
    }

    fn compare(&self, snapshot: Option<&SnapshotRow>, findings: &mut Findings) {
        let at = self.reached;
        let Some(snapshot) = snapshot.filter(|snapshot| snapshot.revision == at) else {
            return;
        };
        let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        let replayed = self.twin.as_ref().map(|twin| json(&twin.snapshot()));
        let saved = json(&snapshot.state);
        if replayed.as_ref() != Some(&saved) {
            let key = &self.spec.key;
            let parts = differing(&saved, &replayed.unwrap_or_default());
            findings.diverged.insert(format!(
                "{key} at {at}: snapshot and log differ in {parts:?}"
            ));
        }
    }
}

/// The names of the parts in which two snapshots differ.
fn differing<'a>(one: &'a Value, other: &Value) -> Vec<&'a str> {
    let parts = one.as_object().into_iter().flatten();
    let differs = parts.filter(|(name, part)| other.get(name) != Some(part));
    differs.map(|(name, _)| name.as_str()).collect()
}

fn is_status(entry: Option<&LogEntry>) -> bool {
    entry.is_some_and(|entry| matches!(entry.record, Record::Event(_, Change::Status(_))))
}

#[cfg(test)]
mod tests {
    use evara_actors::domain::{Sample, ShardId};
    use evara_actors::testing::{START, level, tank};
    use evara_actors::twin::{Effect, Transition};

    use super::*;

    /// The log of a tank that was made and heard three times, and its twin.
    fn lived() -> (Vec<LogEntry>, Twin) {
        let spec = Arc::new(NodeSpec {
            version: 1,
            ..tank(1)
        });
        let mut log = Vec::new();
        let Transition { mut twin, effects } = Twin::create(spec, START);
        log.extend(effects.into_iter().map(entry));
        for minute in 1..=3 {
            let reading = Event::Observed(level(minute, minute as f64));
            let Transition {
                twin: next,
                effects,
            } = apply(&twin, &reading);
            log.extend(effects.into_iter().map(entry));
            twin = next;
        }
        (log, twin)
    }

    fn entry(effect: Effect) -> LogEntry {
        let (revision, record) = match effect {
            Effect::Store(row) => (row.revision, Record::Telemetry(Sample::clone(&row.sample))),
            Effect::Log(row) => (row.revision, Record::Event(row.at, row.change)),
        };
        LogEntry { revision, record }
    }

    fn found(log: &[LogEntry], snapshot: &SnapshotRow) -> Findings {
        let mut findings = Findings::default();
        let mut replay = Replay::of(tank(1));
        // In two parts, as a harness looks at it.
        let (first, second) = log.split_at(log.len() / 2);
        replay.follow(first, None, &mut findings);
        replay.follow(second, Some(snapshot), &mut findings);
        findings
    }

    fn saved(twin: &Twin) -> SnapshotRow {
        SnapshotRow {
            node: twin.spec().id,
            shard: ShardId(0),
            revision: twin.revision(),
            state: twin.snapshot(),
        }
    }

    #[test]
    fn a_log_that_is_whole_gives_the_twin_that_was_saved() {
        let (log, twin) = lived();
        let findings = found(&log, &saved(&twin));
        assert!(findings.is_clean(), "{findings}");
    }

    #[test]
    fn a_log_without_one_of_its_entries_has_a_gap_and_gives_another_twin() {
        let (mut log, twin) = lived();
        log.remove(log.len() - 2);
        let findings = found(&log, &saved(&twin));
        assert_eq!(findings.gaps.len(), 1, "{findings}");
        assert!(!findings.diverged.is_empty(), "{findings}");
    }

    #[test]
    fn a_snapshot_that_is_ahead_of_its_log_is_found() {
        let (mut log, twin) = lived();
        log.pop();
        let findings = found(&log, &saved(&twin));
        assert_eq!(findings.diverged.len(), 1, "{findings}");
    }
}
