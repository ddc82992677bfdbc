//! Named moments at which a test may have the process die, and promises that it may have it break.
//!
//! A test that kills at random seldom meets the few instructions between a commit and its answer; one
//! that names them always does. `evara serve --failpoint after_commit:3` aborts the process the third
//! time it gets there, as abruptly as SIGKILL. The flag and everything behind it exist where debug
//! assertions do: a release build has neither, and [`reach`] is empty there. Nothing but that flag must
//! ever arm one.

/// A moment that decides what a crash leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// All of a batch is written, and not committed.
    BeforeCommit,
    /// A batch's readings are written, and nothing else of it.
    InCommit,
    /// A batch is committed, and nobody has heard of it.
    AfterCommit,
    /// What a caller sent is committed, and the caller has not heard of it.
    BeforeAck,
    /// The readings of a poll are written, and the cursor that says so is not.
    CursorWrite,
}

#[cfg(debug_assertions)]
pub(crate) use armed::{
    Failpoint, acknowledges_early, arm, before_telling, is_armed, loses_event, reach,
};

/// Dies here if a test wants it: never, in a release build.
#[cfg(not(debug_assertions))]
pub(crate) const fn reach(_: Moment) {}

/// Whether a test wants it to die somewhere: never, in a release build.
#[cfg(not(debug_assertions))]
pub(crate) const fn is_armed() -> bool {
    false
}

/// Whether acknowledgements are given before the commit: never, in a release build.
#[cfg(not(debug_assertions))]
pub(crate) const fn acknowledges_early() -> bool {
    false
}

/// Breaks whoever tells what changed, if a test wants it: never, in a release build.
#[cfg(not(debug_assertions))]
pub(crate) const fn before_telling() {}

/// Whether an event is to be kept from those who listen: never, in a release build.
#[cfg(not(debug_assertions))]
pub(crate) const fn loses_event() -> bool {
    false
}

#[cfg(debug_assertions)]
mod armed {
    use std::str::FromStr;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::Moment;

    /// What a test wants: a death of the process or of an actor, or a broken promise.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Failpoint {
        /// Abort the so-manieth time that the moment is reached, counted from 1.
        Die(Moment, u32),
        /// Acknowledge without waiting for the commit: a bug that a test of durability must find.
        AcknowledgeEarly,
        /// Break the broadcast the so-manieth time that it has something to tell, counted from 1.
        StopTelling(u32),
        /// Leave an event out of every so-manieth step that tells of any: a bug that whoever listens must find.
        LoseEvent(u32),
    }

    impl FromStr for Failpoint {
        type Err = String;

        fn from_str(text: &str) -> Result<Self, String> {
            let (name, hit) = text.split_once(':').unwrap_or((text, "1"));
            let hit = hit.parse().ok().filter(|hit| *hit > 0);
            let hit = hit.ok_or_else(|| "a hit is a whole number from 1".to_owned());
            let moment = match name {
                "ack_before_commit" => return Ok(Self::AcknowledgeEarly),
                "stop_telling" => return hit.map(Self::StopTelling),
                "lose_event" => return hit.map(Self::LoseEvent),
                "before_commit" => Moment::BeforeCommit,
                "in_commit" => Moment::InCommit,
                "after_commit" => Moment::AfterCommit,
                "before_ack" => Moment::BeforeAck,
                "cursor_write" => Moment::CursorWrite,
                _ => return Err(format!("{name:?} is no failpoint")),
            };
            hit.map(|hit| Self::Die(moment, hit))
        }
    }

    /// Of the process, because the process is what dies. Set once, before anything runs.
    static ARMED: OnceLock<Vec<Failpoint>> = OnceLock::new();

    /// How often the armed moment was reached.
    static HITS: AtomicU32 = AtomicU32::new(0);

    /// How often there was something to tell.
    static TELLINGS: AtomicU32 = AtomicU32::new(0);

    /// How many steps told of an event.
    static STEPS: AtomicU32 = AtomicU32::new(0);

    /// Arms what `evara serve` was told. Only the first call counts.
    pub(crate) fn arm(failpoints: Vec<Failpoint>) {
        let _armed_before = ARMED.set(failpoints);
    }

    fn armed() -> &'static [Failpoint] {
        ARMED.get().map_or(&[], Vec::as_slice)
    }

    /// Whether a test wants it to die somewhere.
    pub(crate) fn is_armed() -> bool {
        !armed().is_empty()
    }

    /// Dies here if a test wants it.
    pub(crate) fn reach(moment: Moment) {
        let wanted = armed().iter().find_map(|failpoint| match failpoint {
            Failpoint::Die(at, hit) if *at == moment => Some(*hit),
            Failpoint::Die(..)
            | Failpoint::AcknowledgeEarly
            | Failpoint::StopTelling(_)
            | Failpoint::LoseEvent(_) => None,
        });
        if wanted.is_some_and(|hit| HITS.fetch_add(1, Ordering::Relaxed) + 1 == hit) {
            std::process::abort();
        }
    }

    /// Whether acknowledgements are given before the commit.
    pub(crate) fn acknowledges_early() -> bool {
        armed().contains(&Failpoint::AcknowledgeEarly)
    }

    /// Breaks whoever tells what changed, if a test wants it.
    pub(crate) fn before_telling() {
        let telling = TELLINGS.fetch_add(1, Ordering::Relaxed) + 1;
        let breaks = armed().contains(&Failpoint::StopTelling(telling));
        assert!(!breaks, "a test has the broadcast break");
    }

    /// Whether an event is to be kept from those who listen.
    pub(crate) fn loses_event() -> bool {
        let each = armed().iter().find_map(|failpoint| match failpoint {
            Failpoint::LoseEvent(each) => Some(*each),
            Failpoint::Die(..) | Failpoint::AcknowledgeEarly | Failpoint::StopTelling(_) => None,
        });
        each.is_some_and(|each| (STEPS.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(each))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_failpoint_is_a_known_name_and_the_hit_that_counts() {
            let third = Failpoint::Die(Moment::AfterCommit, 3);
            assert_eq!("after_commit:3".parse(), Ok(third));
            let first = Failpoint::Die(Moment::InCommit, 1);
            assert_eq!("in_commit".parse(), Ok(first));
            let early = Ok(Failpoint::AcknowledgeEarly);
            assert_eq!("ack_before_commit".parse(), early);
            assert_eq!("stop_telling:7".parse(), Ok(Failpoint::StopTelling(7)));
            assert_eq!("lose_event:5".parse(), Ok(Failpoint::LoseEvent(5)));
            for none in [
                "",
                "commit",
                "in_commit:0",
                "in_commit:",
                "in_commit:x",
                "lose_event:0",
            ] {
                assert!(none.parse::<Failpoint>().is_err(), "{none}");
            }
        }

        #[test]
        fn what_is_not_armed_is_passed() {
            reach(Moment::BeforeCommit);
            before_telling();
            assert!(!acknowledges_early() && !loses_event());
        }
    }
}
