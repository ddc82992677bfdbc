//! Packets are dropped without a word, as by a firewall that forgot the connections; then they are not.

use super::{Site, Way, assert_goes_on_without};

const REASONS: [&str; 4] = [
    "the database does not answer",
    "the database did not answer in time",
    "there is no connection",
    "whether the database took the change is not known",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_dead_without_knowing_are_given_up_and_made_anew() {
    let site = Site::start(&[]).await;
    site.set(Way::Lost);
    let mut pushed = assert_goes_on_without(&site, &REASONS).await;
    site.set(Way::Open);
    pushed.push(site.assert_is_back().await);
    site.assert_whole(&pushed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moment_of_lost_packets_costs_no_longer_than_a_sender_waits() {
    let site = Site::start(&[]).await;
    site.set(Way::Lost);
    let lost = tokio::time::timeout(std::time::Duration::from_millis(500), site.push()).await;
    assert!(lost.is_err(), "{lost:?}");
    site.set(Way::Open);
    let pushed = site.assert_is_back().await;
    site.assert_whole(&[pushed]).await;
}
