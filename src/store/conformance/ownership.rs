//! Laws of who may write.

use super::fixtures::{full_batch, node};
use super::{Opened, Site};

pub(crate) async fn every_claim_begins_a_later_epoch(site: &dyn Site) {
    let first = {
        let Opened { ownership, .. } = site.open().await;
        let first = ownership.claim().await.unwrap();
        assert!(ownership.claim().await.unwrap() > first);
        first
    };
    let Opened { ownership, .. } = site.open().await;
    assert!(ownership.claim().await.unwrap().0 > first.0 + 1);
}

pub(crate) async fn whoever_claims_again_goes_on_writing(site: &dyn Site) {
    let Opened {
        ownership, archive, ..
    } = site.open().await;
    archive.commit(full_batch(node(1))).await.unwrap();
    ownership.claim().await.unwrap();
    archive.commit(full_batch(node(2))).await.unwrap();
    assert_eq!(archive.load().await.unwrap().twins.len(), 2);
}
