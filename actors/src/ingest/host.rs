//! The gate in front of one host, shared by everybody who asks it. Holds the truth on whether the host
//! is away, and on what it may still be asked.
//!
//! A failure of the host is the host's alone: one breaker opens, it is told once, and no channel's
//! breaker counts it. Must never let more than one request through while the host is on probation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::breaker::{Breaker, BreakerState, Outcome, Permit};
use super::limiter::{Budget, Limiter};
use crate::domain::{ChannelId, Timestamp};
use crate::ports::FeedError;

/// Requests that were on their way together are throttled together: that is one sign, not many.
const ONE_SIGN: Duration = Duration::from_secs(10);

/// How often a host, and each of its channels, may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateSettings {
    /// For all channels together.
    pub host: Budget,
    /// For each channel.
    pub channel: Budget,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            host: Budget::HOST,
            channel: Budget::CHANNEL,
        }
    }
}

/// The gate in front of one host.
#[derive(Debug)]
pub struct HostGate {
    settings: GateSettings,
    state: Mutex<HostState>,
    /// So that all who ask for a channel share its budget.
    channels: Mutex<HashMap<ChannelId, Weak<ChannelGate>>>,
}

#[derive(Debug)]
struct HostState {
    breaker: Breaker,
    limiter: Limiter,
    /// A channel that fails over and over tells of itself, not of the host.
    last_failed: Option<ChannelId>,
    throttled_at: Option<Timestamp>,
    outages: u64,
}

/// The gate in front of one channel of a host.
#[derive(Debug)]
pub struct ChannelGate {
    channel: ChannelId,
    host: Arc<HostGate>,
    own: Mutex<Own>,
}

#[derive(Debug)]
struct Own {
    breaker: Breaker,
    limiter: Limiter,
}

/// Why something may not be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// When asking again is worthwhile.
    pub until: Timestamp,
    /// What is in the way.
    pub cause: Cause,
}

/// What is in the way of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The channel, or its host, does not answer.
    Away,
    /// The channel was asked often enough, or asked for patience.
    ChannelBudget,
    /// All channels together asked the host often enough.
    HostBudget,
}

impl Cause {
    /// A hold for this cause.
    fn until(self, until: Timestamp) -> Hold {
        Hold { until, cause: self }
    }
}

/// What the host's breaker did that people should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    WentAway,
    CameBack,
}

impl HostGate {
    /// A gate in front of a host that has done nothing wrong yet.
    pub fn new(settings: GateSettings, now: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            settings,
            state: Mutex::new(HostState {
                breaker: Breaker::closed(),
                limiter: Limiter::new(settings.host, now),
                last_failed: None,
                throttled_at: None,
                outages: 0,
            }),
            channels: Mutex::default(),
        })
    }

    /// The gate of a channel: the same one for everybody who holds it at the same time.
    pub fn channel(self: &Arc<Self>, channel: ChannelId, now: Timestamp) -> Arc<ChannelGate> {
        let mut channels = lock(&self.channels);
        if let Some(gate) = channels.get(&channel).and_then(Weak::upgrade) {
            return gate;
        }
        let gate = Arc::new(ChannelGate {
            channel,
            host: Arc::clone(self),
            own: Mutex::new(Own {
                breaker: Breaker::closed(),
                limiter: Limiter::new(self.settings.channel, now),
            }),
        });
        channels.insert(channel, Arc::downgrade(&gate));
        gate
    }

    /// Whether the host may be asked.
    pub fn breaker(&self) -> BreakerState {
        lock(&self.state).breaker.state()
    }

    /// How often it went away, since the process started.
    pub fn outages(&self) -> u64 {
        lock(&self.state).outages
    }

    /// The breakers of channels that are not closed, whatever the host's is.
    pub(crate) fn open_channels(&self) -> Vec<(ChannelId, BreakerState)> {
        let all: Vec<_> = lock(&self.channels).values().cloned().collect();
        // A gate that is let go of takes the lock itself.
        let gates = all.iter().filter_map(Weak::upgrade);
        let states = gates.map(|gate| (gate.channel, lock(&gate.own).breaker.state()));
        states
            .filter(|(_, state)| *state != BreakerState::Closed)
            .collect()
    }

    fn is_of_one_channel(&self) -> bool {
        lock(&self.channels).len() <= 1
    }

    fn settle(
        &self,
        channel: ChannelId,
        permit: Permit,
        answer: Result<(), &FeedError>,
        now: Timestamp,
    ) -> BreakerState {
        let alone = self.is_of_one_channel();
        let mut state = lock(&self.state);
        let before = state.breaker.state();
        let outcome = state.judge(channel, alone || permit == Permit::Probe, answer, now);
        state.breaker.settle(permit, outcome, now);
        let after = state.breaker.state();
        let turn = state.turn(before, after);
        drop(state);
        tell(turn, answer);
        after
    }

    fn reset(&self) {
        let mut state = lock(&self.state);
        let before = state.breaker.state();
        state.breaker.reset();
        let turn = state.turn(before, BreakerState::Closed);
        drop(state);
        tell(turn, Ok(()));
    }
}

