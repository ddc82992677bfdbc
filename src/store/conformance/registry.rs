//! Laws of the registry: one key a community, one writer a version, and history that outlives its node.

use evara_actors::domain::{Maintenance, NodeSpec, Position, Revision};
use evara_actors::ports::{Registry, RegistryError};
use uuid::Uuid;

use super::fixtures::{at, binding, everything, full_batch, node, spec};
use super::tenants::{customer, settled};
use super::{Opened, Site};
use crate::access::Tenant;
use crate::store::Act;

pub(crate) fn in_community(spec: NodeSpec, community: u128) -> NodeSpec {
    NodeSpec {
        community_id: Some(Uuid::from_u128(community)),
        ..spec
    }
}

async fn keys(registry: &dyn Registry) -> Vec<String> {
    let nodes = registry.nodes().await.unwrap();
    nodes.into_iter().map(|spec| spec.key).collect()
}

pub(crate) async fn nodes_come_in_the_order_of_creation_and_whole(site: &dyn Site) {
    let mut rich = in_community(spec(1, "टंकी-7"), 9);
    rich.created_at = at(50);
    rich.channel = Some(binding(u64::MAX >> 1));
    rich.customer_id = Some(Uuid::from_u128(8));
    rich.position = Some(Position {
        lat: -89.5,
        lng: 180.0,
    });
    rich.maintenance = Some(Maintenance {
        until: at(99),
        reason: "\"Pumpe\" \\ 🛠".to_owned(),
    });
    let mut early = spec(3, "early");
    early.created_at = at(-50);
    {
        let Opened {
            registry, tenants, ..
        } = site.open().await;
        settled(&*tenants, &[9]).await;
        let owner = Tenant::Customer(customer(8, 9));
        tenants.insert_tenant(owner, Act::default()).await.unwrap();
        assert!(registry.nodes().await.unwrap().is_empty());
        for spec in [rich.clone(), spec(2, "middle"), early.clone()] {
            registry.insert(spec).await.unwrap();
        }
    }
    let Opened { registry, .. } = site.open().await;
    let nodes = registry.nodes().await.unwrap();
    assert_eq!(nodes, [early, spec(2, "middle"), rich]);
    for spec in nodes {
        assert_eq!(registry.node(spec.id).await.unwrap(), Some(spec));
    }
    assert_eq!(registry.node(node(4)).await.unwrap(), None);
}

pub(crate) async fn a_key_is_taken_once_in_a_community(site: &dyn Site) {
    let Opened {
        registry, tenants, ..
    } = site.open().await;
    settled(&*tenants, &[1, 2]).await;
    let oht = |id| spec(id, "oht-7");
    registry.insert(oht(1)).await.unwrap();
    registry.insert(in_community(oht(2), 1)).await.unwrap();
    registry.insert(in_community(oht(3), 2)).await.unwrap();
    for taken in [oht(4), in_community(oht(5), 1), in_community(oht(6), 2)] {
        let refused = registry.insert(taken).await;
        assert!(matches!(refused, Err(RegistryError::KeyTaken)));
    }
    registry.insert(spec(7, "OHT-7")).await.unwrap();
    assert_eq!(keys(&*registry).await.len(), 4);
}

pub(crate) async fn an_id_is_taken_once(site: &dyn Site) {
    let Opened { registry, .. } = site.open().await;
    registry.insert(spec(1, "first")).await.unwrap();
    for key in ["first", "second"] {
        let refused = registry.insert(spec(1, key)).await;
        assert!(matches!(refused, Err(RegistryError::VersionMoved)), "{key}");
    }
    assert_eq!(keys(&*registry).await, ["first"]);
}

pub(crate) async fn an_update_replaces_the_version_before_it_only(site: &dyn Site) {
    let Opened { registry, .. } = site.open().await;
    registry.insert(spec(1, "oht-7")).await.unwrap();
    let mut next = spec(1, "oht-8");
    next.version = 2;
    registry.update(next.clone()).await.unwrap();
    assert_eq!(registry.nodes().await.unwrap(), [next.clone()]);
    for version in [0, 1, 2, 4, u64::MAX] {
        let stale = NodeSpec {
            version,
            ..spec(1, "stale")
        };
        let refused = registry.update(stale).await;
        assert!(
            matches!(refused, Err(RegistryError::VersionMoved)),
            "{version}"
        );
    }
    assert_eq!(registry.nodes().await.unwrap(), [next]);
}

pub(crate) async fn an_update_cannot_take_the_key_of_another(site: &dyn Site) {
    let Opened {
        registry, tenants, ..
    } = site.open().await;
    settled(&*tenants, &[1]).await;
    registry.insert(spec(1, "one")).await.unwrap();
    registry
        .insert(in_community(spec(2, "one"), 1))
        .await
        .unwrap();
    let mut moved = spec(2, "one");
    moved.version = 2;
    let refused = registry.update(moved).await;
    assert!(matches!(refused, Err(RegistryError::KeyTaken)));
    let nodes = registry.nodes().await.unwrap();
    assert_eq!(nodes, [spec(1, "one"), in_community(spec(2, "one"), 1)]);
}

pub(crate) async fn what_is_not_there_is_neither_changed_nor_removed(site: &dyn Site) {
    let Opened { registry, .. } = site.open().await;
    let update = registry.update(spec(1, "oht-7")).await;
    assert!(matches!(update, Err(RegistryError::NotFound)));
    let remove = registry.remove(node(1)).await;
    assert!(matches!(remove, Err(RegistryError::NotFound)));
}

pub(crate) async fn a_removed_node_leaves_its_history_and_no_twin(site: &dyn Site) {
    let Opened {
        archive, registry, ..
    } = site.open().await;
    registry.insert(spec(1, "oht-7")).await.unwrap();
    archive.commit(full_batch(node(1))).await.unwrap();
    registry.remove(node(1)).await.unwrap();
    assert!(keys(&*registry).await.is_empty());
    let points = archive.telemetry(node(1), everything()).await.unwrap();
    assert_eq!(points.len(), 2);
    let log = archive
        .changes(node(1), Revision::ZERO, u32::MAX)
        .await
        .unwrap();
    assert_eq!(log.len(), 3);
    // What was on its way when the node was removed arrives after it.
    archive.commit(full_batch(node(1))).await.unwrap();
    assert!(archive.load().await.unwrap().twins.is_empty());
    registry.insert(spec(2, "oht-7")).await.unwrap();
}

pub(crate) async fn a_node_that_is_added_again_brings_its_twin_back(site: &dyn Site) {
    let Opened {
        archive, registry, ..
    } = site.open().await;
    registry.insert(spec(1, "oht-7")).await.unwrap();
    archive.commit(full_batch(node(1))).await.unwrap();
    registry.remove(node(1)).await.unwrap();
    registry.insert(spec(1, "oht-7")).await.unwrap();
    let saved = archive.load().await.unwrap();
    assert_eq!(saved.twins[&node(1)].tail.len(), 1);
}

pub(crate) async fn of_two_writers_of_one_version_one_wins(site: &dyn Site) {
    let Opened { registry, .. } = site.open().await;
    registry.insert(spec(1, "oht-7")).await.unwrap();
    let write = |label: &str| {
        let mut next = spec(1, "oht-7");
        next.version = 2;
        next.label = label.to_owned();
        registry.update(next)
    };
    let (one, two) = tokio::join!(write("one"), write("two"));
    assert!(one.is_ok() != two.is_ok());
    let label = if one.is_ok() { "one" } else { "two" };
    assert_eq!(registry.nodes().await.unwrap()[0].label, label);
}
