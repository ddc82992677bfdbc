//! `SECRET_KEY`: what the channels' keys are sealed with.
//!
//! Whoever loses it loses those keys; whoever makes a second one for the same data cannot open them. So
//! production has to give it, and elsewhere it is made once and kept beside the data.

use std::path::Path;

use super::Deployment;
use super::kept::Secret;
use super::key::Key;
use super::reader::{Parsed, Reader};

pub(super) const SECRET_KEY: Key = Key::secret("SECRET_KEY", "SECRET_KEY_FILE");

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
