//! `REDIS_URL` and `CACHE_TTL`: read because deployments have them, not used by this version.
//!
//! One process needs no cache between processes. They are checked all the same, so that a wrong one is
//! found now and not on the day when it counts.

use std::fmt;

use url::Url;

use super::key::Key;
use super::reader::{Parsed, Reader};

pub(super) const REDIS_URL: Key = Key::secret("REDIS_URL", "REDIS_URL_FILE");
pub(super) const CACHE_TTL: Key = Key::plain("CACHE_TTL");

/// As long as ThingSpeak itself serves large answers from its cache.
const DEFAULT_TTL: Seconds = Seconds(300);

/// A day: what is older is history, not cache.
const LONGEST_TTL_S: u32 = 86_400;

#[derive(Debug, Clone, Copy)]
struct Seconds(u32);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

fn ttl(text: &str) -> Parsed<Seconds> {
    let number = text
        .parse()
        .ok()
        .filter(|secs| (1..=LONGEST_TTL_S).contains(secs));
    number
        .map(Seconds)
        .ok_or("a whole number of seconds from 1 to 86400")
}

fn redis_url(text: &str) -> Parsed<()> {
    let is_redis = |url: &Url| matches!(url.scheme(), "redis" | "rediss") && url.has_host();
    let url = Url::parse(text).ok().filter(is_redis);
    url.map(drop)
        .ok_or("a URL such as redis://localhost:6379/0")
}

/// Tells which of them were set, since they change nothing.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<&'static str> {
    reader.secret(&REDIS_URL, redis_url);
    reader.or(&CACHE_TTL, DEFAULT_TTL, ttl);
    let mut unused = Vec::new();
    if reader.is_set(&REDIS_URL) {
        unused.push("REDIS_URL is not used by this version: everything is in one process");
    }
    if reader.is_set(&CACHE_TTL) {
        unused.push("CACHE_TTL is not used by this version: answers come from memory");
    }
    unused
}
