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
use crate::ports::{CursorRow, Entry, Opened};
use crate::twin::{OfferError, Twin, TwinHandle};

/// What one twin is handed in one step, as one message: a tenth of a millisecond of work, a quarter of
/// what its mailbox holds.
const ENTRIES_A_STEP: usize = 64;
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
    opened: Opened,
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
        opened: Opened,
        received_at: Timestamp,
        cursor: Option<CursorRow>,
    ) -> Self {
        Self {
            channel,
            entries,
            opened,
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
            let find = |id| {
                let bearer = readers.iter().find(|reader| reader.id() == id)?;
                Some(Arc::clone(bearer.view().spec()))
            };
            let one = match self.opened.admits(twin.view().spec(), find) {
                Some(true) => self.serve(twin, tally).await,
                Some(false) => self.pass_over(twin),
                None => self.wait_for_bearers(twin),
            };
            progress = progress.max(one);
        }
        progress
    }

    /// It is not for this twin.
    fn pass_over(&mut self, twin: &TwinHandle) -> Progress {
        self.places.entry(twin.id()).or_default().next = self.entries.len();
        Progress::Done
    }

    /// Whether it is for this twin is known once those who brought the keys are back.
    fn wait_for_bearers(&mut self, twin: &TwinHandle) -> Progress {
        let place = self.places.entry(twin.id()).or_default();
        if place.absences >= MOST_ABSENCES || place.next == self.entries.len() {
            return self.pass_over(twin);
        }
        place.absences += 1;
        Progress::Blocked
    }

    async fn serve(&mut self, twin: &TwinHandle, tally: &mut Tally) -> Progress {
        let place = self.places.entry(twin.id()).or_default();
        let portion = Portion::of(
            &self.entries[place.next..],
            &twin.view(),
            self.channel,
            self.received_at,
        );
        match offer(twin, portion.samples.clone()).await {
            Ok(()) => {
                place.advance(portion.entries);
                tally.take(&portion.samples);
            }
            Err(OfferError::Broke { taken }) => {
                place.advance(portion.ends[taken]);
                tally.take(&portion.samples[..taken]);
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
        if place.next < self.entries.len() {
            Progress::More
        } else {
            Progress::Done
        }
    }
}

impl Place {
    fn advance(&mut self, entries: usize) {
        *self = Self {
            next: self.next + entries,
            absences: 0,
        };
    }
}

/// What of the next entries is for one twin.
struct Portion {
    samples: Vec<Arc<Sample>>,
    /// How many entries there are up to each sample, and with it.
    ends: Vec<usize>,
    /// How many entries were looked at.
    entries: usize,
}

impl Portion {
    fn of(entries: &[Entry], twin: &Twin, channel: ChannelId, received_at: Timestamp) -> Self {
        let entries = &entries[..entries.len().min(ENTRIES_A_STEP)];
        let read = |entry| normalise(twin.spec(), channel, entry, received_at).map(Arc::new);
        let samples = entries.iter().map(read);
        let with_ends = (1..).zip(samples);
        let (ends, samples) = with_ends
            .filter_map(|(end, sample)| Some((end, sample?)))
            .unzip();
        Self {
            samples,
            ends,
            entries: entries.len(),
        }
    }
}

impl Tally {
    fn take(&mut self, samples: &[Arc<Sample>]) {
        self.taken += samples.len() as u64;
        for reason in samples.iter().flat_map(|sample| refusals(sample)) {
            self.refused[reason as usize] += 1;
        }
    }

    pub(super) fn add_to(&self, counts: &mut PollerCounts) {
        counts.samples += self.taken;
        counts.passed_over += self.passed_over;
        for (count, more) in counts.refused.iter_mut().zip(self.refused) {
            *count += more;
        }
    }
}

async fn offer(twin: &TwinHandle, samples: Vec<Arc<Sample>>) -> Result<(), OfferError> {
    timeout(OFFER_PATIENCE, twin.offer_all(samples))
        .await
        .unwrap_or(Err(OfferError::TimedOut))
}

/// Why values of `sample` were not taken for numbers, or not for true ones.
fn refusals(sample: &Sample) -> impl Iterator<Item = Reason> {
    let bad = |quality| matches!(quality, Quality::Bad | Quality::Missing);
    let values = sample
        .values
        .iter()
        .filter(move |value| bad(value.verdict.quality));
    values.filter_map(|value| value.verdict.reason)
}
