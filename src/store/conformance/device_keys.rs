//! Laws of the devices' keys: kept as long as the node and no longer, and never too many.

use evara_actors::domain::Timestamp;
use uuid::Uuid;

use super::fixtures::{at, node, spec};
use super::registry::in_community;
use super::tenants::settled;
use super::{Opened, Site};
use crate::store::{Act, DeviceKey, DeviceKeysError, MAX_DEVICE_KEYS};

pub(crate) fn key(id: u8, owner: u128) -> DeviceKey {
    DeviceKey {
        id: Uuid::from_u128(id.into()),
        node: node(owner),
        name: (id % 2 == 1).then(|| "पंप घर № 7".to_owned()),
        digest: [id; 32],
        created_at: at(id.into()),
        last_used_at: None,
    }
}

pub(crate) async fn a_key_is_kept_whole_until_it_is_revoked(site: &dyn Site) {
    {
        let Opened {
            registry,
            device_keys,
            ..
        } = site.open().await;
        registry.insert(spec(1, "one")).await.unwrap();
        registry.insert(spec(2, "two")).await.unwrap();
        for key in [key(2, 2), key(1, 1), key(3, 1)] {
            device_keys
                .insert_device_key(key, None, Act::default())
                .await
                .unwrap();
        }
    }
    let Opened { device_keys, .. } = site.open().await;
    let known = device_keys.device_keys().await.unwrap();
    assert_eq!(known, [key(1, 1), key(2, 2), key(3, 1)]);
    let foreign = device_keys
        .remove_device_key(node(2), key(1, 1).id, Act::default())
        .await;
    assert!(matches!(foreign, Err(DeviceKeysError::NotFound)));
    device_keys
        .remove_device_key(node(1), key(1, 1).id, Act::default())
        .await
        .unwrap();
    let again = device_keys
        .remove_device_key(node(1), key(1, 1).id, Act::default())
        .await;
    assert!(matches!(again, Err(DeviceKeysError::NotFound)));
    let known = device_keys.device_keys().await.unwrap();
    assert_eq!(known, [key(2, 2), key(3, 1)]);
}

pub(crate) async fn a_device_key_needs_a_node_and_goes_with_it(site: &dyn Site) {
    let Opened {
        registry,
        device_keys,
        ..
    } = site.open().await;
    let refused = device_keys
        .insert_device_key(key(1, 1), None, Act::default())
        .await;
    assert!(matches!(refused, Err(DeviceKeysError::NotFound)));
    registry.insert(spec(1, "one")).await.unwrap();
    device_keys
        .insert_device_key(key(1, 1), None, Act::default())
        .await
        .unwrap();
    registry.remove(node(1)).await.unwrap();
    registry.insert(spec(1, "one")).await.unwrap();
    assert!(device_keys.device_keys().await.unwrap().is_empty());
}

pub(crate) async fn a_node_has_no_more_keys_than_the_limit(site: &dyn Site) {
    let Opened {
        registry,
        device_keys,
        ..
    } = site.open().await;
    registry.insert(spec(1, "one")).await.unwrap();
    registry.insert(spec(2, "two")).await.unwrap();
    let most = u8::try_from(MAX_DEVICE_KEYS).unwrap();
    for id in 1..=most {
        device_keys
            .insert_device_key(key(id, 1), None, Act::default())
            .await
            .unwrap();
    }
    let refused = device_keys
        .insert_device_key(key(most + 1, 1), None, Act::default())
        .await;
    assert!(matches!(refused, Err(DeviceKeysError::Full)));
    device_keys
        .insert_device_key(key(most + 2, 2), None, Act::default())
        .await
        .unwrap();
    device_keys
        .remove_device_key(node(1), key(1, 1).id, Act::default())
        .await
        .unwrap();
    device_keys
        .insert_device_key(key(most + 1, 1), None, Act::default())
        .await
        .unwrap();
}

pub(crate) async fn the_use_of_a_key_never_moves_back(site: &dyn Site) {
    let Opened {
        registry,
        device_keys,
        ..
    } = site.open().await;
    registry.insert(spec(1, "one")).await.unwrap();
    device_keys
        .insert_device_key(key(1, 1), None, Act::default())
        .await
        .unwrap();
    let used = async |second: i64| -> Option<Timestamp> {
        let uses = vec![(Uuid::from_u128(99), at(1)), (key(1, 1).id, at(second))];
        device_keys.touch_device_keys(uses).await.unwrap();
        device_keys.device_keys().await.unwrap()[0].last_used_at
    };
    assert_eq!(used(5).await, Some(at(5)));
    assert_eq!(used(4).await, Some(at(5)));
    assert_eq!(used(6).await, Some(at(6)));
}

pub(crate) async fn the_keys_of_a_node_stay_behind_when_it_goes_to_another_community(
    site: &dyn Site,
) {
    let Opened {
        registry,
        tenants,
        device_keys,
        ..
    } = site.open().await;
    settled(&*tenants, &[1, 2]).await;
    let mut moving = in_community(spec(1, "one"), 1);
    registry.insert(moving.clone()).await.unwrap();
    registry.insert(spec(2, "two")).await.unwrap();
    for (key, community) in [(key(1, 1), 1), (key(2, 2), 0), (key(3, 1), 1)] {
        let community = (community > 0).then(|| Uuid::from_u128(community));
        let added = device_keys.insert_device_key(key, community, Act::default());
        added.await.unwrap();
    }
    let known = async || {
        let keys = device_keys.device_keys().await.unwrap();
        keys.iter().map(|key| key.id.as_u128()).collect::<Vec<_>>()
    };
    moving.version += 1;
    moving.label = "another".to_owned();
    registry.update(moving.clone()).await.unwrap();
    assert_eq!(known().await, [1, 2, 3]);
    // A move that does not happen takes nothing along.
    let stale = in_community(moving.clone(), 2);
    assert!(registry.update(stale).await.is_err());
    assert_eq!(known().await, [1, 2, 3]);
    moving.version += 1;
    registry.update(in_community(moving, 2)).await.unwrap();
    assert_eq!(known().await, [2]);
}

pub(crate) async fn a_key_that_is_made_while_its_node_goes_to_another_community_does_not_go_along(
    site: &dyn Site,
) {
    let Opened {
        registry,
        tenants,
        device_keys,
        ..
    } = site.open().await;
    settled(&*tenants, &[1, 2]).await;
    let [one, two] = [1, 2].map(|id| Some(Uuid::from_u128(id)));
    let mut moving = in_community(spec(1, "one"), 1);
    registry.insert(moving.clone()).await.unwrap();
    for id in 1..=20 {
        let (from, to) = if id % 2 == 1 { (one, two) } else { (two, one) };
        moving.version += 1;
        moving.community_id = to;
        let (made, moved) = tokio::join!(
            device_keys.insert_device_key(key(id, 1), from, Act::default()),
            registry.update(moving.clone()),
        );
        moved.unwrap();
        assert!(
            matches!(made, Ok(()) | Err(DeviceKeysError::Moved)),
            "{made:?}"
        );
        let left = device_keys.device_keys().await.unwrap();
        assert!(left.is_empty(), "{id}: {left:?}");
    }
    let late = device_keys.insert_device_key(key(21, 1), two, Act::default());
    assert!(matches!(late.await, Err(DeviceKeysError::Moved)));
    let theirs = device_keys.insert_device_key(key(21, 1), one, Act::default());
    theirs.await.unwrap();
}
