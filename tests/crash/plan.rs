//! How each life ends: drawn from a seed, so that a run that failed can be repeated.
//!
//! Every ten lives have one end of each kind at the least, in an order of their own.

use std::fmt;
use std::time::Duration;

use rand::Rng as _;
use rand_pcg::Pcg32;

/// A life that is killed at random has begun to answer by then, mostly: some are killed as they start.
const LONGEST_MILLIS: u32 = 2_000;

/// How a life ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Death {
    /// By SIGKILL, so long after it was started.
    Killed(Duration),
    /// By its own hand, the so-manieth time that it comes to a failpoint.
    At(&'static str, u32),
    /// It goes on, but its database is stopped at once, so long after it was started.
    Bereft(Duration),
}

/// Failpoints, and the latest hit that is waited for: each comes about within a second or two.
const FAILPOINTS: [(&str, u32); 5] = [
    ("before_commit", 12),
    ("in_commit", 12),
    ("after_commit", 12),
    ("before_ack", 60),
    ("cursor_write", 4),
];

/// See the module.
#[derive(Debug)]
pub(crate) struct Plan {
    dice: Dice,
    has_server: bool,
    next: Vec<Death>,
}

impl Plan {
    /// `has_server` says whether there is a database process that can be stopped.
    pub(crate) fn new(seed: u64, has_server: bool) -> Self {
        Self {
            dice: Dice::new(seed, 0),
            has_server,
            next: Vec::new(),
        }
    }

    /// How the next life ends.
    pub(crate) fn next(&mut self) -> Death {
        if self.next.is_empty() {
            self.next = self.ten();
        }
        self.next.pop().expect("ten more were drawn")
    }

    fn ten(&mut self) -> Vec<Death> {
        let dice = &mut self.dice;
        let named = FAILPOINTS.map(|(name, latest)| Death::At(name, 1 + dice.below(latest)));
        let after = |dice: &mut Dice| Duration::from_millis(dice.below(LONGEST_MILLIS).into());
        let mut ends = named.to_vec();
        if self.has_server {
            ends.push(Death::Bereft(after(dice)));
        }
        while ends.len() < 10 {
            ends.push(Death::Killed(after(dice)));
        }
        for last in (1..ends.len()).rev() {
            let other = dice.below(u32::try_from(last).unwrap() + 1);
            ends.swap(last, other as usize);
        }
        ends
    }
}

impl Death {
    /// What it is called in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Killed(_) => "SIGKILL at any instant",
            Self::At(name, _) => name,
            Self::Bereft(_) => "PostgreSQL stopped (immediate)",
        }
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed(after) | Self::Bereft(after) => {
                write!(f, "{} after {after:?}", self.name())
            }
            Self::At(name, hit) => write!(f, "{name}:{hit}"),
        }
    }
}

/// Chance from a seed; each user has a stream of its own.
#[derive(Debug)]
pub(crate) struct Dice(Pcg32);

impl Dice {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self(Pcg32::new(seed, stream))
    }

    /// A number below `bound`, which is small: the tiny bias does not matter here.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound
    }

    pub(crate) fn one_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }
}

#[test]
fn a_plan_is_the_same_for_the_same_seed_and_has_every_end_in_ten() {
    let drawn = |seed| {
        let mut plan = Plan::new(seed, true);
        std::array::from_fn::<_, 20, _>(|_| plan.next())
    };
    assert_eq!(drawn(3), drawn(3));
    assert_ne!(drawn(3), drawn(4));
    let mut names: Vec<_> = drawn(3)[..10].iter().map(|death| death.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FAILPOINTS.len() + 2);
}
