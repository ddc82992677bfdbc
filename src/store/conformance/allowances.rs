//! Laws of plans: no community has more nodes than its own allows, however many come at once.

use std::sync::Arc;

use evara_actors::domain::NodeSpec;
use evara_actors::ports::{Registry, RegistryError};
use uuid::Uuid;

use super::audit::nothing;
use super::fixtures::spec;
use super::registry::in_community;
use super::tenants::{community, plan, settled};
use super::{Opened, Site};
use crate::access::{Community, Plan, PlanLimits, Tenant};
use crate::store::Tenants;

/// Communities 2 and 3, of which the first is under a plan of three nodes and the other under none.
async fn housed(tenants: &dyn Tenants) {
    settled(tenants, &[3]).await;
    let three = Plan {
        limits: PlanLimits {
            nodes: Some(3),
            ..PlanLimits::default()
        },
        ..plan(5, "three \u{0}")
    };
    let planned = Community {
        plan: Some(three.id),
        ..community(2, 1)
    };
    for tenant in [Tenant::Plan(three), Tenant::Community(planned)] {
        tenants.insert_tenant(tenant, nothing()).await.unwrap();
    }
}

/// Fills community 2.
async fn filled(registry: &dyn Registry) {
    for id in 10..13 {
        let node = in_community(spec(id, &format!("node {id}")), 2);
        registry.insert(node).await.unwrap();
    }
}

pub(crate) async fn who_comes_to_a_full_community_is_told_first_that_the_node_is_gone_or_was_changed(
    site: &dyn Site,
) {
    let Opened {
        tenants, registry, ..
    } = site.open().await;
    housed(&*tenants).await;
    filled(&*registry).await;
    let coming = in_community(spec(1, "coming"), 3);
    registry.insert(coming.clone()).await.unwrap();
    let to_full = |id: u128, version| NodeSpec {
        version,
        ..in_community(spec(id, "coming"), 2)
    };
    let missing = registry.update(to_full(2, 2)).await;
    assert!(
        matches!(missing, Err(RegistryError::NotFound)),
        "{missing:?}"
    );
    for version in [1, 3] {
        let stale = registry.update(to_full(1, version)).await;
        assert!(
            matches!(stale, Err(RegistryError::VersionMoved)),
            "{stale:?}"
        );
    }
    assert!(is_full(&registry.update(to_full(1, 2)).await));
    let nodes = registry.nodes().await.unwrap();
    assert!(nodes.contains(&coming), "{nodes:?}");
}

fn is_full(outcome: &Result<(), RegistryError>) -> bool {
    let Err(RegistryError::NoRoom { plan, nodes }) = outcome else {
        return false;
    };
    (plan.as_str(), *nodes) == ("three \u{0}", 3)
}

pub(crate) async fn of_nodes_that_come_at_once_as_many_are_taken_as_the_plan_allows(
    site: &dyn Site,
) {
    let Opened {
        tenants, registry, ..
    } = site.open().await;
    housed(&*tenants).await;
    let elsewhere = in_community(spec(1, "moving"), 3);
    registry.insert(elsewhere.clone()).await.unwrap();
    let mut coming = tokio::task::JoinSet::new();
    for id in 10..20 {
        let registry = Arc::clone(&registry);
        let node = in_community(spec(id, &format!("node {id}")), 2);
        coming.spawn(async move { registry.insert(node).await });
    }
    let moving = NodeSpec {
        version: 2,
        ..in_community(elsewhere, 2)
    };
    let mover = Arc::clone(&registry);
    coming.spawn(async move { mover.update(moving).await });
    let came = coming.join_all().await;
    let taken = came.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = came.iter().filter(|outcome| is_full(outcome)).count();
    assert_eq!((taken, refused), (3, 8), "{came:?}");
    let nodes = registry.nodes().await.unwrap().into_iter();
    let there = nodes.filter(|node| node.community_id == Some(Uuid::from_u128(2)));
    let mut there: Vec<NodeSpec> = there.collect();
    assert_eq!(there.len(), 3);
    // Who is there is changed, also where there is no room; who leaves makes some.
    let mut one = there.remove(0);
    for (community, label) in [(2, "another"), (3, "elsewhere")] {
        let version = one.version + 1;
        let label = label.to_owned();
        one = in_community(
            NodeSpec {
                version,
                label,
                ..one
            },
            community,
        );
        registry.update(one.clone()).await.unwrap();
    }
    let last = in_community(spec(30, "the last"), 2);
    registry.insert(last).await.unwrap();
    let more = in_community(spec(31, "one more"), 2);
    assert!(is_full(&registry.insert(more).await));
}
