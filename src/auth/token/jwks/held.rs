//! How long fetched keys are good for, and when they are fetched anew. Pure.

use std::sync::Arc;
use std::time::Duration;

use evara_actors::domain::Timestamp;

use super::set::{Found, KeySet};
use crate::auth::token::Refused;
use crate::auth::token::header::Algorithm;
use crate::auth::token::key::Key;

/// How long a key that was withdrawn may go on proving tokens.
pub(super) const FRESH: Duration = Duration::from_secs(10 * 60);

/// How long, counted from the fetch, keys are used while the project cannot be asked.
pub(super) const STALE: Duration = Duration::from_secs(3600);

/// How often at most the project is asked, whoever makes up ids of keys.
pub(super) const PAUSE: Duration = Duration::from_secs(30);

/// The keys that were fetched last, and when that was tried last.
#[derive(Debug, Default)]
pub(super) struct Held {
    keys: Option<(KeySet, Timestamp)>,
    tried_at: Option<Timestamp>,
}

/// What to do about a token.
#[derive(Debug)]
pub(super) enum Step {
    Use(Arc<Key>),
    Fetch,
    Refuse(Refused),
}

impl Held {
    /// Whether to fetch, too, where a fetch is under way that can be waited for.
    pub(super) fn step(
        &self,
        id: &str,
        algorithm: Algorithm,
        now: Timestamp,
        is_flying: bool,
    ) -> Step {
        let has_rested = self.tried_at.is_none_or(|at| !is_within(PAUSE, at, now));
        let fresh = self.known(id, algorithm, now, FRESH);
        match (fresh, has_rested || is_flying) {
            (Some(Found::Key(key)), _) => Step::Use(key),
            (Some(Found::OfAnotherAlgorithm), _) => Step::Refuse(Refused::Algorithm),
            (Some(Found::Nothing) | None, true) => Step::Fetch,
            (Some(Found::Nothing) | None, false) => match self.after_fetch(id, algorithm, now) {
                Ok(key) => Step::Use(key),
                Err(why) => Step::Refuse(why),
            },
        }
    }

    /// What is there when a fetch has ended, or there may be none: keys of the last hour are good enough.
    pub(super) fn after_fetch(
        &self,
        id: &str,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<Arc<Key>, Refused> {
        match self.known(id, algorithm, now, STALE) {
            Some(Found::Key(key)) => Ok(key),
            Some(Found::OfAnotherAlgorithm) => Err(Refused::Algorithm),
            Some(Found::Nothing) => Err(Refused::UnknownKey),
            None => Err(Refused::KeysAway),
        }
    }

    pub(super) fn tried(&mut self, now: Timestamp) {
        self.tried_at = Some(now);
    }

    pub(super) fn replace(&mut self, set: KeySet, now: Timestamp) {
        self.keys = Some((set, now));
    }

    fn known(
        &self,
        id: &str,
        algorithm: Algorithm,
        now: Timestamp,
        age: Duration,
    ) -> Option<Found> {
        let (set, fetched_at) = self.keys.as_ref()?;
        is_within(age, *fetched_at, now).then(|| set.get(id, algorithm))
    }
}

/// Whether less than `span` has passed since `at`; not if the clock went back behind it.
fn is_within(span: Duration, at: Timestamp, now: Timestamp) -> bool {
    at <= now && now.since(at) < span
}
