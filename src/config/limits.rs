//! `EVARA_REQUESTS_PER_MINUTE` and its kin: how often everyone may ask.
//!
//! None of them can be switched off; who needs none sets the most, which no machine answers.

use std::fmt;

use super::key::Key;
use super::reader::{Parsed, Reader};
use crate::limits::{Quota, Quotas};

pub(super) const PERSON: Key = Key::plain("EVARA_REQUESTS_PER_MINUTE");
pub(super) const DEVICE: Key = Key::plain("EVARA_DEVICE_REQUESTS_PER_MINUTE");
pub(super) const ADDRESS: Key = Key::plain("EVARA_ADDRESS_REQUESTS_PER_MINUTE");
pub(super) const SIGN_IN: Key = Key::plain("EVARA_LOGINS_PER_MINUTE");

/// A dashboard asks some ten times when it is opened and then listens; a program that polls faster than
/// once a second is better off listening, too.
const PERSON_DEFAULT: Quota = per_minute(100);

/// Ten a second of one sensor, or an hour of readings by the minute in six seconds after an outage. A device
/// that sends more in requests of their own is broken, and bulk is for those who have more.
const DEVICE_DEFAULT: Quota = per_minute(600);

/// A household's worth of people who open the page; of wrong keys, more than a few devices that nobody told
/// of a new one.
const ADDRESS_DEFAULT: Quota = per_minute(60);

/// People mistype a password twice. Those who share an address with many others may need more.
const SIGN_IN_DEFAULT: Quota = per_minute(5);

const fn per_minute(requests: u32) -> Quota {
    match Quota::per_minute(requests) {
        Some(quota) => quota,
        None => panic!("a default is a quota"),
    }
}

/// As it is written.
struct Number(Quota);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.requests().fmt(f)
    }
}

fn number(text: &str) -> Parsed<Number> {
    let quota = text.parse().ok().and_then(Quota::per_minute);
    let what = "a whole number of requests a minute from 1 to 6000000";
    quota.map(Number).ok_or(what)
}

pub(super) fn read(reader: &mut Reader<'_>) -> Quotas {
    let mut quota = |key, default| reader.or(key, Number(default), number).0;
    Quotas {
        person: quota(&PERSON, PERSON_DEFAULT),
        device: quota(&DEVICE, DEVICE_DEFAULT),
        address: quota(&ADDRESS, ADDRESS_DEFAULT),
        sign_in: quota(&SIGN_IN, SIGN_IN_DEFAULT),
    }
}
