//! What devices push: from readings to samples, through the twins, and to the disk.
//!
//! Holds no truth. Nothing here says that a reading was taken before it is committed.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::{FieldError, Metric, NodeSpec, Sample, ShardId, Source, Timestamp};
use evara_actors::normalise::{Said, pushed};
use evara_actors::twin::{OfferError, Twin, TwinHandle};
use evara_actors::watchers::ShardSink;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::failpoint::{self, Moment};

/// How long a commit is waited for. A second below the deadline of a request, so that this, the more
/// exact answer, is the one that is given.
pub const COMMIT_WITHIN: Duration = Duration::from_secs(5);

/// Readings of one node that are taken at once: what a device with four sensors collects in four hours
/// at a minute's pace.
pub const MAX_READINGS: usize = 1_000;

/// Samples in one message to a twin: a quarter of its mailbox, so that two who push do not shut each
/// other out.
const CHUNK: usize = TwinHandle::MOST_AT_ONCE / 4;

/// Twins that one request speaks to at a time: enough that none of the cores waits for another.
const SPEAKERS: usize = 8;

/// One value as it was sent.
#[derive(Debug, Clone)]
pub struct Reading<'a> {
    /// What was measured.
    pub metric: Metric,
    /// What was said of it.
    pub said: Said<'a>,
    /// When it was measured; when it was received, where that is not said.
    pub at: Option<Timestamp>,
}

/// What became of readings that are committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Readings that are kept, these or the same ones before.
    pub accepted: u32,
    /// Of those, how many are known to have been kept before.
    pub duplicates: u32,
    /// Readings that contradict what the same source said of the same instant before. That stays; these
    /// are kept in the history, and nothing follows from them.
    pub conflicting: u32,
}

/// The readings of each instant as one sample, oldest first.
///
/// # Errors
/// Each metric that is there twice in one instant, by the place of its reading.
pub fn samples(
    spec: &NodeSpec,
    source: Source,
    received_at: Timestamp,
    readings: Vec<Reading<'_>>,
) -> Result<Vec<Arc<Sample>>, Vec<FieldError>> {
    let mut placed: Vec<_> = readings.into_iter().enumerate().collect();
    let at = |reading: &Reading<'_>| reading.at.unwrap_or(received_at);
    // Stable, so that what is there twice is told of the later one.
    placed.sort_by_key(|(_, reading)| at(reading));
    let mut twice = Vec::new();
    let mut samples = Vec::new();
    for instant in placed.chunk_by_mut(|(_, a), (_, b)| at(a) == at(b)) {
        let (source_at, before) = (at(&instant[0].1), twice.len());
        find_twice(instant, &mut twice);
        if twice.len() == before {
            let said = instant
                .iter()
                .map(|(_, reading)| (reading.metric.clone(), reading.said));
            samples.push(Arc::new(pushed(spec, source, source_at, received_at, said)));
        }
    }
    if twice.is_empty() {
        return Ok(samples);
    }
    twice.sort_unstable();
    let fault = |place| {
        let what = "is there twice for one instant";
        FieldError::new(format!("/readings/{place}/metric"), what)
    };
    Err(twice.into_iter().map(fault).collect())
}

/// Sorts the readings of an instant by metric, which is the order of a row's columns.
fn find_twice(instant: &mut [(usize, Reading<'_>)], twice: &mut Vec<usize>) {
    instant.sort_by(|(_, a), (_, b)| a.metric.cmp(&b.metric));
    let pairs = instant.windows(2);
    let same = pairs.filter(|pair| pair[0].1.metric == pair[1].1.metric);
    twice.extend(same.map(|pair| pair[1].0));
}

/// What of `samples` the twin knows already.
fn counted(twin: &Twin, samples: &[Arc<Sample>]) -> Taken {
    let mut taken = Taken::default();
    for sample in samples {
        for value in &sample.values {
            let before = twin.told_before(sample, &value.metric).map(f64::to_bits);
            let same = before == value.number.map(f64::to_bits);
            taken.duplicates += u32::from(before.is_some() && same);
            taken.conflicting += u32::from(before.is_some() && !same);
            taken.accepted += u32::from(before.is_none() || same);
        }
    }
    taken
}

/// Hands samples to their twin; they are applied then, and not committed yet.
async fn hand_over(handle: &TwinHandle, samples: &[Arc<Sample>]) -> Result<Taken, OfferError> {
    let taken = counted(&handle.view(), samples);
    for chunk in samples.chunks(CHUNK) {
        handle.offer_all(chunk.to_vec()).await?;
    }
    Ok(taken)
}

/// The samples of one node on their way.
#[derive(Debug)]
pub struct Parcel {
    /// Whose they are.
    pub twin: TwinHandle,
    /// What was said.
    pub samples: Vec<Arc<Sample>>,
}

/// What became of a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is committed.
    Committed(Taken),
    /// The twin refused some of it.
    Refused(OfferError),
    /// It was not committed in time. It may be yet: to repeat it is safe.
    NotInTime,
}

/// Takes parcels to their twins and to the disk, and tells what became of each, in their order. Waits
/// until `deadline` at the latest, once for each shard.
pub async fn push(parcels: Vec<Parcel>, deadline: Instant) -> Vec<Outcome> {
    let twins: Vec<_> = parcels.iter().map(|parcel| parcel.twin.clone()).collect();
    // A twin that moves to another shard meanwhile may have put some into either sink.
    let sinks = || twins.iter().map(TwinHandle::sink);
    let before: Vec<_> = sinks().collect();
    let handed = hand_all_over(parcels, deadline).await;
    let both: Vec<_> = before.into_iter().zip(sinks()).collect();
    let taken = handed
        .iter()
        .zip(&both)
        .filter(|(outcome, _)| is_taken(outcome));
    let concerned = taken.flat_map(|(_, (before, after))| [Arc::clone(before), Arc::clone(after)]);
    let late = not_in_time(concerned, deadline).await;
    failpoint::reach(Moment::BeforeAck);
    let is_late = |sink: &ShardSink| late.binary_search(&sink.shard()).is_ok();
    let settled =
        |(outcome, (before, after)): (Outcome, &(Arc<ShardSink>, Arc<ShardSink>))| match is_taken(
            &outcome,
        )
            && (is_late(before) || is_late(after))
        {
            true => Outcome::NotInTime,
            false => outcome,
        };
    handed.into_iter().zip(&both).map(settled).collect()
}

fn is_taken(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Committed(_) => true,
        Outcome::Refused(_) | Outcome::NotInTime => false,
    }
}

