//! What all clients of a process share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use evara::app::clock::SystemClock;

use super::line::Shut;
use super::said::Reader;

/// See the module.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) reader: Reader,
    pub(super) client: reqwest::Client,
    pub(super) clock: SystemClock,
    attendance: Mutex<Attendance>,
}

/// Who is there, since all connections broke for the last time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attendance {
    since: u32,
    /// Those who have a connection now, since whenever.
    inside: usize,
    /// Those who were found to know everything since then.
    pub(crate) current: usize,
    /// How often somebody was not let in, and why.
    refusals: BTreeMap<Shut, u32>,
}

impl Desk {
    /// Who is there since the so-manieth time that all connections broke.
    pub(super) fn attendance(&self, breaks: u32) -> Attendance {
        self.since(breaks).clone()
    }

    /// One more knows everything, since that time.
    pub(super) fn counts_one_more(&self, breaks: u32) {
        let mut attendance = self.since(breaks);
        attendance.current += usize::from(attendance.since == breaks);
    }

    /// Somebody was not let in, that time.
    pub(super) fn refuses(&self, breaks: u32, shut: Shut) {
        *self.since(breaks).refusals.entry(shut).or_default() += 1;
    }

    /// Somebody has a connection.
    pub(super) fn lets_in(&self, breaks: u32) {
        self.since(breaks).inside += 1;
    }

    /// Somebody has none any more.
    pub(super) fn lets_out(&self, breaks: u32) {
        self.since(breaks).inside -= 1;
    }

    fn since(&self, breaks: u32) -> MutexGuard<'_, Attendance> {
        let attendance = self.attendance.lock();
        let mut attendance = attendance.unwrap_or_else(PoisonError::into_inner);
        if breaks > attendance.since {
            *attendance = Attendance {
                since: breaks,
                inside: attendance.inside,
                ..Attendance::default()
            };
        }
        attendance
    }

    pub(super) fn new() -> Self {
        let client = reqwest::Client::builder().tls_certs_only([]).no_proxy();
        Self {
            reader: Reader::default(),
            client: client.build().unwrap_or_default(),
            clock: SystemClock::new(),
            attendance: Mutex::default(),
        }
    }
}

impl fmt::Display for Attendance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            inside,
            current,
            refusals,
            ..
        } = self;
        write!(
            f,
            "{current} know everything, {inside} are connected; not let in: {refusals:?}"
        )
    }
}
