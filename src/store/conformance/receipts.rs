//! Laws of kept answers: one request a name, one answer a request, and none without what it answers for.

use std::time::Duration;

use evara_actors::domain::{NodeSpec, Timestamp};
use evara_actors::ports::RegistryError;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::device_keys::key;
use super::fixtures::{at, spec};
use super::{Opened, Site};
use crate::store::{Begun, Claim, DeviceKeysError, Kept, RECEIPT_AGE, ReceiptName, Receipts};

pub(crate) fn name(caller: u128, key: &str) -> ReceiptName {
    ReceiptName {
        caller: Uuid::from_u128(caller),
        key: key.to_owned(),
    }
}

fn claim(name: ReceiptName, request: u8, at: Timestamp) -> Claim {
    let request = [request; 32];
    Claim { name, request, at }
}

pub(crate) fn kept(name: ReceiptName, answer: &str) -> Kept {
    let answer = SecretString::from(answer);
    Kept { name, answer }
}

/// Where a request stands, in a word.
pub(crate) async fn begun(
    receipts: &dyn Receipts,
    name: ReceiptName,
    request: u8,
    at: Timestamp,
) -> String {
    match receipts.begin(claim(name, request, at)).await.unwrap() {
        Begun::Open { at } => format!("open {at}"),
        Begun::Answered(answer) => answer.expose_secret().to_owned(),
        Begun::Other => "other".to_owned(),
    }
}

pub(crate) fn open(second: i64) -> String {
    format!("open {}", at(second))
}

pub(crate) async fn an_answer_is_given_to_the_same_request_and_to_no_other(site: &dyn Site) {
    {
        let Opened { receipts, .. } = site.open().await;
        let receipts = &*receipts;
        assert_eq!(begun(receipts, name(1, "a"), 1, at(1)).await, open(1));
        receipts.finish(kept(name(1, "a"), "रसीद")).await.unwrap();
    }
    let Opened { receipts, .. } = site.open().await;
    let receipts = &*receipts;
    assert_eq!(begun(receipts, name(1, "a"), 1, at(2)).await, "रसीद");
    assert_eq!(begun(receipts, name(1, "a"), 2, at(2)).await, "other");
    assert_eq!(begun(receipts, name(1, "A"), 1, at(2)).await, open(2));
    assert_eq!(begun(receipts, name(2, "a"), 2, at(2)).await, open(2));
}

pub(crate) async fn a_request_that_was_begun_is_open_as_of_then_until_it_is_answered(
    site: &dyn Site,
) {
    let Opened { receipts, .. } = site.open().await;
    let receipts = &*receipts;
    for second in [1, 2] {
        assert_eq!(begun(receipts, name(1, "a"), 1, at(second)).await, open(1));
    }
    assert_eq!(begun(receipts, name(1, "a"), 2, at(3)).await, "other");
    receipts.forget(name(1, "a")).await.unwrap();
    receipts.forget(name(1, "a")).await.unwrap();
    assert_eq!(begun(receipts, name(1, "a"), 2, at(4)).await, open(4));
}

pub(crate) async fn the_first_answer_stays(site: &dyn Site) {
    let Opened { receipts, .. } = site.open().await;
    let receipts = &*receipts;
    begun(receipts, name(1, "a"), 1, at(1)).await;
    for answer in ["first", "second"] {
        receipts.finish(kept(name(1, "a"), answer)).await.unwrap();
        assert_eq!(begun(receipts, name(1, "a"), 1, at(2)).await, "first");
    }
}

pub(crate) async fn a_receipt_counts_for_a_day(site: &dyn Site) {
    let Opened { receipts, .. } = site.open().await;
    let receipts = &*receipts;
    begun(receipts, name(1, "a"), 1, at(0)).await;
    receipts.finish(kept(name(1, "a"), "done")).await.unwrap();
    let a_day_later = at(0).plus(RECEIPT_AGE);
    assert_eq!(begun(receipts, name(1, "a"), 1, a_day_later).await, "done");
    let after = a_day_later.plus(Duration::from_millis(1));
    let told = begun(receipts, name(1, "a"), 2, after).await;
    assert_eq!(told, format!("open {after}"));
}

pub(crate) async fn old_receipts_are_forgotten_a_few_at_a_time(site: &dyn Site) {
    let Opened { receipts, .. } = site.open().await;
    let receipts = &*receipts;
    for second in 1..=5 {
        begun(receipts, name(1, &second.to_string()), 1, at(second)).await;
    }
    assert_eq!(receipts.forget_older(at(5), 3).await.unwrap(), 3);
    assert_eq!(receipts.forget_older(at(5), 3).await.unwrap(), 1);
    assert_eq!(receipts.forget_older(at(5), 3).await.unwrap(), 0);
    assert_eq!(begun(receipts, name(1, "5"), 1, at(9)).await, open(5));
    assert_eq!(begun(receipts, name(1, "1"), 1, at(9)).await, open(9));
}

