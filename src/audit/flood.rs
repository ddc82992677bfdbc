//! How many refusals are written down: each by itself while there are few, and of a flood the number.
//!
//! Whoever is refused decides how often, so that a row for each would let strangers fill the disk. Pure: time
//! is told in minutes, and what is not written is counted and told when its minute is over.

use std::collections::HashMap;

/// Of one person, key or address in a minute: more is a program, of which twenty rows tell as much.
pub(super) const MOST_OF_ONE: u32 = 20;

/// Of everybody in a minute: some 90 MB a day at the most.
pub(super) const MOST_OF_ALL: u32 = 120;

/// Of what was asked to be read: those who look for what is gone leave half of the room to those who want to
/// change what is not theirs.
pub(super) const MOST_OF_READS: u32 = MOST_OF_ALL / 2;

/// What somebody was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// To see something.
    Read,
    /// To do something, or to be let in.
    Act,
}

/// What becomes of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted {
    /// Whether it is written by itself.
    pub is_written: bool,
    /// So many of a minute that is over were counted alone, which is to be written now.
    pub remainder: u64,
}

/// The refusals of this minute.
#[derive(Debug, Default)]
pub struct Flood {
    minute: i64,
    of_each: HashMap<(String, Wanted), u32>,
    of_all: u32,
    of_reads: u32,
    counted: u64,
}

impl Flood {
    /// Takes one more of `whom`, in `minute`. Holds no more names than it admits.
    pub fn admit(&mut self, (whom, wanted): (&str, Wanted), minute: i64) -> Admitted {
        let remainder = self.turn(minute);
        let name = (whom.to_owned(), wanted);
        let of_one = self.of_each.get(&name).copied().unwrap_or(0);
        let reads = u32::from(wanted == Wanted::Read);
        let is_room = self.of_all < MOST_OF_ALL && self.of_reads + reads <= MOST_OF_READS;
        let is_written = of_one < MOST_OF_ONE && is_room;
        if is_written {
            self.of_each.insert(name, of_one + 1);
            self.of_all += 1;
            self.of_reads += reads;
        } else {
            self.counted += 1;
        }
        Admitted {
            is_written,
            remainder,
        }
    }

    /// Ends the minute before, if it is another one now, and tells how many of it were counted alone.
    pub fn turn(&mut self, minute: i64) -> u64 {
        if minute == self.minute {
            0
        } else {
            self.over(minute)
        }
    }

    /// Ends a minute, and tells how many of it were counted alone.
    pub fn over(&mut self, next: i64) -> u64 {
        self.minute = next;
        self.of_each.clear();
        self.of_all = 0;
        self.of_reads = 0;
        std::mem::take(&mut self.counted)
    }

    /// Counts so many that could not be written.
    pub fn lost(&mut self, refusals: u64) {
        self.counted += refusals;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_refusal_is_written_or_counted_and_few_are_written(
            refused in prop::collection::vec((0..40_u8, any::<bool>(), 0..3_i64), 0..1_000)
        ) {
            let mut flood = Flood::default();
            let (mut written, mut told, mut minute) = (0, 0, 0);
            for (whom, is_read, later) in &refused {
                minute += i64::from(*later == 2);
                let wanted = if *is_read { Wanted::Read } else { Wanted::Act };
                let admitted = flood.admit((&whom.to_string(), wanted), minute);
                written += u64::from(admitted.is_written);
                told += admitted.remainder;
                prop_assert!(flood.of_each.len() <= MOST_OF_ALL as usize);
            }
            told += flood.over(minute + 1);
            prop_assert_eq!(written + told, refused.len() as u64);
            prop_assert!(written <= (minute as u64 + 1) * u64::from(MOST_OF_ALL));
        }
    }

    #[test]
    fn who_looks_in_the_middle_of_a_minute_does_not_begin_it_again() {
        let mut flood = Flood::default();
        let mut written = 0;
        for _ in 0..1_000 {
            written += u32::from(flood.admit(("one", Wanted::Act), 7).is_written);
            assert_eq!(flood.turn(7), 0);
        }
        assert_eq!(written, MOST_OF_ONE);
        assert_eq!(flood.turn(8), 980);
    }

    #[test]
    fn whoever_is_refused_too_often_leaves_room_for_others() {
        let mut flood = Flood::default();
        for _ in 0..1_000 {
            flood.admit(("one", Wanted::Act), 7);
        }
        assert!(flood.admit(("another", Wanted::Act), 7).is_written);
        let next = flood.admit(("one", Wanted::Act), 8);
        assert_eq!((next.is_written, next.remainder), (true, 980));
    }

    #[test]
    fn who_looks_for_what_is_gone_leaves_room_for_what_others_wanted_to_do() {
        let mut flood = Flood::default();
        let written = |flood: &mut Flood, wanted| {
            let all = (0..100).flat_map(|whom| [whom; 5]);
            all.filter(|whom| flood.admit((&whom.to_string(), wanted), 7).is_written)
                .count() as u32
        };
        assert_eq!(written(&mut flood, Wanted::Read), MOST_OF_READS);
        assert_eq!(
            written(&mut flood, Wanted::Act),
            MOST_OF_ALL - MOST_OF_READS
        );
    }
}
