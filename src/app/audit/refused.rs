//! What was refused, written behind the answer: a refusal is never late for it.
//!
//! A queue of its own, with a bound; what finds no room in it, and what is more than a flood allows, is
//! counted, and the count is written.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Audit, Fact, Witness};
use crate::audit::{Flood, Wanted};

/// Refusals that wait to be written: what a minute may bring, twice.
const MOST_WAITING: usize = 256;

/// How soon the rest of a flood that is over is told.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// For what waits at the end of the service.
const LAST_WITHIN: Duration = Duration::from_secs(2);

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;

/// Whoever writes down what was refused. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Refusals(Arc<Desk>);

#[derive(Debug)]
struct Desk {
    audit: Audit,
    flood: Mutex<Flood>,
    waiting: mpsc::Sender<(Witness, Fact)>,
    tasks: TaskTracker,
    ended: CancellationToken,
}

impl Refusals {
    /// Writes from now on.
    pub fn start(audit: Audit) -> Self {
        let (waiting, queue) = mpsc::channel(MOST_WAITING);
        let desk = Arc::new(Desk {
            audit,
            flood: Mutex::default(),
            waiting,
            tasks: TaskTracker::new(),
            ended: CancellationToken::new(),
        });
        desk.tasks.spawn(write(Arc::clone(&desk), queue));
        Self(desk)
    }

    /// Takes note that somebody was not let do something. Waits for nothing.
    pub fn note(&self, witness: Witness, fact: Fact) {
        self.note_of(Wanted::Act, witness, fact);
    }

    /// Takes note that somebody was refused what they wanted. Waits for nothing.
    pub fn note_of(&self, wanted: Wanted, witness: Witness, fact: Fact) {
        let whom = whom(&witness);
        let minute = self.0.minute();
        let admitted = self.0.flood().admit((&whom, wanted), minute);
        self.0.tell(admitted.remainder);
        if admitted.is_written && self.0.waiting.try_send((witness, fact)).is_err() {
            self.0.flood().lost(1);
        }
    }

    /// Writes what still waits, and ends.
    pub async fn end(&self) {
        self.0.ended.cancel();
        self.0.tasks.close();
        let _unwritten = timeout(LAST_WITHIN, self.0.tasks.wait()).await;
    }
}

impl Desk {
    fn minute(&self) -> i64 {
        self.audit.0.clock.now().millis().div_euclid(MINUTE)
    }

    fn flood(&self) -> std::sync::MutexGuard<'_, Flood> {
        self.flood.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the number of those written that were counted alone.
    fn tell(&self, remainder: u64) {
        if remainder == 0 {
            return;
        }
        let fact = Fact::new("refusals.counted", "service").is(&remainder);
        if self.waiting.try_send((self.audit.console(), fact)).is_err() {
            self.flood().lost(remainder);
            tracing::warn!(remainder, "refusals are in no audit yet");
        }
    }
}

/// Who it is, or where: what a flood is of.
fn whom(witness: &Witness) -> String {
    let actor = witness.actor();
    match (actor.id, &actor.address) {
        (Some(id), _) => id.to_string(),
        (None, Some(address)) => address.clone(),
        (None, None) => String::new(),
    }
}

async fn write(desk: Arc<Desk>, mut queue: mpsc::Receiver<(Witness, Fact)>) {
    let mut rounds = interval(TOLD_EVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            next = queue.recv() => match next {
                Some((witness, fact)) => written(&witness, fact).await,
                None => return,
            },
            _ = rounds.tick() => {
                let minute = desk.minute();
                let remainder = desk.flood().turn(minute);
                desk.tell(remainder);
            }
            () = desk.ended.cancelled() => {
                let remainder = desk.flood().over(0);
                desk.tell(remainder);
                queue.close();
            }
        }
    }
}

async fn written(witness: &Witness, fact: Fact) {
    if let Err(error) = witness.write_refused(fact).await {
        tracing::warn!(%error, actor = ?witness.actor(), "a refusal is in no audit");
    }
}