pub(crate) async fn a_node_and_its_answer_are_kept_together_or_not_at_all(site: &dyn Site) {
    let Opened {
        registry, receipts, ..
    } = site.open().await;
    for key in ["a", "b"] {
        begun(&*receipts, name(1, key), 1, at(1)).await;
    }
    let made = receipts.insert_node(spec(1, "one"), kept(name(1, "a"), "made").into());
    made.await.unwrap();
    assert_eq!(begun(&*receipts, name(1, "a"), 1, at(2)).await, "made");
    let taken = receipts.insert_node(spec(2, "one"), kept(name(1, "b"), "made").into());
    assert!(matches!(taken.await, Err(RegistryError::KeyTaken)));
    assert_eq!(begun(&*receipts, name(1, "b"), 1, at(2)).await, open(1));
    // A request that is answered, or was never begun, makes nothing.
    for key in ["a", "c"] {
        let again = receipts.insert_node(spec(3, "three"), kept(name(1, key), "again").into());
        assert!(again.await.is_err());
    }
    assert_eq!(registry.nodes().await.unwrap(), [spec(1, "one")]);
    assert_eq!(begun(&*receipts, name(1, "a"), 1, at(2)).await, "made");
}

pub(crate) async fn a_change_and_its_answer_are_kept_together_or_not_at_all(site: &dyn Site) {
    let Opened {
        registry, receipts, ..
    } = site.open().await;
    registry.insert(spec(1, "one")).await.unwrap();
    let changed = |version: u64| NodeSpec {
        version,
        label: format!("the {version}th"),
        ..spec(1, "one")
    };
    let first = spec(1, "one").version + 1;
    for key in ["a", "b"] {
        begun(&*receipts, name(1, key), 1, at(1)).await;
    }
    let done = receipts.update_node(changed(first), kept(name(1, "a"), "done").into());
    done.await.unwrap();
    assert_eq!(begun(&*receipts, name(1, "a"), 1, at(2)).await, "done");
    let moved = receipts.update_node(changed(first), kept(name(1, "b"), "done").into());
    assert!(matches!(moved.await, Err(RegistryError::VersionMoved)));
    assert_eq!(begun(&*receipts, name(1, "b"), 1, at(2)).await, open(1));
    // A request that is answered, or was never begun, changes nothing.
    for key in ["a", "c"] {
        let again = receipts.update_node(changed(first + 1), kept(name(1, key), "again").into());
        assert!(again.await.is_err());
    }
    assert_eq!(registry.nodes().await.unwrap(), [changed(first)]);
    assert_eq!(begun(&*receipts, name(1, "a"), 1, at(2)).await, "done");
}

pub(crate) async fn a_key_and_its_answer_are_kept_together_or_not_at_all(site: &dyn Site) {
    let Opened {
        registry,
        receipts,
        device_keys,
        ..
    } = site.open().await;
    registry.insert(spec(1, "one")).await.unwrap();
    for key in ["a", "b"] {
        begun(&*receipts, name(1, key), 1, at(1)).await;
    }
    let made = Some(kept(name(1, "a"), "made"));
    device_keys
        .insert_device_key(key(1, 1), None, made.into())
        .await
        .unwrap();
    assert_eq!(begun(&*receipts, name(1, "a"), 1, at(2)).await, "made");
    let nobody =
        device_keys.insert_device_key(key(2, 2), None, Some(kept(name(1, "b"), "made")).into());
    assert!(matches!(nobody.await, Err(DeviceKeysError::NotFound)));
    assert_eq!(begun(&*receipts, name(1, "b"), 1, at(2)).await, open(1));
    let again =
        device_keys.insert_device_key(key(3, 1), None, Some(kept(name(1, "a"), "again")).into());
    assert!(again.await.is_err());
    assert_eq!(device_keys.device_keys().await.unwrap(), [key(1, 1)]);
}

pub(crate) async fn of_two_who_begin_a_request_both_see_the_same_beginning(site: &dyn Site) {
    let Opened { receipts, .. } = site.open().await;
    let (one, two) = tokio::join!(
        begun(&*receipts, name(1, "a"), 1, at(1)),
        begun(&*receipts, name(1, "a"), 1, at(2)),
    );
    assert_eq!(one, two);
}
