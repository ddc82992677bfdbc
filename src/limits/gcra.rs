//! The decision: the generic cell rate algorithm, as a function of one number and the time.
//!
//! The number is when the account would be level again if nothing more was asked for. Times are
//! microseconds of any clock; the clock may be set while the number is kept, so that every number has to
//! be taken for one that the rule could have led to.

use std::num::NonZeroU32;
use std::time::Duration;

const MINUTE_US: u64 = 60_000_000;

/// So many in a minute, all of them at once if need be; then they come back one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota(NonZeroU32);

impl Quota {
    /// A hundred thousand a second: more is no limit.
    pub const MOST_PER_MINUTE: u32 = 6_000_000;

    /// As many as there can be.
    pub const MOST: Self = match Self::per_minute(Self::MOST_PER_MINUTE) {
        Some(quota) => quota,
        None => panic!("it is one"),
    };

    /// So many in a minute; `None` where that is nothing, or no limit at all.
    pub const fn per_minute(requests: u32) -> Option<Self> {
        if requests > Self::MOST_PER_MINUTE {
            return None;
        }
        match NonZeroU32::new(requests) {
            Some(requests) => Some(Self(requests)),
            None => None,
        }
    }

    /// How many in a minute.
    pub const fn requests(self) -> u32 {
        self.0.get()
    }

    /// How long one takes to come back; rounded so that there is never one too many.
    pub(super) const fn interval(self) -> u64 {
        MINUTE_US.div_ceil(self.0.get() as u64)
    }

    /// How long all of them take to come back.
    pub(super) const fn window(self) -> u64 {
        self.interval() * self.0.get() as u64
    }
}

/// How an account stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How many there are when none was asked for.
    pub limit: u32,
    /// How many are left.
    pub remaining: u32,
    /// How long until all of them are there again, if no more is asked for.
    pub reset: Duration,
    /// The request was one too many: how long until there is one again.
    pub refused: Option<Duration>,
}

/// Takes one request from an account that is level at `level`. Tells when it is level from now on.
pub(super) fn take(quota: Quota, level: u64, now: u64) -> (u64, Standing) {
    let (interval, window) = (quota.interval(), quota.window());
    // Further ahead than a window is only what was written before the clock was set back.
    let level = level.clamp(now, now.saturating_add(window));
    let next = level.saturating_add(interval);
    let ahead = next - now;
    let limit = quota.requests();
    if ahead > window {
        let standing = Standing {
            limit,
            remaining: 0,
            reset: millis(level - now),
            refused: Some(millis(ahead - window)),
        };
        return (level, standing);
    }
    let standing = Standing {
        limit,
        remaining: u32::try_from((window - ahead) / interval).unwrap_or(limit),
        reset: millis(ahead),
        refused: None,
    };
    (next, standing)
}

/// Rounded up: whoever waits that long must not have waited in vain.
const fn millis(micros: u64) -> Duration {
    Duration::from_millis(micros.div_ceil(1_000))
}

/// Rounded up as well.
pub(crate) const fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + (wait.subsec_nanos() > 0) as u64
}
