//! `EVARA_RAW_DAYS`: how long readings are kept as they came.

use std::time::Duration;

use super::key::Key;
use super::reader::{Parsed, Reader};

pub(super) const RAW_DAYS: Key = Key::plain("EVARA_RAW_DAYS");

/// A month by the minute is what people look into; what is older they ask for by the hour or the day,
/// which is kept for ever.
const DEFAULT_RAW_DAYS: u32 = 30;

/// A day is rolled up after it is over, and late readings may come a while after that.
const FEWEST_RAW_DAYS: u32 = 3;

/// Ten years: the disk is full before.
const MOST_RAW_DAYS: u32 = 3_650;

/// How much of the past is kept in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryConfig {
    /// Readings are removed at this age, once they are rolled up.
    pub raw_age: Duration,
}

fn days(text: &str) -> Parsed<u32> {
    let number = text.parse().ok();
    let number = number.filter(|days| (FEWEST_RAW_DAYS..=MOST_RAW_DAYS).contains(days));
    number.ok_or("a whole number of days from 3 to 3650")
}

pub(super) fn read(reader: &mut Reader<'_>) -> HistoryConfig {
    let days = reader.or(&RAW_DAYS, DEFAULT_RAW_DAYS, days);
    HistoryConfig {
        raw_age: Duration::from_secs(86_400 * u64::from(days)),
    }
}
