//! The accounts in Redis: one for all processes that share it.
//!
//! Redis has the truth of them, and its own time; what it forgets begins anew. The decision is the script's,
//! which a law holds equal to the one of [`gcra`](super::gcra). No request waits for Redis longer than
//! [`PATIENCE`], and none waits at all once one did in vain: from then on nobody asks before the
//! [`keeper`] has found that it answers again.

mod keeper;
#[cfg(test)]
mod laws;
mod line;
#[cfg(test)]
#[path = "../../../tests/support/redis.rs"]
mod server;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use redis::{Client, RedisError};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::Subject;
use super::gcra::Quota;
use line::Line;

/// A Redis nearby answers within one millisecond. One that takes longer than this is of no use before each
/// request.
const PATIENCE: Duration = Duration::from_millis(100);

/// Where a Redis is, and how to get in. Never shown.
#[derive(Clone)]
pub struct RedisAddress(Client);

impl RedisAddress {
    /// What a URL such as `redis://:password@host:6379/0` says; `rediss` is TLS, and proves who answers.
    ///
    /// # Errors
    /// What it should have been.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "a URL such as redis://localhost:6379/0, or rediss:// for TLS";
        let url = url::Url::parse(text).map_err(|_| EXPECTED)?;
        // What else the client takes is a socket in the file system, or a promise to prove nobody.
        let is_plain = url.has_host() && url.fragment().is_none();
        if !(matches!(url.scheme(), "redis" | "rediss") && is_plain) {
            return Err(EXPECTED);
        }
        Client::open(url).map(Self).map_err(|_| EXPECTED)
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisAddress(***)")
    }
}

/// The accounts of all processes. Whoever drops it lets go of Redis.
#[derive(Debug)]
pub struct Shared {
    link: Arc<Link>,
    _keeping: DropGuard,
}

/// The way to Redis, while there is one.
#[derive(Debug)]
struct Link {
    patience: Duration,
    line: ArcSwapOption<Line>,
    /// Somebody found it broken.
    broken: Notify,
}

/// Why Redis did not decide.
#[derive(Debug, thiserror::Error)]
enum Silence {
    #[error("no answer in time")]
    Late,
    #[error("it refuses")]
    Refused(#[from] RedisError),
}

impl Shared {
    /// Begins to look for Redis, and waits for nothing: while it is not there, nobody is told anything.
    pub fn through(address: &RedisAddress) -> Self {
        Self::within(address, PATIENCE)
    }

    /// The same, of which every answer is waited for so long.
    fn within(address: &RedisAddress, patience: Duration) -> Self {
        let link = Arc::new(Link {
            patience,
            line: ArcSwapOption::empty(),
            broken: Notify::new(),
        });
        let ended = CancellationToken::new();
        let keeping = keeper::keep(Arc::clone(&link), address.0.clone());
        // Ends by itself with the token: nobody waits for it.
        TaskTracker::new().spawn(ended.clone().run_until_cancelled_owned(keeping));
        Self {
            link,
            _keeping: ended.drop_guard(),
        }
    }

    /// Whether Redis is there, as of the last time that somebody asked it.
    pub(super) fn is_there(&self) -> bool {
        self.link.line.load().is_some()
    }

    /// Takes one request of `subject`. Tells how far ahead of now its account was level before, in
    /// microseconds; `None` where Redis does not say.
    pub(super) async fn take(&self, subject: Subject, quota: Quota) -> Option<u64> {
        let line = self.link.line.load_full()?;
        match self.link.asked(&line, &subject.to_string(), quota).await {
            Ok(ahead) => Some(ahead),
            Err(silence) => {
                self.link.give_up(&line, &silence);
                None
            }
        }
    }
}

impl Link {
    async fn asked(&self, line: &Line, account: &str, quota: Quota) -> Result<u64, Silence> {
        let answer = timeout(self.patience, line.take(account, quota, None)).await;
        Ok(answer.map_err(|_elapsed| Silence::Late)??)
    }

    /// Nobody else goes this way, until the keeper has found another one.
    fn give_up(&self, line: &Arc<Line>, silence: &Silence) {
        let found = self.line.compare_and_swap(line, None);
        // Of many who wait in vain at once, the first says so.
        if found.as_ref().is_some_and(|found| Arc::ptr_eq(found, line)) {
            let why: &dyn std::error::Error = silence;
            tracing::warn!(why, "Redis does not answer: each process limits by itself");
            self.broken.notify_one();
        }
    }
}