impl HostState {
    /// What an answer to `channel` says of the host. `counts` where even a channel that failed last
    /// is heard again.
    fn judge(
        &mut self,
        channel: ChannelId,
        counts: bool,
        answer: Result<(), &FeedError>,
        now: Timestamp,
    ) -> Outcome {
        match answer {
            Err(error) if error.is_host_wide() => {
                let other = self.last_failed.replace(channel) != Some(channel);
                if other || counts {
                    Outcome::Failed
                } else {
                    Outcome::Undecided
                }
            }
            // A page that somebody else put in the host's place is neither.
            Err(FeedError::Malformed(_)) => Outcome::Undecided,
            Ok(()) | Err(_) => {
                self.last_failed = None;
                if matches!(answer, Err(FeedError::Throttled { .. })) {
                    self.throttled(now);
                }
                Outcome::Succeeded
            }
        }
    }

    /// Slows down for everybody, without the wait: that is for the channel that was told.
    fn throttled(&mut self, now: Timestamp) {
        if self
            .throttled_at
            .is_none_or(|at| now < at || now.since(at) >= ONE_SIGN)
        {
            self.throttled_at = Some(now);
            self.limiter.throttled(Some(Duration::ZERO), now);
        }
    }

    /// An outage lasts from the first opening to the next closing, whatever the probes do in between.
    fn turn(&mut self, before: BreakerState, after: BreakerState) -> Option<Turn> {
        match (before, after) {
            (BreakerState::Closed, BreakerState::Open) => {
                self.outages += 1;
                Some(Turn::WentAway)
            }
            (BreakerState::Open | BreakerState::HalfOpen, BreakerState::Closed) => {
                Some(Turn::CameBack)
            }
            (BreakerState::Closed, BreakerState::Closed | BreakerState::HalfOpen)
            | (
                BreakerState::Open | BreakerState::HalfOpen,
                BreakerState::Open | BreakerState::HalfOpen,
            ) => None,
        }
    }
}

fn tell(turn: Option<Turn>, answer: Result<(), &FeedError>) {
    match turn {
        Some(Turn::WentAway) => tracing::warn!(
            feed.error = answer.err().map(tracing::field::display),
            "the host of the channels is away: one probe at a time until it answers"
        ),
        Some(Turn::CameBack) => tracing::info!("the host of the channels is back"),
        None => {}
    }
}

