//! Laws of the channels' keys: kept as long as the node and its channel, and no longer.

use evara_actors::domain::{ChannelId, NodeId, NodeSpec};
use secrecy::{ExposeSecret as _, SecretString};

use super::fixtures::{binding, node, spec};
use super::{Opened, Site};
use crate::store::{ChannelSecrets, ReadKey, SecretsError};

fn reading(id: u128, channel: u64) -> NodeSpec {
    NodeSpec {
        channel: Some(binding(channel)),
        ..spec(id, &format!("node-{id}"))
    }
}

async fn set(secrets: &dyn ChannelSecrets, channel: u64, id: u128, key: &str) {
    let key = SecretString::from(key);
    secrets
        .set_read_key(ChannelId(channel), node(id), &key)
        .await
        .unwrap();
}

async fn known(secrets: &dyn ChannelSecrets) -> Vec<(u64, NodeId, String)> {
    let keys = secrets.read_keys().await.unwrap();
    let plain = |it: ReadKey| (it.channel.0, it.node, it.key.expose_secret().into());
    keys.into_iter().map(plain).collect()
}

pub(crate) async fn a_read_key_is_kept_for_its_channel_until_replaced(site: &dyn Site) {
    {
        let Opened {
            registry, secrets, ..
        } = site.open().await;
        registry.insert(reading(1, 5)).await.unwrap();
        assert!(!secrets.has_read_key(node(1)).await.unwrap());
        set(&*secrets, 5, 1, "ABCDEFGH12345678").await;
        set(&*secrets, 5, 1, "schlüssel").await;
    }
    let Opened { secrets, .. } = site.open().await;
    assert!(secrets.has_read_key(node(1)).await.unwrap());
    assert_eq!(
        known(&*secrets).await,
        [(5, node(1), "schlüssel".to_owned())]
    );
    secrets.remove_read_key(node(1)).await.unwrap();
    secrets.remove_read_key(node(1)).await.unwrap();
    assert!(!secrets.has_read_key(node(1)).await.unwrap());
    assert!(known(&*secrets).await.is_empty());
}

pub(crate) async fn nodes_may_have_keys_of_their_own_for_one_channel(site: &dyn Site) {
    let Opened {
        registry, secrets, ..
    } = site.open().await;
    for (id, channel, key) in [(1, 7, "c"), (2, 5, "a"), (3, 5, "b")] {
        registry.insert(reading(id, channel)).await.unwrap();
        set(&*secrets, channel, id, key).await;
    }
    let expected = [(5, 2, "a"), (5, 3, "b"), (7, 1, "c")];
    let expected = expected.map(|(channel, id, key)| (channel, node(id), key.to_owned()));
    assert_eq!(known(&*secrets).await, expected);
}

pub(crate) async fn a_key_needs_a_node(site: &dyn Site) {
    let Opened { secrets, .. } = site.open().await;
    let key = SecretString::from("K");
    let refused = secrets.set_read_key(ChannelId(5), node(1), &key).await;
    assert!(matches!(refused, Err(SecretsError::NotFound)));
}

pub(crate) async fn a_key_is_forgotten_with_its_node(site: &dyn Site) {
    let Opened {
        registry, secrets, ..
    } = site.open().await;
    registry.insert(reading(1, 5)).await.unwrap();
    set(&*secrets, 5, 1, "K").await;
    registry.remove(node(1)).await.unwrap();
    assert!(known(&*secrets).await.is_empty());
    registry.insert(reading(1, 5)).await.unwrap();
    assert!(!secrets.has_read_key(node(1)).await.unwrap());
}

pub(crate) async fn a_key_is_forgotten_with_its_channel(site: &dyn Site) {
    let Opened {
        registry, secrets, ..
    } = site.open().await;
    registry.insert(reading(1, 5)).await.unwrap();
    set(&*secrets, 5, 1, "K").await;
    let version = |version, channel| NodeSpec {
        version,
        channel,
        ..reading(1, 5)
    };
    registry.update(version(2, Some(binding(5)))).await.unwrap();
    assert_eq!(known(&*secrets).await.len(), 1);
    registry.update(version(3, Some(binding(6)))).await.unwrap();
    assert!(known(&*secrets).await.is_empty());
    set(&*secrets, 6, 1, "L").await;
    registry.update(version(4, None)).await.unwrap();
    assert!(known(&*secrets).await.is_empty());
}
