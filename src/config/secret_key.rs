//! `SECRET_KEY` and `SECRET_KEY_OLD`: what secrets are sealed with, and were before.
//!
//! Whoever loses it loses those keys; whoever makes a second one for the same data cannot open them. So
//! production has to give it, and elsewhere it is made once and kept beside the data.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::Deployment;
use super::kept::Secret;
use super::key::Key;
use super::reader::{Parsed, Reader};

pub(super) const SECRET_KEY: Key = Key::secret("SECRET_KEY", "SECRET_KEY_FILE");

/// Those before it, for as long as something may be under them.
pub(super) const SECRET_KEY_OLD: Key = Key::secret("SECRET_KEY_OLD", "SECRET_KEY_OLD_FILE");

/// More changes at once than anybody makes on purpose.
const MOST_OLD: usize = 3;

/// A shorter one can be guessed from a stolen file.
const SHORTEST: usize = 32;

/// Where a key that was made is kept, in the data directory.
const FILE: &str = "secret.key";

fn strong(text: &str) -> Parsed<()> {
    let is_long = text.chars().count() >= SHORTEST;
    is_long.then_some(()).ok_or("at least 32 characters")
}

pub(super) fn read(reader: &mut Reader<'_>, deployment: Deployment, data: &Path) -> Secret {
    let given = reader.secret(&SECRET_KEY, strong);
    if given.is_none() && deployment == Deployment::Production {
        let what = "must be set in production, to at least 32 characters";
        reader.object(&SECRET_KEY, what);
    }
    given.map_or_else(|| Secret::Kept(data.join(FILE)), Secret::Given)
}

/// The keys from before, each once.
pub(super) fn read_old(reader: &mut Reader<'_>) -> Vec<SecretString> {
    let given = reader.secret(&SECRET_KEY_OLD, few_and_strong);
    let mut each: Vec<&str> = given
        .iter()
        .flat_map(|text| parts(text.expose_secret()))
        .collect();
    each.sort_unstable();
    each.dedup();
    each.into_iter().map(SecretString::from).collect()
}

fn few_and_strong(text: &str) -> Parsed<()> {
    let are_good = parts(text).count() <= MOST_OLD && parts(text).all(|part| strong(part).is_ok());
    are_good.then_some(()).ok_or(
        "one to three keys of at least 32 characters each, between commas or on lines of their own",
    )
}

/// By its lines, or by its commas where it is one line: a key that has a comma in it goes on a line.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let by = if text.contains('\n') { '\n' } else { ',' };
    text.split(by)
        .map(str::trim)
        .filter(|part| !part.is_empty())
}