impl ChannelGate {
    /// Lets one request through, if the channel and the host both may be asked.
    ///
    /// # Errors
    /// Until when to wait, and on whose account. Nothing was spent.
    pub fn admit(self: &Arc<Self>, now: Timestamp) -> Result<Pass, Hold> {
        let mut own = lock(&self.own);
        let mut host = lock(&self.host.state);
        check(&mut own, &mut host, now)?;
        let channel = |until| Cause::ChannelBudget.until(until);
        own.limiter.admit(now).map_err(channel)?;
        let crowded = |until| Cause::HostBudget.until(until);
        host.limiter.admit(now).map_err(crowded)?;
        let away = |until| Cause::Away.until(until);
        let permits = (
            own.breaker.admit(now).map_err(away)?,
            host.breaker.admit(now).map_err(away)?,
        );
        Ok(Pass {
            gate: Arc::clone(self),
            permits: Some(permits),
            admitted_at: now,
        })
    }

    /// Says what [`ChannelGate::admit`] would, and takes nothing.
    ///
    /// # Errors
    /// Until when to wait, and on whose account.
    pub fn check(&self, now: Timestamp) -> Result<(), Hold> {
        check(&mut lock(&self.own), &mut lock(&self.host.state), now)
    }

    /// Whether the channel may be asked: the host's state where that is not closed, else its own.
    pub fn breaker(&self) -> BreakerState {
        match self.host.breaker() {
            BreakerState::Closed => lock(&self.own).breaker.state(),
            host @ (BreakerState::Open | BreakerState::HalfOpen) => host,
        }
    }

    /// Closes the channel's breaker, and the host's: a person knows that it is back.
    pub fn reset_breaker(&self) {
        lock(&self.own).breaker.reset();
        self.host.reset();
    }

    fn settle(
        &self,
        (own_permit, host_permit): (Permit, Permit),
        answer: Result<(), &FeedError>,
        now: Timestamp,
    ) {
        let host = self.host.settle(self.channel, host_permit, answer, now);
        let mut own = lock(&self.own);
        let outcome = match answer {
            Ok(()) => Outcome::Succeeded,
            Err(FeedError::Throttled { retry_after }) => {
                own.limiter.throttled(*retry_after, now);
                Outcome::Undecided
            }
            Err(error) if error.is_host_wide() && host != BreakerState::Closed => {
                Outcome::Undecided
            }
            Err(_) => Outcome::Failed,
        };
        own.breaker.settle(own_permit, outcome, now);
    }
}

fn check(own: &mut Own, host: &mut HostState, now: Timestamp) -> Result<(), Hold> {
    let away = |until| Cause::Away.until(until);
    host.breaker.check(now).map_err(away)?;
    own.breaker.check(now).map_err(away)?;
    let channel = |until| Cause::ChannelBudget.until(until);
    own.limiter.check(now).map_err(channel)?;
    let crowded = |until| Cause::HostBudget.until(until);
    host.limiter.check(now).map_err(crowded)
}

impl Drop for ChannelGate {
    fn drop(&mut self) {
        let mut channels = lock(&self.host.channels);
        // Somebody may have asked for the channel anew meanwhile: that gate stays.
        if channels
            .get(&self.channel)
            .is_some_and(|gate| gate.strong_count() == 0)
        {
            channels.remove(&self.channel);
        }
    }
}

/// The right to ask once. Dropped without an answer, it tells that nothing was learned.
#[must_use = "a request that was let through must be told the end of"]
#[derive(Debug)]
pub struct Pass {
    gate: Arc<ChannelGate>,
    permits: Option<(Permit, Permit)>,
    admitted_at: Timestamp,
}

impl Pass {
    /// Tells what came of the request.
    pub fn settle(mut self, answer: Result<(), &FeedError>, now: Timestamp) {
        if let Some(permits) = self.permits.take() {
            self.gate.settle(permits, answer, now);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Some((own, host)) = self.permits.take() else {
            return;
        };
        let now = self.admitted_at;
        lock(&self.gate.own)
            .breaker
            .settle(own, Outcome::Undecided, now);
        let mut state = lock(&self.gate.host.state);
        state.breaker.settle(host, Outcome::Undecided, now);
    }
}

/// A lock whose holder panicked guards data that is still whole: each change is one call of a pure part.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
