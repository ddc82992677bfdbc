//! Every answer takes two seconds; then it does not.

use std::time::Duration;

use super::{BACK_WITHIN, PUSH_PATIENCE, SLACK, Site, Way, assert_reads, eventually};

/// Each way, so that a question and its answer take two seconds.
const ONE_WAY: Duration = Duration::from_secs(1);

/// When it is quick, it is as quick as before.
const QUICK: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_two_seconds_slows_down_writes_and_nothing_else() {
    let site = Site::start(&[]).await;
    site.set(Way::Slow(ONE_WAY));
    let polled = site.revisions_of_polled();
    let pushes = site.push_at_once(4);
    let (mut pushed, ()) = tokio::join!(pushes, assert_reads(&site, PUSH_PATIENCE));
    assert!(site.revisions_of_polled() > polled, "polling stands still");
    for push in &pushed {
        assert!(push.reply.took < PUSH_PATIENCE + SLACK, "{push:?}");
        if !push.is_acknowledged() {
            push.assert_put_off();
        }
    }
    // What is written at such a pace is written all the same.
    let committed_at = || site.app.system().persistence().last_commit_at;
    let before = committed_at();
    pushed.extend(site.push_at_once(4).await);
    eventually("something is written", || committed_at() > before).await;
    site.set(Way::Open);
    pushed.push(site.assert_is_back().await);
    let quick = site.push().await;
    assert!(
        quick.is_acknowledged() && quick.reply.took < QUICK.min(BACK_WITHIN),
        "{quick:?}"
    );
    pushed.push(quick);
    site.assert_whole(&pushed).await;
}
