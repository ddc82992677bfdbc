//! How far a value is to be trusted, and why not.

use serde::{Deserialize, Serialize};

/// The flags of QARTOD, by the names that the API uses. Ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Passed every test that applies.
    Good,
    /// Possible, but not believed without a second look; kept out of derived values.
    Suspect,
    /// Cannot be true.
    Bad,
    /// There was no number to judge.
    Missing,
}

/// Why a value is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Outside the span that the sensor can measure, or the wider one of what is likely.
    Range,
    /// A jump that the following readings have not confirmed.
    Spike,
    /// Changed faster than the thing measured can.
    Rate,
    /// Has not moved for longer than the thing measured stays still.
    FlatLine,
    /// The first after a silence.
    Gap,
    /// Stamped more than five minutes ahead of the clock.
    Future,
    /// Null or empty.
    Empty,
    /// A text that is no number, such as `nan`.
    NotANumber,
    /// A totalizer fell and nothing explains it.
    Unexplained,
}

impl Reason {
    /// The name used in the API and in the history.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::Spike => "spike",
            Self::Rate => "rate",
            Self::FlatLine => "flat_line",
            Self::Gap => "gap",
            Self::Future => "future",
            Self::Empty => "empty",
            Self::NotANumber => "not_a_number",
            Self::Unexplained => "unexplained",
        }
    }

    /// Every reason, in the order of declaration.
    pub const ALL: [Self; 9] = [
        Self::Range,
        Self::Spike,
        Self::Rate,
        Self::FlatLine,
        Self::Gap,
        Self::Future,
        Self::Empty,
        Self::NotANumber,
        Self::Unexplained,
    ];
}

impl Quality {
    /// The name used in the API and in the history.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Suspect => "suspect",
            Self::Bad => "bad",
            Self::Missing => "missing",
        }
    }
}

/// A quality together with its reason; only a good value has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Verdict {
    /// How far the value is to be trusted.
    pub quality: Quality,
    /// Why it is not good.
    pub reason: Option<Reason>,
}

impl Verdict {
    /// Passed every test.
    pub const GOOD: Self = Self {
        quality: Quality::Good,
        reason: None,
    };

    /// Possible, but not believed.
    pub const fn suspect(reason: Reason) -> Self {
        Self {
            quality: Quality::Suspect,
            reason: Some(reason),
        }
    }

    /// Cannot be true.
    pub const fn bad(reason: Reason) -> Self {
        Self {
            quality: Quality::Bad,
            reason: Some(reason),
        }
    }

    /// No number.
    pub const fn missing(reason: Reason) -> Self {
        Self {
            quality: Quality::Missing,
            reason: Some(reason),
        }
    }

    /// Whether derived values may rest on it.
    pub const fn is_good(self) -> bool {
        matches!(self.quality, Quality::Good)
    }

    /// The worse of the two; the first where they are alike.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.quality > self.quality {
            other
        } else {
            self
        }
    }
}
