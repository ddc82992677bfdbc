//! What is wrong with a configuration, in words for the person who wrote it.
//!
//! A mistake names the key, where it was found, and what is expected there. What was found instead is
//! never repeated, because it may be a secret: only `'static` texts and names of keys can get in here.

use std::fmt;

use super::Origin;

/// The exit code of a process that was configured wrongly: `EX_CONFIG` of sysexits.h.
pub const EXIT_CODE: u8 = 78;

/// No key is longer; what is longer was pasted into the wrong place and is not repeated.
const MAX_KEY_CHARS: usize = 64;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    key: String,
    origin: Option<Origin>,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    /// What the value must be.
    Expected(&'static str),
    /// What is the matter, where it is not about a value.
    Said(&'static str),
    /// The file says something about a key that nobody reads.
    Unknown(Option<&'static str>),
    /// The file cannot be understood from this line on.
    NotToml(usize),
}

impl Mistake {
    /// The value of `key` is not what it must be.
    pub(super) fn expected(key: &str, origin: &Origin, what: &'static str) -> Self {
        Self::new(key, Some(origin), Problem::Expected(what))
    }

    /// Something about `key` as a whole, such as its absence.
    pub(super) fn said(key: &str, what: &'static str) -> Self {
        Self::new(key, None, Problem::Said(what))
    }

    /// Something about where `key` was found.
    pub(super) fn said_at(key: &str, origin: &Origin, what: &'static str) -> Self {
        Self::new(key, Some(origin), Problem::Said(what))
    }

    /// Nobody reads `key`; perhaps another one was meant.
    pub(super) fn unknown(key: &str, origin: &Origin, meant: Option<&'static str>) -> Self {
        Self::new(key, Some(origin), Problem::Unknown(meant))
    }

    /// The file is no TOML from a line on.
    pub(super) fn not_toml(key: &str, origin: &Origin, line: usize) -> Self {
        Self::new(key, Some(origin), Problem::NotToml(line))
    }

    fn new(key: &str, origin: Option<&Origin>, problem: Problem) -> Self {
        Self {
            key: printable(key),
            origin: origin.cloned(),
            problem,
        }
    }

    /// The key that it is about.
    pub fn key(&self) -> &str {
        &self.key
    }
}

fn printable(key: &str) -> String {
    let fits = key.chars().count() <= MAX_KEY_CHARS
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if fits {
        key.to_owned()
    } else {
        "a key that is no name".to_owned()
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(origin) = &self.origin {
            write!(f, " ({origin})")?;
        }
        match &self.problem {
            Problem::Expected(what) => write!(f, ": must be {what}"),
            Problem::Said(what) => write!(f, ": {what}"),
            Problem::Unknown(None) => f.write_str(": no such setting"),
            Problem::Unknown(Some(meant)) => {
                write!(f, ": no such setting; did you mean {meant}?")
            }
            Problem::NotToml(line) => {
                write!(f, ": line {line} is not TOML, or repeats a key")
            }
        }
    }
}

/// Everything that is wrong with a configuration; at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// All of them, in the order of the settings.
    pub fn all(&self) -> &[Mistake] {
        &self.0
    }

    /// `None` when there is nothing wrong.
    pub(super) fn of(mistakes: Vec<Mistake>) -> Option<Self> {
        (!mistakes.is_empty()).then_some(Self(mistakes))
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has a mistake:")?,
            many => write!(f, "the configuration has {many} mistakes:")?,
        }
        self.0
            .iter()
            .try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for Mistakes {}
