//! The database away for so long that nothing more can wait for it; then it is back.

use evara_actors::twin::OfferError;

use std::time::Duration;

use super::{MOST_WAITING, Site, Way, assert_goes_on_without};

/// What may wait in one shard, and what was on its way when it was full.
const SHARD_FULL: u64 = 16_384;

/// A writer has one batch in hand at a time.
const BATCHES: usize = 2;

/// An answer that waits for nothing, on a machine that is busy with other tests.
const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_bounded_and_all_of_what_was_taken_is_written_afterwards() {
    let site = Site::start(&[]).await;
    site.set(Way::Closed);
    let (taken, refusal) = site.flood(2 * SHARD_FULL as usize).await;
    assert_eq!(refusal, Some(OfferError::Full));
    assert!(taken.end - taken.start > 10_000, "{taken:?}");
    let waiting = site.waiting();
    assert!((SHARD_FULL..MOST_WAITING).contains(&waiting), "{waiting}");
    let (_, again) = site.flood(1).await;
    assert_eq!(again, Some(OfferError::Full));
    // A device of that node is told so at once, and not after it has waited. Where the writer took a batch in hand
    // since, there is room for as many again, and what came first waits as all else does.
    let (mut put_off, mut refused) = (Vec::new(), site.push_by_flooded().await);
    while refused.reply.body["code"] != "busy" && put_off.len() < BATCHES {
        refused.assert_put_off();
        put_off.push(refused);
        site.flood(2 * SHARD_FULL as usize).await;
        refused = site.push_by_flooded().await;
    }
    refused.assert_put_off();
    assert_eq!(refused.reply.body["code"], "busy", "{refused:?}");
    assert!(refused.reply.took < AT_ONCE, "{refused:?}");
    let reasons = [
        "there is no connection",
        "the connection to the database broke",
    ];
    let mut pushed = assert_goes_on_without(&site, &reasons).await;
    pushed.push(refused);
    pushed.extend(put_off);
    site.set(Way::Open);
    pushed.push(site.assert_is_back().await);
    site.assert_has_all(&taken).await;
    site.assert_whole(&pushed).await;
}