/// As if what the twins took were committed.
async fn hand_all_over(parcels: Vec<Parcel>, deadline: Instant) -> Vec<Outcome> {
    let share = parcels.len().div_ceil(SPEAKERS).max(1);
    let mut outcomes = vec![Outcome::NotInTime; parcels.len()];
    let mut parcels = parcels.into_iter().enumerate();
    let mut speakers = JoinSet::new();
    loop {
        let own: Vec<_> = parcels.by_ref().take(share).collect();
        if own.is_empty() {
            break;
        }
        speakers.spawn(async move {
            let mut told = Vec::with_capacity(own.len());
            for (place, Parcel { twin, samples }) in own {
                let handed = timeout_at(deadline, hand_over(&twin, &samples)).await;
                told.push((
                    place,
                    match handed {
                        Ok(Ok(taken)) => Outcome::Committed(taken),
                        Ok(Err(error)) => Outcome::Refused(error),
                        Err(_elapsed) => Outcome::NotInTime,
                    },
                ));
            }
            told
        });
    }
    // A speaker that broke off leaves its parcels as not taken in time: to repeat them is safe.
    while let Some(told) = speakers.join_next().await {
        for (place, outcome) in told.unwrap_or_default() {
            outcomes[place] = outcome;
        }
    }
    outcomes
}

/// The shards among `sinks` whose records are not committed by the deadline, or never will be, sorted.
async fn not_in_time(
    sinks: impl Iterator<Item = Arc<ShardSink>>,
    deadline: Instant,
) -> Vec<ShardId> {
    if failpoint::acknowledges_early() {
        return Vec::new();
    }
    let mut sinks: Vec<_> = sinks.map(|sink| (sink.shard(), sink)).collect();
    sinks.sort_by_key(|(shard, _)| *shard);
    sinks.dedup_by_key(|(shard, _)| *shard);
    // All sequences are read before the first is waited for, or later pushes would be waited for, too.
    let reached: Vec<_> = sinks
        .into_iter()
        .map(|(shard, sink)| (shard, sink.sequence(), sink))
        .collect();
    let mut late = Vec::new();
    for (shard, sequence, sink) in reached {
        if !sink.durable_by(sequence, deadline).await {
            late.push(shard);
        }
    }
    late
}

#[cfg(test)]
mod tests {
    use evara_actors::domain::{Kind, NodeId};
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn reading(metric: &str, second: Option<i64>) -> Reading<'static> {
        Reading {
            metric: metric.parse().unwrap(),
            said: Said::Number(1.0),
            at: second.map(Timestamp::from_secs),
        }
    }

    fn sampled(readings: Vec<Reading<'_>>) -> Result<Vec<Arc<Sample>>, Vec<FieldError>> {
        let spec = NodeSpec::blank(NodeId(Uuid::from_u128(1)), Kind::Generic, NOW);
        samples(&spec, Source::Pushed(Uuid::from_u128(2)), NOW, readings)
    }

    #[test]
    fn readings_of_one_instant_are_one_sample_and_samples_are_in_order() {
        let readings = vec![
            reading("ph", Some(9)),
            reading("level_cm", None),
            reading("pump", Some(9)),
            reading("ph", Some(5)),
        ];
        let samples = sampled(readings).unwrap();
        let told: Vec<_> = samples
            .iter()
            .map(|sample| (sample.source_at.millis() / 1000, sample.values.len()))
            .collect();
        assert_eq!(told, [(5, 1), (9, 2), (1_700_000_000, 1)]);
    }

    #[test]
    fn a_metric_that_is_there_twice_in_an_instant_is_told_by_its_place() {
        let readings = vec![
            reading("ph", Some(9)),
            reading("ph", Some(5)),
            reading("ph", Some(9)),
            reading("pump", None),
            reading("pump", None),
        ];
        let faults = sampled(readings).unwrap_err();
        let places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/readings/2/metric", "/readings/4/metric"]);
    }
}
