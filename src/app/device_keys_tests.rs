//! What opens while the store is away, and after it is back.

use std::sync::Mutex as Lock;
use std::sync::atomic::AtomicBool;

use evara_actors::ports::BoxFuture;
use evara_actors::testing::VirtualClock;
use secrecy::ExposeSecret as _;

use super::*;

/// A store that loses keys when it is told to, and may be away.
#[derive(Debug, Default)]
struct Shelf {
    keys: Lock<Vec<DeviceKey>>,
    is_away: AtomicBool,
}

impl DeviceKeys for Shelf {
    fn device_keys(&self) -> BoxFuture<'_, Result<Vec<DeviceKey>, DeviceKeysError>> {
        let answer = match self.is_away.load(Ordering::Relaxed) {
            true => Err(DeviceKeysError::Unavailable("away".into())),
            false => Ok(self.keys.lock().unwrap().clone()),
        };
        Box::pin(async { answer })
    }

    fn insert_device_key(
        &self,
        key: DeviceKey,
        _: Option<Uuid>,
        _: Act,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        self.keys.lock().unwrap().push(key);
        Box::pin(async { Ok(()) })
    }

    fn remove_device_key(
        &self,
        _: NodeId,
        id: Uuid,
        _: Act,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        self.keys.lock().unwrap().retain(|key| key.id != id);
        Box::pin(async { Ok(()) })
    }

    fn touch_device_keys(
        &self,
        _: Vec<(Uuid, Timestamp)>,
    ) -> BoxFuture<'_, Result<(), DeviceKeysError>> {
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn base64_is_as_in_its_rfc() {
    for (plain, coded) in [
        ("", ""),
        ("f", "Zg"),
        ("fo", "Zm8"),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg"),
    ] {
        assert_eq!(base64url(plain.as_bytes()), coded);
    }
    assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
}

#[tokio::test]
async fn keys_of_a_node_that_changed_open_only_if_the_store_still_has_them() {
    let store = Arc::new(Shelf::default());
    let keyring = DeviceKeyring::new(store.clone(), Arc::new(VirtualClock::default()));
    let [moved, other] = [1, 2].map(|number| NodeId(Uuid::from_u128(number)));
    let mut texts = Vec::new();
    for node in [moved, moved, other] {
        let NewKey { key, secret } = keyring.make(node, None).unwrap();
        texts.push(secret);
        keyring.add(key, None, Act::default()).await.unwrap();
    }
    let open = || {
        let bytes = texts.iter().map(|it| it.expose_secret().as_bytes());
        bytes
            .map(|it| keyring.bearer(it).is_some())
            .collect::<Vec<_>>()
    };
    // One was made after the node had moved.
    store.keys.lock().unwrap().remove(0);
    store.is_away.store(true, Ordering::Relaxed);
    keyring.settle(moved).await;
    assert_eq!(open(), [false, false, true]);
    assert!(keyring.settle_rest().await.is_err());
    store.is_away.store(false, Ordering::Relaxed);
    keyring.settle(other).await;
    assert_eq!(open(), [false, false, false], "until the next round");
    keyring.settle_rest().await.unwrap();
    assert_eq!(open(), [false, true, true]);
    assert_eq!(keyring.of_node(moved).len(), 1);
    store.keys.lock().unwrap().remove(0);
    keyring.settle(moved).await;
    assert_eq!(open(), [false, false, true]);
}
