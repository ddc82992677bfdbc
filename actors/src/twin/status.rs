//! Whether a node is alive: by the age of its newest source time, never by whether a poll answered.

use std::time::Duration;

use super::Twin;
use super::window::Window;
use crate::domain::{NodeConfig, Status, StatusReason, StatusState, Timestamp};

/// How often a node is expected to report while nothing is known of it.
const UNKNOWN_INTERVAL: Duration = Duration::from_secs(300);

/// A node that reports faster than ThingSpeak takes entries was seen through bursts.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(15);

/// A node that reports less than hourly must be configured so, or it would never be called late.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3_600);

/// Enough to outvote a few dropouts, few enough to follow a change of pace.
const GAPS: usize = 9;

pub(super) fn at_birth(at: Timestamp) -> Status {
    Status {
        state: StatusState::Provisioning,
        since: at,
        reason: StatusReason::NeverSeen,
    }
}

/// The usual time between two samples.
pub(super) fn interval(config: &NodeConfig, window: &Window) -> Duration {
    if let Some(secs) = config.expected_interval_s {
        return Duration::from_secs(u64::from(secs));
    }
    let mut gaps = [0_i64; GAPS];
    let mut count = 0;
    for pair in window.keys.windows(2).rev().take(GAPS) {
        gaps[count] = pair[1].at.millis_since(pair[0].at);
        count += 1;
    }
    // One gap says nothing of what is usual.
    if count < 2 {
        return UNKNOWN_INTERVAL;
    }
    let (_, median, _) = gaps[..count].select_nth_unstable(count / 2);
    Duration::from_millis(median.unsigned_abs()).clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL)
}

/// The status of `twin` at `now`. Keeps `since` where the state stays what it is.
pub(super) fn judged(twin: &Twin, now: Timestamp) -> Status {
    if twin.is_quarantined() {
        return twin.status;
    }
    let (state, since, reason) = judge(twin, now);
    if state == twin.status.state {
        return twin.status;
    }
    Status {
        state,
        since,
        reason,
    }
}

/// The status that a twin has once it is let out of quarantine.
pub(super) fn released(twin: &Twin, now: Timestamp) -> Status {
    let (state, since, reason) = judge(twin, now);
    Status {
        state,
        since,
        reason,
    }
}

fn judge(twin: &Twin, now: Timestamp) -> (StatusState, Timestamp, StatusReason) {
    let config = &twin.spec.config;
    if twin
        .spec
        .maintenance
        .as_ref()
        .is_some_and(|maintenance| now < maintenance.until)
    {
        return (StatusState::Maintenance, now, StatusReason::Maintenance);
    }
    let Some(seen) = twin.last_seen_at() else {
        return (StatusState::Provisioning, now, StatusReason::NeverSeen);
    };
    let late = seen.plus(twin.interval.mul_f64(config.late_after));
    let offline = seen.plus(twin.interval.mul_f64(config.offline_after));
    if now > offline {
        (StatusState::Offline, offline, StatusReason::Silent)
    } else if now > late {
        (StatusState::Late, late, StatusReason::Silent)
    } else {
        (StatusState::Online, now, StatusReason::Fresh)
    }
}
