//! The server crashes, and is started again.

use std::time::Duration;

use tokio::time::Instant;

use super::{Site, assert_goes_on_without};

/// As long as a server takes to be put in another one's place.
const OUTAGE: Duration = Duration::from_secs(30);

/// Two a second, in an outage and what it takes to look at it: a server that comes back is not to be met by
/// a crowd.
const MOST_TRIES: u32 = 80;

/// Before the service tries, the server may be on its way up.
const REASONS: [&str; 3] = [
    "there is no connection",
    "the connection to the database broke",
    "the database is starting or stopping",
];

/// Requests in hand, what is written behind them, and the last tries.
const ENDS_WITHIN: Duration = Duration::from_secs(14);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_told_to_end_without_its_database_does_so_soon_and_says_what_is_left() {
    let mut site = Site::start(&[]).await;
    site.postgres.stop_immediately();
    let pushed = site.push_at_once(super::AT_ONCE).await;
    pushed.iter().for_each(super::Pushed::assert_put_off);
    let told = Instant::now();
    let drained = site.app.drain().await;
    assert!(told.elapsed() < ENDS_WITHIN, "{:?}", told.elapsed());
    assert!(!drained.is_complete() && drained.records > 0, "{drained:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_and_comes_back_after_half_a_minute_has_everything_without_anybodys_help()
 {
    let mut site = Site::start(&[]).await;
    site.postgres.stop_immediately();
    let (gone, mut pushed) = (Instant::now(), Vec::new());
    while gone.elapsed() < OUTAGE {
        pushed.extend(assert_goes_on_without(&site, &REASONS).await);
    }
    let tries = site.app.system().persistence().retries;
    assert!((2..MOST_TRIES).contains(&tries), "{tries} tries");
    site.postgres.start_again();
    pushed.push(site.assert_is_back().await);
    site.assert_whole(&pushed).await;
}
