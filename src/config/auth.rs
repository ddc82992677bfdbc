//! `SUPABASE_URL` and `SUPABASE_JWT_SECRET`: whose tokens are accepted beside our own.
//!
//! Neither is needed: without them there are only accounts of this installation.

use secrecy::SecretString;

use super::key::Key;
use super::reader::{Parsed, Reader};
use crate::auth::token::{MIN_SHARED_BYTES, ProjectUrl};

pub(super) const URL: Key = Key::plain("SUPABASE_URL");
pub(super) const JWT_SECRET: Key = Key::secret("SUPABASE_JWT_SECRET", "SUPABASE_JWT_SECRET_FILE");

/// Whose tokens are accepted beside our own.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    /// The Supabase project; without one nobody else's are.
    pub supabase: Option<SupabaseConfig>,
}

/// A Supabase project.
#[derive(Debug, Clone)]
pub struct SupabaseConfig {
    /// Where it is. Its published keys are always accepted.
    pub url: ProjectUrl,
    /// For projects that still sign with a shared secret; whoever has it can be anybody.
    pub secret: Option<SecretString>,
}

fn url(text: &str) -> Parsed<ProjectUrl> {
    ProjectUrl::parse(text).map_err(|_| {
        "the project's address, such as https://abcdefghij.supabase.co: \
         https, or http to this machine, and no more than a host, a port and a path"
    })
}

fn secret(text: &str) -> Parsed<()> {
    let is_long = text.len() >= MIN_SHARED_BYTES;
    is_long.then_some(()).ok_or("at least 32 bytes")
}

pub(super) fn read(reader: &mut Reader<'_>) -> AuthConfig {
    let url = reader.maybe(&URL, url);
    let secret = reader.secret(&JWT_SECRET, secret);
    if url.is_none() && reader.is_set(&JWT_SECRET) {
        let what = "must be set where SUPABASE_JWT_SECRET is: tokens are accepted from one project";
        reader.object(&URL, what);
    }
    AuthConfig {
        supabase: url.map(|url| SupabaseConfig { url, secret }),
    }
}
