//! How single values are written: a stored format, never to be changed, only added to.

use evara_actors::domain::{Kind, Quality, Reason, Revision, Timestamp, Verdict};

use super::unreadable::Unreadable;
use crate::address::{Action, Network};
use crate::audit::{ActorKind, Outcome};

pub(super) const fn of_kind(kind: Kind) -> i64 {
    match kind {
        Kind::Generic => 0,
        Kind::Tank => 1,
        Kind::Flow => 2,
        Kind::Deep => 3,
    }
}

pub(super) fn kind(code: i64) -> Result<Kind, Unreadable> {
    match code {
        0 => Ok(Kind::Generic),
        1 => Ok(Kind::Tank),
        2 => Ok(Kind::Flow),
        3 => Ok(Kind::Deep),
        _ => Err(unreadable("kind", code)),
    }
}

/// 16 x quality + reason; good is 0.
pub(super) const fn of_verdict(verdict: Verdict) -> u8 {
    let quality = match verdict.quality {
        Quality::Good => 0,
        Quality::Suspect => 1,
        Quality::Bad => 2,
        Quality::Missing => 3,
    };
    let reason = match verdict.reason {
        None => 0,
        Some(Reason::Range) => 1,
        Some(Reason::Spike) => 2,
        Some(Reason::Rate) => 3,
        Some(Reason::FlatLine) => 4,
        Some(Reason::Gap) => 5,
        Some(Reason::Future) => 6,
        Some(Reason::Empty) => 7,
        Some(Reason::NotANumber) => 8,
        Some(Reason::Unexplained) => 9,
    };
    16 * quality + reason
}

pub(super) fn verdict(code: u8) -> Result<Verdict, Unreadable> {
    let quality = match code / 16 {
        0 => Quality::Good,
        1 => Quality::Suspect,
        2 => Quality::Bad,
        3 => Quality::Missing,
        _ => return Err(unreadable("verdict", code.into())),
    };
    let reason = match code % 16 {
        0 => None,
        1 => Some(Reason::Range),
        2 => Some(Reason::Spike),
        3 => Some(Reason::Rate),
        4 => Some(Reason::FlatLine),
        5 => Some(Reason::Gap),
        6 => Some(Reason::Future),
        7 => Some(Reason::Empty),
        8 => Some(Reason::NotANumber),
        9 => Some(Reason::Unexplained),
        _ => return Err(unreadable("verdict", code.into())),
    };
    Ok(Verdict { quality, reason })
}

/// The network and the action of a rule about addresses, as they are written for people.
pub(super) fn rule(network: &str, action: &str) -> Result<(Network, Action), Unreadable> {
    let what = || Unreadable(format!("a rule to {action} {network}"));
    let network = network.parse().map_err(|_| what())?;
    Ok((network, Action::named(action).ok_or_else(what)?))
}

/// What somebody is of whom the audit tells.
pub(super) fn actor_kind(name: &str) -> Result<ActorKind, Unreadable> {
    let kind = ActorKind::ALL.into_iter().find(|kind| kind.name() == name);
    kind.ok_or_else(|| Unreadable(format!("an act of a {name}")))
}

/// What became of an act.
pub(super) fn outcome(name: &str) -> Result<Outcome, Unreadable> {
    let outcome = Outcome::ALL.into_iter().find(|it| it.name() == name);
    outcome.ok_or_else(|| Unreadable(format!("an act that was {name}")))
}

/// A revision that led somewhere is itself; a late row's is kept below nought, out of the change log.
/// No twin lives to see 2^63 changes.
pub(super) const fn of_revision(revision: Revision, late: bool) -> i64 {
    // What is past all revisions stays so.
    let most = i64::MAX.cast_unsigned();
    let code = if revision.0 > most { most } else { revision.0 }.cast_signed();
    if late { !code } else { code }
}

pub(super) const fn revision(code: i64) -> Revision {
    let late = code < 0;
    Revision(if late { !code } else { code }.cast_unsigned())
}

/// An instant outside of what can be written was not written by us.
pub(super) fn timestamp(millis: i64) -> Result<Timestamp, Unreadable> {
    let instant = Timestamp::from_millis(millis);
    if instant.millis() == millis {
        Ok(instant)
    } else {
        Err(unreadable("time", millis))
    }
}

pub(super) fn unreadable(what: &str, code: i64) -> Unreadable {
    Unreadable(format!("{code} is no {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_reads_back_as_it_was_written() {
        let reasons = Reason::ALL.map(Some).into_iter().chain([None]);
        for reason in reasons {
            for quality in [
                Quality::Good,
                Quality::Suspect,
                Quality::Bad,
                Quality::Missing,
            ] {
                let written = Verdict { quality, reason };
                assert_eq!(verdict(of_verdict(written)).unwrap(), written);
            }
        }
        assert!(verdict(0x0a).is_err());
        assert!(verdict(0x40).is_err());
    }

    #[test]
    fn the_code_of_a_verdict_is_a_stored_format_and_stays() {
        assert_eq!(of_verdict(Verdict::GOOD), 0);
        assert_eq!(of_verdict(Verdict::suspect(Reason::Spike)), 0x12);
        assert_eq!(of_verdict(Verdict::bad(Reason::Range)), 0x21);
        assert_eq!(of_verdict(Verdict::missing(Reason::NotANumber)), 0x38);
    }

    #[test]
    fn a_late_revision_is_below_nought_even_when_it_is_the_first() {
        for number in [0, 1, i64::MAX as u64] {
            assert!(of_revision(Revision(number), true) < 0);
            assert!(of_revision(Revision(number), false) >= 0);
            for late in [true, false] {
                assert_eq!(
                    revision(of_revision(Revision(number), late)),
                    Revision(number)
                );
            }
        }
    }
}
