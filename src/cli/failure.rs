//! How a command fails: what is told once, at the very end, and with which exit code.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use super::output::talk;
use crate::config::{EXIT_CODE, Mistakes};

/// How the process ends when another one took over what it wrote: it must not be started again by itself,
/// or the two would take from each other for ever. Beyond the codes of sysexits.h.
const FENCED: u8 = 79;

/// Why a command came to nothing.
#[derive(Debug)]
pub enum Failure {
    /// It was configured wrongly.
    Config(Mistakes),
    /// Anything else, with all its causes.
    Other(anyhow::Error),
    /// As [`Failure::Other`], for a caller that understands this exit code.
    Coded(u8, anyhow::Error),
}

impl Failure {
    /// `what` did not start.
    pub fn starting(what: &str, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Other(anyhow::Error::new(cause).context(format!("{what} did not start")))
    }

    /// Tells the failure with its causes, and how the process is to end.
    pub fn report(&self) -> ExitCode {
        talk(format_args!("evara: {self}"));
        match self {
            Self::Config(_) => ExitCode::from(EXIT_CODE),
            Self::Other(error) if is_fenced(error) => ExitCode::from(FENCED),
            Self::Other(_) => ExitCode::FAILURE,
            Self::Coded(code, _) => ExitCode::from(*code),
        }
    }
}

fn is_fenced(error: &anyhow::Error) -> bool {
    let failure = error.downcast_ref::<evara_actors::tree::Failure>();
    matches!(failure, Some(evara_actors::tree::Failure::Fenced(_)))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(mistakes) => fmt::Display::fmt(mistakes, f),
            // The alternate form has the whole chain in one line.
            Self::Other(error) | Self::Coded(_, error) => write!(f, "{error:#}"),
        }
    }
}

impl Error for Failure {}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        Self::Config(mistakes)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_lost_its_database_ends_unlike_any_other() {
        let fenced = evara_actors::tree::Failure::Fenced("another process".to_owned());
        assert!(is_fenced(&anyhow::Error::new(fenced).context("serving")));
        assert!(!is_fenced(&anyhow::anyhow!("another process")));
    }

    #[test]
    fn a_failure_is_told_in_one_line_with_its_causes() {
        let cause = std::io::Error::other("no more threads");
        let failure = Failure::starting("the runtime", cause);
        assert_eq!(
            failure.to_string(),
            "the runtime did not start: no more threads"
        );
    }
}
