//! What all clients of a process share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use evara::app::clock::SystemClock;

use super::said::Reader;

/// See the module.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) reader: Reader,
    pub(super) client: reqwest::Client,
    pub(super) clock: SystemClock,
    current: Mutex<Current>,
}

/// How many know everything, since all connections broke for the last time.
#[derive(Debug, Default)]
struct Current {
    since: u32,
    count: usize,
}

impl Desk {
    /// How many know everything since the so-manieth time that all connections broke.
    pub(super) fn current(&self, breaks: u32) -> usize {
        self.current_since(breaks).count
    }

    /// One more knows everything, since that time.
    pub(super) fn counts_one_more(&self, breaks: u32) {
        let mut current = self.current_since(breaks);
        current.count += usize::from(current.since == breaks);
    }

    fn current_since(&self, breaks: u32) -> MutexGuard<'_, Current> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if breaks > current.since {
            *current = Current {
                since: breaks,
                count: 0,
            };
        }
        current
    }

    pub(super) fn new() -> Self {
        let client = reqwest::Client::builder().tls_certs_only([]).no_proxy();
        Self {
            reader: Reader::default(),
            client: client.build().unwrap_or_default(),
            clock: SystemClock::new(),
            current: Mutex::default(),
        }
    }
}
