//! An archive in memory that can go away and come back.
//!
//! It keeps the batches it took, in order, so that a test can say what was written and when; what it
//! answers is computed from them. It panics where a batch breaks the port's contract.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::{NodeId, Revision};
use crate::ports::{
    Archive, ArchiveError, Batch, BoxFuture, Cursors, DeadLetter, Epoch, LogEntry, Point, Record,
    Saved, SavedTwins, TelemetryQuery, TelemetryRow,
};

/// An archive in memory.
#[derive(Debug, Default)]
pub struct FakeArchive(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    batches: Vec<Arc<Batch>>,
    tries: u32,
    mood: Mood,
    takes: Duration,
    poison: Option<fn(&Batch) -> bool>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    There,
    /// There for so many more tries.
    Leaving(u32),
    Away,
    Silent,
    Broken,
    Fenced,
}

impl FakeArchive {
    /// From now on, it fails at once.
    pub fn go_away(&self) {
        self.state().mood = Mood::Away;
    }

    /// It answers so many more tries, and then fails.
    pub fn go_away_after(&self, tries: u32) {
        self.state().mood = Mood::Leaving(tries);
    }

    /// From now on, it does not answer.
    pub fn fall_silent(&self) {
        self.state().mood = Mood::Silent;
    }

    /// From now on, it panics.
    pub fn break_down(&self) {
        self.state().mood = Mood::Broken;
    }

    /// From now on, it belongs to another process.
    pub fn fence_off(&self) {
        self.state().mood = Mood::Fenced;
    }

    /// From now on, it refuses each batch that has `poison` in it.
    pub fn refuse(&self, poison: fn(&Batch) -> bool) {
        self.state().poison = Some(poison);
    }

    /// From now on, each batch takes it so long.
    pub fn slow_down(&self, takes: Duration) {
        self.state().takes = takes;
    }

    /// From now on, it works.
    pub fn come_back(&self) {
        self.state().mood = Mood::There;
    }

    /// How often it was offered a batch, taken or not.
    pub fn tries(&self) -> u32 {
        self.state().tries
    }

    /// The batches that it took, oldest first.
    pub fn batches(&self) -> Vec<Arc<Batch>> {
        self.state().batches.clone()
    }

    /// The readings that it has of `node`, in the order in which they came first.
    pub fn readings(&self, node: NodeId) -> Vec<TelemetryRow> {
        let rows = |batch: &Arc<Batch>| batch.telemetry.clone();
        let mut all: Vec<_> = self.batches().iter().flat_map(rows).collect();
        let mut seen = HashSet::new();
        all.retain(|row| {
            row.node == node
                && seen.insert((row.sample.source_at, row.sample.source, row.sample.piece()))
        });
        all
    }

    /// What [`Archive::load`] answers.
    pub fn saved(&self) -> Saved {
        let mut saved = Saved::default();
        for batch in self.batches() {
            for cursor in &batch.cursors {
                saved.cursors.insert(cursor.channel, cursor.clone());
            }
            for snapshot in &batch.snapshots {
                saved.twins.entry(snapshot.node).or_default().snapshot = Some(snapshot.clone());
            }
            for row in &batch.telemetry {
                saved.twins.entry(row.node).or_default();
            }
            for row in &batch.events {
                saved.twins.entry(row.node).or_default();
            }
        }
        for (node, twin) in &mut saved.twins {
            let from = twin.snapshot.as_ref().map(|row| row.revision);
            twin.tail = self.log(*node, from.unwrap_or(Revision::ZERO));
        }
        saved
    }

