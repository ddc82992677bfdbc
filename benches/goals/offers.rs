//! How many readings a second the twins of a system take, beside what bare actors are sent.
//!
//! On both sides the same tasks each send one reading, wait until it was handled, and send the next.
//! For a twin that means applied, published and in its shard's sink, which a writer empties meanwhile.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::{Kind, Sample};
use evara_actors::twin::{OfferError, TwinHandle};
use ractor::ActorRef;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::bare::{self, Said};
use crate::measure::{in_turns, per_second};
use crate::table::{Figure, Goal, Row};
use crate::{Size, runtime, world};

/// Who send at the same time.
const SENDERS: usize = 64;

/// What a device pushes that reports once in two minutes, measured every 15 s.
const AT_ONCE: usize = 8;

pub(crate) fn rows(size: Size) -> Vec<Row> {
    let count = size.pick(10_000, 1_000);
    let rounds = size.pick(15, 3);
    let passes = size.pick(20, 4);
    let runtime = runtime();
    let system = runtime.block_on(world::tanks(count));
    let twins = shares(system.twins());
    let actors = shares(shuffled(runtime.block_on(bare::actors(count))));
    let seen = Cell::new(0);
    let offering = |at_once: usize| {
        let samples = samples(seen.get(), passes);
        seen.set(seen.get() + passes);
        let rate = runtime_rate(&runtime, &twins, &samples, |share, samples| {
            offer(share, samples, at_once)
        });
        runtime.block_on(world::drained(&system));
        rate
    };
    let casting = || runtime_rate(&runtime, &actors, &samples(0, passes), cast_all);
    let (offered, sent) = in_turns(rounds, || offering(1), casting);
    let (by_eight, sent_meanwhile) = in_turns(rounds, || offering(AT_ONCE), casting);
    vec![
        Row {
            what: format!("readings/s offered to {count} twins, applied and in the sink"),
            figure: Figure::median(&offered),
            ceiling: Some(Figure::median(&sent)),
            goals: vec![Goal::RatioAtLeast(0.5)],
        },
        Row {
            what: format!("the same, {AT_ONCE} in a message"),
            figure: Figure::median(&by_eight),
            ceiling: Some(Figure::median(&sent_meanwhile)),
            goals: Vec::new(),
        },
    ]
}

/// In another order than that in which they were made, and lie in memory: twins come in no order, too.
fn shuffled<T: Clone>(all: Vec<T>) -> Vec<T> {
    /// A prime, and so larger steps than any cache looks ahead, which meet everyone once.
    const STEP: usize = 7_919;
    let at = |index: usize| all[index * STEP % all.len()].clone();
    (0..all.len()).map(at).collect()
}

fn samples(from: usize, count: usize) -> Vec<Arc<Sample>> {
    (from..from + count)
        .map(|index| world::sample(Kind::Tank, index))
        .collect()
}

/// Whom each sender sends to.
fn shares<T: Clone>(all: Vec<T>) -> Vec<Arc<[T]>> {
    let share = all.len().div_ceil(SENDERS);
    all.chunks(share).map(Arc::from).collect()
}

/// Readings handled a second while every sender sends every sample to its share.
fn runtime_rate<T, F>(
    runtime: &Runtime,
    shares: &[Arc<[T]>],
    samples: &[Arc<Sample>],
    send: impl Fn(Arc<[T]>, Vec<Arc<Sample>>) -> F,
) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    runtime.block_on(async {
        let mut senders = JoinSet::new();
        let start = Instant::now();
        for share in shares {
            senders.spawn(send(Arc::clone(share), samples.to_vec()));
        }
        while let Some(ended) = senders.join_next().await {
            ended.expect("a sender ends well");
        }
        let receivers: usize = shares.iter().map(|share| share.len()).sum();
        per_second(receivers * samples.len(), start)
    })
}

async fn offer(twins: Arc<[TwinHandle]>, samples: Vec<Arc<Sample>>, at_once: usize) {
    for samples in samples.chunks(at_once) {
        for twin in twins.iter() {
            // Refused when the writer lags: whoever polls would come back later, too.
            while let Err(error) = match samples {
                [sample] => twin.offer(Arc::clone(sample)).await,
                several => twin.offer_all(several.to_vec()).await,
            } {
                assert_eq!(error, OfferError::Full, "only room may be wanting");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

async fn cast_all(actors: Arc<[ActorRef<Said>]>, samples: Vec<Arc<Sample>>) {
    for sample in samples {
        for actor in actors.iter() {
            bare::cast(actor, Arc::clone(&sample)).await;
        }
    }
}
