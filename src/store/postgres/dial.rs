//! How a connection is made over a line that may be slow, or dead.
//!
//! From here the two look alike: nothing is answered. Over a slow line a try succeeds if it is waited for; on a line
//! that died it never does, also not once the line is well again. So a try is waited for, and others are begun beside
//! it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Connect;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, Error};

/// To make a connection: five turns with TLS and a password, where each takes two seconds, and some time to work.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(12);

/// Before another try is begun beside those that are not answered. From the return of a dead line it is at most so long
/// until a try is made that can succeed: half of what anyone waits for then.
const ANOTHER_AFTER: Duration = Duration::from_millis(2_500);

/// Tries that are under way at once: as many as there is time for.
const MOST_TRIES: u32 = 5;

type Made<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A connection and the task that moves its bytes.
type Line = (Client, JoinHandle<()>);

/// See the module.
pub(super) struct Dial(Arc<dyn Connect>);

impl Dial {
    /// Each try is made by `connect`.
    pub(super) fn by(connect: impl Connect + 'static) -> Self {
        Self(Arc::new(connect))
    }
}

impl Connect for Dial {
    fn connect(&self, config: &Config) -> Made<Result<Line, Error>> {
        let (connect, config) = (Arc::clone(&self.0), config.clone());
        Box::pin(first_answered(move || {
            let (connect, config) = (Arc::clone(&connect), config.clone());
            async move { connect.connect(&config).await }
        }))
    }
}

/// What the first try that is answered comes to, be it a refusal. Has no deadline of its own; dropped, it gives up every
/// try.
async fn first_answered<T, E, F>(begin: impl Fn() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let mut tries = JoinSet::new();
    loop {
        if tries.len() < MOST_TRIES as usize {
            tries.spawn(begin());
        }
        // Of one that panicked there is nothing to tell: the next one is begun in its place.
        if let Ok(Some(Ok(answered))) = timeout(ANOTHER_AFTER, tries.join_next()).await {
            return answered;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::{Instant, sleep};

    use super::*;

    /// Counts the tries, and has each of them come to what `outcome` makes of its number, from 1.
    async fn dialled<F>(outcome: impl Fn(u32) -> F) -> (Result<u32, u32>, u32, Duration)
    where
        F: Future<Output = Result<u32, u32>> + Send + 'static,
    {
        let (begun, tries) = (Instant::now(), AtomicU32::new(0));
        let dialling = first_answered(|| outcome(1 + tries.fetch_add(1, Ordering::Relaxed)));
        let told = timeout(CONNECT_WITHIN, dialling).await.unwrap_or(Err(0));
        (told, tries.into_inner(), begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_on_which_a_turn_takes_two_seconds_is_waited_for_five_turns_long() {
        let five_turns = Duration::from_secs(10);
        let (told, _, took) = dialled(|number| async move {
            sleep(five_turns).await;
            Ok(number)
        })
        .await;
        assert_eq!((told, took), (Ok(1), five_turns));
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_died_holds_up_nobody_who_calls_after_it_is_back() {
        for lost in 1..MOST_TRIES {
            let (told, _, took) = dialled(move |number| async move {
                if number <= lost {
                    pending::<()>().await;
                }
                Ok(number)
            })
            .await;
            assert_eq!((told, took), (Ok(lost + 1), ANOTHER_AFTER * lost));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_told_at_once() {
        let (told, tries, took) = dialled(|number| async move { Err(number) }).await;
        assert_eq!((told, tries, took), (Err(1), 1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_tried_at_once_than_there_is_time_for() {
        let (told, tries, took) = dialled(|_| pending()).await;
        assert_eq!((told, tries, took), (Err(0), MOST_TRIES, CONNECT_WITHIN));
    }
}
