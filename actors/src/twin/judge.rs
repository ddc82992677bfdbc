//! The tests of a value that need its neighbours: spike, rate, flat line, gap.
//!
//! The verdict of normalising stands behind them and is never lost: what these tests say can be told
//! from it by its reason, and is worked out anew whenever the window changes.

use std::time::Duration;

use super::window::Window;
use super::{Property, Twin};
use crate::domain::{Kind, Limits, Metric, Reason, Timestamp, Verdict};
use crate::water;

/// What normalising said, without what the twin said on top.
pub(super) fn intrinsic(verdict: Verdict) -> Verdict {
    match verdict.reason {
        Some(Reason::Spike | Reason::Rate | Reason::FlatLine | Reason::Gap) => Verdict::GOOD,
        Some(
            Reason::Range
            | Reason::Future
            | Reason::Empty
            | Reason::NotANumber
            | Reason::Unexplained,
        )
        | None => verdict,
    }
}

/// Judges every current value of `twin` by its window and slots.
pub(super) fn properties(twin: &mut Twin) {
    let gap = is_first_after_gap(twin);
    let newest = twin.window.newest().map(|key| key.at);
    let mut reported = std::mem::take(&mut twin.reported);
    for property in &mut reported {
        let known = intrinsic(property.verdict);
        property.verdict = if known.is_good() {
            by_neighbours(twin, property, gap, newest)
        } else {
            known
        };
    }
    twin.reported = reported;
}

fn by_neighbours(
    twin: &Twin,
    property: &Property,
    gap: bool,
    newest: Option<Timestamp>,
) -> Verdict {
    let limits = twin.spec.config.limits.get(&property.metric);
    let mut verdict = Verdict::GOOD;
    if let Some(limits) = limits {
        let in_window = last_at(&twin.window, &property.metric) == Some(property.source_at);
        if in_window && (limits.spike.is_some() || limits.max_rate_per_s.is_some()) {
            verdict = water::judge_newest(unbroken(twin, &property.metric), limits);
        }
        if is_flat(twin, property) {
            verdict = verdict.worse(Verdict::suspect(Reason::FlatLine));
        }
    }
    if gap && newest == Some(property.source_at) {
        verdict = verdict.worse(Verdict::suspect(Reason::Gap));
    }
    verdict
}

fn last_at(window: &Window, metric: &Metric) -> Option<Timestamp> {
    window.points(metric).next_back().map(|(at, _)| at)
}

/// Whether the newest sample came after a silence in which the node counted as offline.
fn is_first_after_gap(twin: &Twin) -> bool {
    let [.., before, newest] = twin.window.keys[..] else {
        return false;
    };
    newest.at.since(before.at) > silence(twin)
}

/// Fewer slots than this are no stretch of time.
const FEWEST_SLOTS: usize = 3;

fn is_flat(twin: &Twin, property: &Property) -> bool {
    let limits = twin.spec.config.limits.get(&property.metric);
    let Some((limits, secs)) = limits.and_then(|limits| Some((limits, limits.flat_after_s?)))
    else {
        return false;
    };
    let Some(slots) = twin.slots_of(&property.metric) else {
        return false;
    };
    let still = slots.still(limits.flat_tolerance);
    still.slots >= FEWEST_SLOTS
        && still.span >= Duration::from_secs(u64::from(secs))
        && !may_stand_still(twin, property)
}

/// A meter through which nothing flows and a tank that is full or empty do stand still.
fn may_stand_still(twin: &Twin, property: &Property) -> bool {
    match twin.spec.kind {
        Kind::Flow => property.metric == Metric::TotalL || property.number == 0.0,
        Kind::Tank => twin.spec.config.tank.as_ref().is_some_and(|tank| {
            super::derive::height_m(tank, &property.metric, property.number).is_some_and(|height| {
                height <= tank.dead_height_m + EDGE_M || height >= tank.full_height_m - EDGE_M
            })
        }),
        Kind::Deep | Kind::Generic => false,
    }
}

/// Twice what an ultrasonic sensor is off by.
const EDGE_M: f64 = 0.02;

/// The newest number of a metric that was not taken for a spike, and when it was measured.
pub(super) fn accepted(twin: &Twin, property: &Property) -> Option<(Timestamp, f64, Verdict)> {
    if property.verdict.is_good() || believed(property.verdict) {
        return Some((property.source_at, property.number, property.verdict));
    }
    let no_limits = Limits::default();
    let limits = twin
        .spec
        .config
        .limits
        .get(&property.metric)
        .unwrap_or(&no_limits);
    let (at, number) = water::last_believed(unbroken(twin, &property.metric), limits)?;
    Some((at, number, Verdict::GOOD))
}

/// The good numbers of a metric since the last silence, oldest first: across one a jump is none.
fn unbroken(twin: &Twin, metric: &Metric) -> impl Iterator<Item = (Timestamp, f64)> {
    let silence = silence(twin);
    let keys = &twin.window.keys;
    let after = keys
        .windows(2)
        .rposition(|pair| pair[1].at.since(pair[0].at) > silence);
    let from = after.map_or(Timestamp::MIN, |index| keys[index + 1].at);
    twin.window
        .points(metric)
        .filter(move |(at, _)| *at >= from)
}

/// How long nothing must come for it to be a gap: until the node counts as offline.
fn silence(twin: &Twin) -> Duration {
    twin.interval.mul_f64(twin.spec.config.offline_after)
}

/// Whether a value that is not good still says where the water stands.
fn believed(verdict: Verdict) -> bool {
    matches!(verdict.reason, Some(Reason::FlatLine | Reason::Gap))
}
