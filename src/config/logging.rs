//! `LOG_LEVEL`: what is told on stderr.

use std::fmt;
use std::str::FromStr;

use super::key::Key;
use super::reader::{Parsed, Reader};

pub(super) const LOG_LEVEL: Key = Key::plain("LOG_LEVEL");

const EXPECTED: &str =
    "error, warn, info, debug, trace or off, or such levels by module: info,evara=debug";

/// The actors' library tells of every start and stop on `info`, tens of thousands of lines; that of the
/// migrations tells that there were none.
const QUIETER: &str = "ractor=warn,refinery_core=warn";

/// Levels, overall and by module. A module's name that is no level is an error rather than "all of the
/// module that is called so", which is how a misspelt level would otherwise be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl Default for LogFilter {
    fn default() -> Self {
        Self(format!("info,{QUIETER}"))
    }
}

impl LogFilter {
    /// Warnings and errors only, for a terminal that shows something else.
    pub fn quiet() -> Self {
        Self("warn".to_owned())
    }

    /// In the syntax of `tracing_subscriber::filter::Targets`.
    pub fn directives(&self) -> &str {
        &self.0
    }
}

impl FromStr for LogFilter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let directives = text
            .split(',')
            .map(|part| directive(part.trim()).ok_or(EXPECTED));
        let mut directives = directives.collect::<Result<Vec<_>, _>>()?;
        if directives.len() == 1 && ["info", "debug", "trace"].contains(&directives[0].as_str()) {
            directives.push(QUIETER.to_owned());
        }
        Ok(Self(directives.join(",")))
    }
}

fn directive(part: &str) -> Option<String> {
    match part.split_once('=') {
        None => level(part).map(str::to_owned),
        Some((module, text)) => {
            let is_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
            let is_module = !module.is_empty() && module.chars().all(is_path);
            is_module.then_some(())?;
            Some(format!("{module}={}", level(text)?))
        }
    }
}

/// The names of levels, and those that Python's logging has for the same.
fn level(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "off" => Some("off"),
        "error" | "critical" | "fatal" => Some("error"),
        "warn" | "warning" => Some("warn"),
        "info" => Some("info"),
        "debug" => Some("debug"),
        "trace" => Some("trace"),
        _ => None,
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn read(reader: &mut Reader<'_>, default: LogFilter) -> LogFilter {
    let parse = |text: &str| -> Parsed<LogFilter> { text.parse() };
    reader.or(&LOG_LEVEL, default, parse)
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::Targets;

    use super::*;

    #[test]
    fn every_accepted_filter_is_one_for_the_subscriber_too() {
        for text in [
            "INFO",
            "Warning",
            "critical",
            "off",
            "info, evara_actors::twin=trace",
        ] {
            let filter: LogFilter = text.parse().unwrap();
            assert!(filter.directives().parse::<Targets>().is_ok(), "{text}");
        }
    }

    #[test]
    fn a_misspelt_level_is_no_module() {
        for text in [
            "inof",
            "info,",
            "evara=loud",
            "=info",
            "a b=info",
            "[x]=info",
        ] {
            assert_eq!(text.parse::<LogFilter>(), Err(EXPECTED), "{text}");
        }
    }

    #[test]
    fn a_plain_level_leaves_talkative_libraries_quiet() {
        let filter: LogFilter = "debug".parse().unwrap();
        assert_eq!(filter.directives(), "debug,ractor=warn,refinery_core=warn");
    }
}
