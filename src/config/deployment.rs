//! `ENVIRONMENT` and `APP_MODE`: what kind of deployment this is.
//!
//! The kind decides how much is forgiven, never what the service does.

use std::fmt;

use super::key::Key;
use super::reader::{Parsed, Reader};

pub(super) const ENVIRONMENT: Key = Key::plain("ENVIRONMENT");
pub(super) const APP_MODE: Key = Key::plain("APP_MODE");

/// What kind of deployment this is. Development by default: whoever tries the service out must not
/// have to invent secrets, and production has to say so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Deployment {
    /// A machine of a person who tries things out; missing secrets are made.
    #[default]
    Development,
    /// Others rely on it: secrets must be given and be strong.
    Production,
    /// A test's; forgives what development forgives.
    Test,
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Development => "development",
            Self::Production => "production",
            Self::Test => "test",
        })
    }
}

fn deployment(text: &str) -> Parsed<Deployment> {
    match text.to_ascii_lowercase().as_str() {
        "development" => Ok(Deployment::Development),
        "production" => Ok(Deployment::Production),
        "test" => Ok(Deployment::Test),
        _ => Err("development, production or test"),
    }
}

/// Which parts run here. One process runs them all; the name is read so that a deployment which
/// counts on several kinds of process is told, rather than polled twice.
fn app_mode(text: &str) -> Parsed<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "all" => Ok("all"),
        _ => Err("all: this version runs everything in one process"),
    }
}

impl Deployment {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        reader.or(&APP_MODE, "all", app_mode);
        reader.or(&ENVIRONMENT, Self::default(), deployment)
    }
}