    fn log(&self, node: NodeId, after: Revision) -> Vec<LogEntry> {
        let mut log = Vec::new();
        for batch in self.batches() {
            let readings = batch.telemetry.iter().filter(|row| !row.late);
            log.extend(readings.filter(|row| row.node == node).map(|row| LogEntry {
                revision: row.revision,
                record: Record::Telemetry((*row.sample).clone()),
            }));
            let events = batch.events.iter().filter(|row| row.node == node);
            log.extend(events.map(|row| LogEntry {
                revision: row.revision,
                record: Record::Event(row.at, row.change.clone()),
            }));
        }
        log.retain(|entry| entry.revision > after);
        log.sort_by_key(|entry| entry.revision);
        log
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Archive for FakeArchive {
    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<(), ArchiveError>> {
        check(&batch);
        let mut state = self.state();
        state.tries += 1;
        let mood = state.mood;
        if let Mood::Leaving(left) = &mut state.mood {
            *left = left.saturating_sub(1);
        }
        match mood {
            Mood::Leaving(0) | Mood::Away => {
                Box::pin(async { Err(ArchiveError::Unavailable("gone".into())) })
            }
            Mood::There | Mood::Leaving(_) if state.poison.is_some_and(|poison| poison(&batch)) => {
                Box::pin(async { Err(ArchiveError::Refused("poison".into())) })
            }
            Mood::There | Mood::Leaving(_) if state.takes > Duration::ZERO => {
                let takes = state.takes;
                Box::pin(async move {
                    tokio::time::sleep(takes).await;
                    self.state().batches.push(batch);
                    Ok(())
                })
            }
            Mood::There | Mood::Leaving(_) => {
                state.batches.push(batch);
                Box::pin(async { Ok(()) })
            }
            Mood::Fenced => Box::pin(async { Err(ArchiveError::Fenced(Epoch(1))) }),
            Mood::Silent => Box::pin(std::future::pending()),
            Mood::Broken => panic!("the archive is broken"),
        }
    }

    fn cursors(&self) -> BoxFuture<'_, Result<Cursors, ArchiveError>> {
        Box::pin(async { Ok(self.saved().cursors) })
    }

    fn twins(
        &self,
        nodes: RangeInclusive<NodeId>,
    ) -> BoxFuture<'_, Result<SavedTwins, ArchiveError>> {
        if self.state().mood == Mood::Away {
            return Box::pin(async { Err(ArchiveError::Unavailable("gone".into())) });
        }
        let mut twins = self.saved().twins;
        twins.retain(|node, _| nodes.contains(node));
        Box::pin(async { Ok(twins) })
    }

    fn telemetry(
        &self,
        node: NodeId,
        query: TelemetryQuery,
    ) -> BoxFuture<'_, Result<Vec<Point>, ArchiveError>> {
        let mut rows = self.readings(node);
        rows.retain(|row| (query.from..query.to).contains(&row.sample.source_at));
        rows.retain(|row| {
            let place = (row.sample.source_at, row.sample.source);
            query.after.is_none_or(|after| place > after)
        });
        rows.sort_by_key(|row| (row.sample.source_at, row.sample.source));
        rows.truncate(query.limit as usize);
        let mut points: Vec<Point> = rows.iter().flat_map(points).collect();
        points.retain(|point| {
            query
                .metric
                .as_ref()
                .is_none_or(|only| only == &point.metric)
        });
        Box::pin(async { Ok(points) })
    }

    fn changes(
        &self,
        node: NodeId,
        after: Revision,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<LogEntry>, ArchiveError>> {
        let mut log = self.log(node, after);
        log.truncate(limit as usize);
        Box::pin(async { Ok(log) })
    }

    fn dead_letters(&self, limit: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, ArchiveError>> {
        let letters = |batch: &Arc<Batch>| batch.dead_letters.clone();
        let mut all: Vec<DeadLetter> = self.batches().iter().flat_map(letters).collect();
        all.reverse();
        all.truncate(limit as usize);
        Box::pin(async { Ok(all) })
    }
}

fn points(row: &TelemetryRow) -> Vec<Point> {
    let point = |value: &crate::domain::Value| Point {
        metric: value.metric.clone(),
        number: value.number,
        verdict: value.verdict,
        raw: value.raw.clone(),
        source: row.sample.source,
        source_at: row.sample.source_at,
        received_at: row.sample.received_at,
        revision: row.revision,
    };
    row.sample.values.iter().map(point).collect()
}

fn check(batch: &Batch) {
    assert!(!batch.shards.is_empty(), "a batch of no shard");
    assert!(
        batch.shards.is_sorted_by(|one, next| one < next),
        "a shard twice"
    );
    let named = |shard| batch.shards.binary_search(shard).is_ok();
    assert!(batch.snapshots.iter().all(|row| named(&row.shard)));
    assert!(batch.cursors.iter().all(|row| named(&row.shard)));
    let mut nodes = HashMap::new();
    for row in &batch.snapshots {
        let before = nodes.insert(row.node, row.revision);
        assert!(before.is_none(), "two snapshots of a node in one batch");
    }
    let mut channels = HashMap::new();
    for row in &batch.cursors {
        let before = channels.insert(row.channel, row.last_entry);
        assert!(before.is_none(), "two cursors of a channel in one batch");
    }
}
