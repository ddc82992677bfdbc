//! Where settings come from: flags, the environment and a file, all asked by the setting's name.
//!
//! A source hands out text and judges nothing. What it holds may be secret, so none prints its values.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;

/// Where a value came from, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line, such as `--bind`.
    Flag(&'static str),
    /// A variable of the environment, or the file that one names.
    Environment,
    /// A configuration file, by its path.
    File(String),
    /// Set by nobody.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Environment => f.write_str("environment"),
            Self::File(path) => f.write_str(path),
            Self::Default => f.write_str("default"),
        }
    }
}

/// What a source has under a name.
#[derive(Clone, PartialEq, Eq)]
pub enum Found {
    /// Text, as it was written.
    Text(String),
    /// Something that is no text, such as bytes that are not UTF-8, or a list.
    NotText,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(***)",
            Self::NotText => "NotText",
        })
    }
}

/// Somewhere that settings are looked up by name.
pub trait Source: fmt::Debug {
    /// What is set for `name`, and where. Names are upper case, as in the environment.
    fn get(&self, name: &str) -> Option<(Found, Origin)>;
}

/// What the command line said.
#[derive(Default)]
pub struct Flags(Vec<(&'static str, &'static str, String)>);

impl Flags {
    /// Sets the setting `name` by `flag`, if it was given.
    #[must_use]
    pub fn with(mut self, name: &'static str, flag: &'static str, value: Option<String>) -> Self {
        self.0.extend(value.map(|value| (name, flag, value)));
        self
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(_, flag, _)| flag))
            .finish()
    }
}

impl Source for Flags {
    fn get(&self, name: &str) -> Option<(Found, Origin)> {
        let (_, flag, value) = self.0.iter().find(|(key, ..)| *key == name)?;
        Some((Found::Text(value.clone()), Origin::Flag(flag)))
    }
}

/// What the names of settings begin with that no other program has.
const PREFIX: &str = "EVARA_";

/// The environment as it was at the start: later changes of it change nothing.
#[derive(Default)]
pub struct Environment(HashMap<String, OsString>);

impl Environment {
    /// That of this process.
    pub fn of_process() -> Self {
        // Names that are no UTF-8 are none of ours.
        let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        Self(std::env::vars_os().filter_map(named).collect())
    }

    /// The names that begin as ours do, in order. Kubernetes makes variables of its own for a service that
    /// is named like this program: they are none.
    pub(super) fn own_names(&self) -> Vec<&str> {
        let is_ours = |name: &&str| {
            let rest = name.strip_prefix(PREFIX);
            let is_service = |rest: &str| rest.starts_with("SERVICE_") || rest.starts_with("PORT");
            rest.is_some_and(|rest| !is_service(rest))
        };
        let mut names: Vec<&str> = self.0.keys().map(String::as_str).filter(is_ours).collect();
        names.sort_unstable();
        names
    }

    /// Keeps these names, and forgets all others.
    #[must_use]
    pub fn only(mut self, names: &[&str]) -> Self {
        self.0.retain(|name, _| names.contains(&name.as_str()));
        self
    }
}

impl<N: Into<String>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

impl Source for Environment {
    fn get(&self, name: &str) -> Option<(Found, Origin)> {
        let found = match self.0.get(name)?.to_str() {
            Some(text) => Found::Text(text.to_owned()),
            None => Found::NotText,
        };
        Some((found, Origin::Environment))
    }
}
