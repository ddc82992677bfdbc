//! What passed a meter, from the readings of its register.
//!
//! A register that falls is explained by what is known of the meter, or not at all: a litre that nobody
//! can vouch for is never counted, and that it was left out is told.

use std::time::Duration;

use crate::domain::{Meter, Timestamp};

/// A modulus is often written as the largest reading rather than one past it, and the instant of a wrap
/// is known only to an interval; so a wrap may look this much faster than the meter allows.
const WRAP_MARGIN: f64 = 1.1;

/// A device that has restarted reports within this time, so that a larger count than can pass in it is
/// not "about nought".
const RESET_WINDOW: Duration = Duration::from_secs(900);

/// What two readings of a register, one after the other, say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delta {
    /// So many litres passed.
    Forward(f64),
    /// So many litres flowed back, as a negative number, through a meter that counts both ways.
    Reverse(f64),
    /// The register began again at nought; so many litres passed.
    Wrap(f64),
    /// The device began its count anew; so many litres passed since.
    Reset(f64),
    /// The register rose faster than the meter can see.
    TooFast,
    /// The register fell, and nothing explains it.
    Unexplained,
}

impl Delta {
    /// The litres that passed; `None` for what is refused.
    pub const fn litres(self) -> Option<f64> {
        match self {
            Self::Forward(litres)
            | Self::Reverse(litres)
            | Self::Wrap(litres)
            | Self::Reset(litres) => Some(litres),
            Self::TooFast | Self::Unexplained => None,
        }
    }
}

/// Says what happened between two readings of a register, in litres, `prev` before `next`.
pub fn classify(prev: (Timestamp, f64), next: (Timestamp, f64), meter: &Meter) -> Delta {
    let span = next.0.since(prev.0);
    let most = most_l(meter, span);
    let change = next.1 - prev.1;
    if !change.is_finite() {
        return Delta::Unexplained;
    }
    if change >= 0.0 {
        return if change <= most {
            Delta::Forward(change)
        } else {
            Delta::TooFast
        };
    }
    if meter.bidirectional && -change <= most {
        return Delta::Reverse(change);
    }
    if let Some(litres) = meter.modulus_l.map(|modulus| change + modulus)
        && next.1 >= 0.0
        && (0.0..=most * WRAP_MARGIN).contains(&litres)
    {
        return Delta::Wrap(litres);
    }
    let since_restart = 0.0..=most_l(meter, span.min(RESET_WINDOW));
    if meter.resets_on_restart && since_restart.contains(&next.1) {
        return Delta::Reset(next.1);
    }
    Delta::Unexplained
}

/// The most litres that the meter lets pass in `span`.
fn most_l(meter: &Meter, span: Duration) -> f64 {
    meter.max_flow_lpm * span.as_secs_f64() / 60.0
}

/// What passed in a span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DayVolume {
    /// The litres that can be vouched for.
    pub litres: f64,
    /// How many pairs of readings were refused; what passed in them is not in `litres`.
    pub refused: u32,
    /// The part of the span that accepted pairs of readings cover.
    pub covered: Duration,
}

/// What passed from `from` up to `to`, by readings of the register in litres, oldest first. A pair that
/// crosses a boundary counts by the part of its time that is inside.
pub fn volume_between(
    points: impl Iterator<Item = (Timestamp, f64)>,
    meter: &Meter,
    from: Timestamp,
    to: Timestamp,
) -> DayVolume {
    let mut volume = DayVolume::default();
    let mut points = points;
    let Some(mut prev) = points.next() else {
        return volume;
    };
    for next in points {
        if next.0 > from && prev.0 < to {
            let inside = next.0.min(to).since(prev.0.max(from));
            match classify(prev, next, meter).litres() {
                Some(litres) => {
                    volume.litres += litres * part(inside, next.0.since(prev.0));
                    volume.covered += inside;
                }
                None => volume.refused += 1,
            }
        }
        prev = next;
    }
    volume
}

fn part(inside: Duration, whole: Duration) -> f64 {
    if whole.is_zero() {
        1.0
    } else {
        inside.as_secs_f64() / whole.as_secs_f64()
    }
}
