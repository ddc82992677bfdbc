//! `THINGSPEAK_URL`, `THINGSPEAK_API_KEY`, `THINGSPEAK_RATE_LIMIT`: where readings are polled from.

use std::fmt;
use std::ops::RangeInclusive;

use evara_actors::ingest::Budget;
use secrecy::SecretString;

use super::key::Key;
use super::reader::{Parsed, Reader};
use crate::thingspeak::{BaseUrl, BaseUrlError};

pub(super) const URL: Key = Key::plain("THINGSPEAK_URL");
pub(super) const API_KEY: Key = Key::secret("THINGSPEAK_API_KEY", "THINGSPEAK_API_KEY_FILE");
pub(super) const RATE_LIMIT: Key = Key::plain("THINGSPEAK_RATE_LIMIT");

/// The free licence accepts a write each 15 s, so that four polls a minute see every one; the rest is
/// for back-fills, probes and people.
const DEFAULT_RATE: RequestsPerMinute = RequestsPerMinute(15);

/// One is the least that leaves room for a burst of one; ten a second is a mistake in the unit.
const RATES: RangeInclusive<u32> = 2..=600;

/// A burst is a fifth of the minute's budget: a poll, its retry and a person's.
const BURST_PART: u32 = 5;

/// How ThingSpeak is reached.
#[derive(Debug, Clone)]
pub struct ThingSpeakConfig {
    /// The hosted service by default; keys travel in requests, so it is `https`, or this machine.
    pub url: BaseUrl,
    /// For channels that have no key of their own.
    pub api_key: Option<SecretString>,
    /// How often one channel may be asked.
    pub channel_budget: Budget,
}

#[derive(Debug, Clone, Copy)]
struct RequestsPerMinute(u32);

impl RequestsPerMinute {
    fn budget(self) -> Budget {
        let burst = (self.0 / BURST_PART).max(1);
        // Never refused for a rate within the range; the test below says so.
        Budget::try_new(self.0, burst).unwrap_or(Budget::CHANNEL)
    }
}

impl fmt::Display for RequestsPerMinute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

fn rate(text: &str) -> Parsed<RequestsPerMinute> {
    let number = text.parse().ok().filter(|rate| RATES.contains(rate));
    number
        .map(RequestsPerMinute)
        .ok_or("a whole number of requests a minute from 2 to 600")
}

fn base_url(text: &str) -> Parsed<BaseUrl> {
    BaseUrl::parse(text).map_err(|error| match error {
        BaseUrlError::NotAUrl => "an absolute URL, such as https://api.thingspeak.com",
        BaseUrlError::Scheme => "a URL that begins with https://",
        BaseUrlError::Cleartext => {
            "a URL that begins with https://, or http:// to this machine: it carries keys"
        }
        BaseUrlError::Decorated => "a scheme, a host, a port and a path, and nothing more",
    })
}

fn hosted() -> BaseUrl {
    match BaseUrl::parse(BaseUrl::HOSTED) {
        Ok(url) => url,
        Err(error) => unreachable!("the hosted service's own address: {error}"),
    }
}

/// A key is a word of 16 letters and digits; anything that could not travel in a query is refused.
fn api_key(text: &str) -> Parsed<()> {
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then_some(()).ok_or("1 to 64 letters and digits")
}

pub(super) fn read(reader: &mut Reader<'_>) -> ThingSpeakConfig {
    ThingSpeakConfig {
        url: reader.or(&URL, hosted(), base_url),
        api_key: reader.secret(&API_KEY, api_key),
        channel_budget: reader.or(&RATE_LIMIT, DEFAULT_RATE, rate).budget(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_that_is_accepted_is_a_budget_of_exactly_that_rate() {
        for per_minute in RATES {
            let burst = (per_minute / BURST_PART).max(1);
            let budget = Budget::try_new(per_minute, burst);
            assert!(budget.is_some(), "{per_minute}");
            assert_eq!(Some(RequestsPerMinute(per_minute).budget()), budget);
        }
    }
}
