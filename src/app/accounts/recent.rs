//! Who bore which token a moment ago, so that reads do not ask the store each time.
//!
//! What is changed here is seen at once, since every change forgets all of it; what another process
//! changes is seen after four seconds at the most. While the store is away nobody can be put out of it
//! either: what was known is believed on, by those who read, for as long as a token lives.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::future::Cache;
use tokio::time::Instant;

use crate::access::Principal;
use crate::auth::token::ACCESS_LIFE;

/// How long somebody may go on reading who lost the right to elsewhere: with the second that passes until a
/// stream looks again, five at the most.
const LONGEST: Duration = Duration::from_secs(4);

/// For those whom the store could tell nothing of: no token lives longer.
const LONGEST_AWAY: Duration = ACCESS_LIFE;

/// Between two questions of a store that does not answer.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Some 3 MB; more people at once cost the store a question each.
const MOST: u64 = 10_000;

#[derive(Debug)]
pub(super) struct Recent {
    held: Cache<[u8; 32], Held>,
    changes: AtomicU64,
    /// Since when the store does not answer.
    away: Mutex<Option<Instant>>,
}

/// A person, and when they were known.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) person: Arc<Principal>,
    asked: Asked,
}

/// When the store was asked: before it answered, so that a change in between is not missed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    changes: u64,
    at: Instant,
}

impl Held {
    /// When the store said so.
    pub(super) fn known_at(&self) -> Instant {
        self.asked.at
    }
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            held: Cache::new(MOST),
            changes: AtomicU64::new(0),
            away: Mutex::default(),
        }
    }
}

impl Recent {
    /// To be called before the store is asked.
    pub(super) fn asking(&self) -> Asked {
        Asked {
            changes: self.changes.load(Ordering::Acquire),
            at: Instant::now(),
        }
    }

    /// Who is known to have borne a token, since nothing was changed here.
    pub(super) async fn get(&self, token: &[u8; 32]) -> Option<Held> {
        let held = self.held.get(token).await?;
        let is_of_now = held.asked.changes == self.changes.load(Ordering::Acquire);
        (is_of_now && held.asked.at.elapsed() < LONGEST_AWAY).then_some(held)
    }

    /// Whether the store need not be asked for `held`: it was just now, or it is away.
    pub(super) fn is_enough(&self, held: &Held) -> bool {
        let away = *self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let is_away = away.is_some_and(|since| since.elapsed() < ASK_AGAIN);
        held.asked.at.elapsed() < LONGEST || is_away
    }

    /// The store was asked in vain: it is not worth a request's time again for a second.
    pub(super) fn is_away(&self) {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        *away = Some(Instant::now());
    }

    pub(super) async fn keep(&self, token: [u8; 32], asked: Asked, person: &Arc<Principal>) {
        let person = Arc::clone(person);
        self.held.insert(token, Held { person, asked }).await;
    }

    /// Believes nothing from before any more.
    pub(super) fn forget(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;
    use uuid::Uuid;

    use super::*;
    use crate::access::{Reach, Role, UserId};

    const TOKEN: [u8; 32] = [7; 32];

    const MOMENT: Duration = Duration::from_millis(1);

    async fn known() -> Recent {
        let person = Principal {
            user: UserId(Uuid::from_u128(1)),
            session: None,
            role: Role::User,
            reach: Reach::Nothing,
            must_change_password: false,
        };
        let recent = Recent::default();
        let asked = recent.asking();
        recent.keep(TOKEN, asked, &Arc::new(person)).await;
        recent
    }

    #[tokio::test(start_paused = true)]
    async fn somebody_is_known_for_five_seconds_and_asked_for_after_that() {
        let recent = known().await;
        advance(LONGEST - MOMENT).await;
        assert!(recent.is_enough(&recent.get(&TOKEN).await.unwrap()));
        advance(MOMENT).await;
        assert!(!recent.is_enough(&recent.get(&TOKEN).await.unwrap()));
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_store_is_away_somebody_is_believed_for_as_long_as_a_token_lives() {
        let recent = known().await;
        advance(LONGEST_AWAY - MOMENT).await;
        recent.is_away();
        assert!(recent.is_enough(&recent.get(&TOKEN).await.unwrap()));
        advance(MOMENT).await;
        assert!(recent.get(&TOKEN).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_was_away_is_asked_again_after_a_second() {
        let recent = known().await;
        advance(LONGEST).await;
        recent.is_away();
        advance(ASK_AGAIN).await;
        assert!(!recent.is_enough(&recent.get(&TOKEN).await.unwrap()));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_was_asked_for_before_a_change_is_not_known_after_it() {
        let recent = known().await;
        recent.is_away();
        recent.forget();
        assert!(recent.get(&TOKEN).await.is_none());
    }
}
