//! The way of one answer's entries to the twins that read the channel, each at its own pace.
//!
//! Holds how far each twin has taken them. A twin that is full or away is waited for; one that was given
//! up on is passed over. Must never let one twin keep its siblings waiting.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::view::PollerCounts;
use crate::domain::{ChannelId, NodeId, Quality, Reason, Sample, Timestamp};
use crate::normalise::normalise;
use crate::ports::{CursorRow, Entry};
use crate::twin::{OfferError, TwinHandle};

/// What one twin may take in one step: some milliseconds of work, then the mailbox gets its turn.
const SAMPLES_A_STEP: usize = 64;
/// A twin answers in microseconds. One that does not is looked at again later, not waited for.
const OFFER_PATIENCE: Duration = Duration::from_secs(1);
/// How often in a row a twin may be found away before it is passed over. A step a second: longer than
/// the supervisor takes to restart it for good, or to give it up.
const MOST_ABSENCES: u32 = 90;

/// Entries on their way to the twins.
#[derive(Debug)]
pub(super) struct Delivery {
    channel: ChannelId,
    entries: Vec<Entry>,
    received_at: Timestamp,
    /// To be stored once every twin has what it is to have.
    cursor: Option<CursorRow>,
    places: HashMap<NodeId, Place>,
}

/// How far one twin has come.
#[derive(Debug, Default)]
struct Place {
    next: usize,
    absences: u32,
}

/// How a step left things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Progress {
    /// Every twin has what it is to have.
    Done,
    /// There is more to hand over, and nobody in the way.
    More,
    /// Some twin cannot take more just now.
    Blocked,
}

/// What a step handed over.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Samples that a twin took.
    taken: u64,
    /// Samples that a twin did not, and will not be offered again.
    passed_over: u64,
    /// Values that were not good, by reason.
    refused: [u64; Reason::ALL.len()],
}

impl Delivery {
    pub(super) fn new(
        channel: ChannelId,
        entries: Vec<Entry>,
        received_at: Timestamp,
        cursor: Option<CursorRow>,
    ) -> Self {
        Self {
            channel,
            entries,
            received_at,
            cursor,
            places: HashMap::new(),
        }
    }

    /// What to store when all is done.
    pub(super) fn cursor(self) -> Option<CursorRow> {
        self.cursor
    }

    /// Hands each twin its next samples.
    pub(super) async fn step(&mut self, readers: &[TwinHandle], tally: &mut Tally) -> Progress {
        // Nobody to hand to for a moment, such as while a node changes its description, is not done.
        let mut progress = if readers.is_empty() {
            Progress::Blocked
        } else {
            Progress::Done
        };
        for twin in readers {
            progress = progress.max(self.serve(twin, tally).await);
        }
        progress
    }

    async fn serve(&mut self, twin: &TwinHandle, tally: &mut Tally) -> Progress {
        let place = self.places.entry(twin.id()).or_default();
        let view = twin.view();
        for _ in 0..SAMPLES_A_STEP {
            let Some(entry) = self.entries.get(place.next) else {
                return Progress::Done;
            };
            let Some(sample) = normalise(view.spec(), self.channel, entry, self.received_at) else {
                place.next += 1;
                continue;
            };
            let refused = refusals(&sample);
            match offer(twin, Arc::new(sample)).await {
                Ok(()) => {
                    *place = Place {
                        next: place.next + 1,
                        absences: 0,
                    };
                    tally.taken += 1;
                    tally.count(&refused);
                }
                Err(OfferError::Broke) => {
                    place.next += 1;
                    tally.passed_over += 1;
                }
                Err(OfferError::Full) => return Progress::Blocked,
                Err(OfferError::Away | OfferError::TimedOut) if place.absences < MOST_ABSENCES => {
                    place.absences += 1;
                    return Progress::Blocked;
                }
                Err(
                    OfferError::Away
                    | OfferError::TimedOut
                    | OfferError::Quarantined
                    | OfferError::Gone,
                ) => {
                    tally.passed_over += (self.entries.len() - place.next) as u64;
                    place.next = self.entries.len();
                }
            }
        }
        if place.next < self.entries.len() {
            Progress::More
        } else {
            Progress::Done
        }
    }
}

impl Tally {
    pub(super) fn add_to(&self, counts: &mut PollerCounts) {
        counts.samples += self.taken;
        counts.passed_over += self.passed_over;
        for (count, more) in counts.refused.iter_mut().zip(self.refused) {
            *count += more;
        }
    }

    fn count(&mut self, reasons: &[Reason]) {
        for reason in reasons {
            self.refused[*reason as usize] += 1;
        }
    }
}

async fn offer(twin: &TwinHandle, sample: Arc<Sample>) -> Result<(), OfferError> {
    timeout(OFFER_PATIENCE, twin.offer(sample))
        .await
        .unwrap_or(Err(OfferError::TimedOut))
}

/// Why values of `sample` were not taken for numbers, or not for true ones.
fn refusals(sample: &Sample) -> Vec<Reason> {
    let bad = |quality| matches!(quality, Quality::Bad | Quality::Missing);
    let values = sample
        .values
        .iter()
        .filter(|value| bad(value.verdict.quality));
    values.filter_map(|value| value.verdict.reason).collect()
}
