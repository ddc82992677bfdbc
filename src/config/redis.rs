//! `REDIS_URL`: where processes share their limits; and `CACHE_TTL`, which deployments have and nobody reads.
//!
//! The latter is checked all the same, so that a wrong one is found now and not on the day when it counts.

use std::fmt;

use secrecy::ExposeSecret as _;

use super::key::Key;
use super::reader::{Parsed, Reader};
use crate::limits::RedisAddress;

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

/// Where Redis is, if there is one; and what was set though it changes nothing.
pub(super) fn read(reader: &mut Reader<'_>) -> (Option<RedisAddress>, Option<&'static str>) {
    let url = reader.secret(&REDIS_URL, |text| RedisAddress::parse(text).map(drop));
    let address = url.and_then(|url| RedisAddress::parse(url.expose_secret()).ok());
    reader.or(&CACHE_TTL, DEFAULT_TTL, ttl);
    let unused = "CACHE_TTL is not used by this version: answers come from memory";
    (address, reader.is_set(&CACHE_TTL).then_some(unused))
}
