//! Laws of the tenants: the forest comes back as it was put in, and nothing in it is ever orphaned.

use evara_actors::domain::NodeSpec;
use evara_actors::ports::RegistryError;
use uuid::Uuid;

use super::audit::nothing;
use super::fixtures::{at, node, spec};
use super::receipts::{begun, kept, name, open};
use super::registry::in_community;
use super::{Opened, Site};
use crate::access::{
    Community, CommunityId, Customer, CustomerId, Distributor, DistributorId, Forest, Plan, PlanId,
    PlanLimits, Tenant, TenantId,
};
use crate::store::{Tenants, TenantsError};

pub(crate) fn distributor(id: u128) -> Distributor {
    Distributor {
        id: DistributorId(Uuid::from_u128(id)),
        name: "जल वितरक \u{0}\u{e000} 'x'".to_owned(),
        created_at: at(1),
        version: 1,
    }
}

pub(crate) fn community(id: u128, distributor: u128) -> Community {
    Community {
        id: CommunityId(Uuid::from_u128(id)),
        distributor: DistributorId(Uuid::from_u128(distributor)),
        region: "north:\u{0}".to_owned(),
        plan: None,
        name: "\u{202e}गाँव\u{0}".to_owned(),
        time_zone: "Asia/Kolkata".to_owned(),
        created_at: at(2),
        version: 1,
    }
}

pub(crate) fn customer(id: u128, community: u128) -> Customer {
    Customer {
        id: CustomerId(Uuid::from_u128(id)),
        community: CommunityId(Uuid::from_u128(community)),
        name: "💧".to_owned(),
        created_at: at(3),
        version: 1,
    }
}

pub(crate) fn plan(id: u128, name: &str) -> Plan {
    Plan {
        id: PlanId(Uuid::from_u128(id)),
        name: name.to_owned(),
        limits: PlanLimits {
            nodes: Some(0),
            audit_days: Some(365),
            sockets: Some(1_000_000),
            ..PlanLimits::default()
        },
        created_at: at(4),
        version: 1,
    }
}

/// Distributor 1 and these communities of it.
pub(crate) async fn settled(tenants: &dyn Tenants, communities: &[u128]) {
    let communities = communities.iter().map(|id| community(*id, 1));
    let all = [Tenant::Distributor(distributor(1))].into_iter();
    for tenant in all.chain(communities.map(Tenant::Community)) {
        tenants.insert_tenant(tenant, nothing()).await.unwrap();
    }
}

async fn of_people(tenants: &dyn Tenants) -> Forest {
    let mut forest = tenants.forest().await.unwrap();
    forest.plans.retain(|_, plan| plan.created_at == at(4));
    forest
}

async fn removed(tenants: &dyn Tenants, id: TenantId, version: u64) -> &'static str {
    word(tenants.remove_tenant(id, version, nothing()).await)
}

/// The outcome in a word.
fn word(outcome: Result<(), TenantsError>) -> &'static str {
    match outcome {
        Ok(()) => "done",
        Err(TenantsError::NotFound) => "not found",
        Err(TenantsError::VersionMoved) => "moved",
        Err(TenantsError::NameTaken) => "taken",
        Err(TenantsError::NoParent) => "no parent",
        Err(TenantsError::StillUsed) => "used",
        Err(TenantsError::HasPeople) => "people",
        Err(TenantsError::Unavailable(error)) => panic!("{error:?}"),
    }
}

pub(crate) async fn a_store_begins_with_three_plans_and_nobody(site: &dyn Site) {
    let Opened { tenants, .. } = site.open().await;
    let forest = tenants.forest().await.unwrap();
    let mut plans: Vec<_> = forest.plans.values().collect();
    plans.sort_by_key(|plan| plan.limits.nodes);
    let told = plans.iter().map(|plan| {
        let PlanLimits {
            nodes,
            raw_days,
            alarm_days,
            audit_days,
            requests_per_minute,
            sockets,
        } = plan.limits;
        let kept = [raw_days, alarm_days, audit_days].map(Option::unwrap);
        let used = [nodes, requests_per_minute, sockets].map(Option::unwrap);
        (plan.name.as_str(), kept, used)
    });
    let expected = [
        ("base", [30, 90, 365], [50, 100, 5]),
        ("plus", [90, 365, 365], [500, 300, 20]),
        ("pro", [365, 1095, 1095], [5000, 1000, 100]),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert!(forest.distributors.is_empty() && forest.communities.is_empty());
}

pub(crate) async fn a_forest_comes_back_whole(site: &dyn Site) {
    let mut forest = Forest::default();
    {
        let Opened { tenants, .. } = site.open().await;
        let planned = Community {
            plan: Some(PlanId(Uuid::from_u128(5))),
            region: String::new(),
            ..community(3, 1)
        };
        for tenant in [
            Tenant::Plan(plan(5, "tailored")),
            Tenant::Distributor(distributor(1)),
            Tenant::Community(community(2, 1)),
            Tenant::Community(planned),
            Tenant::Customer(customer(4, 3)),
        ] {
            tenants
                .insert_tenant(tenant.clone(), nothing())
                .await
                .unwrap();
            forest.put(tenant);
        }
    }
    let Opened { tenants, .. } = site.open().await;
    assert_eq!(of_people(&*tenants).await, forest);
    for id in [
        TenantId::Customer(CustomerId(Uuid::from_u128(4))),
        TenantId::Community(CommunityId(Uuid::from_u128(3))),
        TenantId::Plan(PlanId(Uuid::from_u128(5))),
    ] {
        tenants.remove_tenant(id, 1, nothing()).await.unwrap();
        forest.take(id);
        assert_eq!(of_people(&*tenants).await, forest);
    }
}

pub(crate) async fn a_tenant_hangs_on_what_is_there(site: &dyn Site) {
    let Opened { tenants, .. } = site.open().await;
    settled(&*tenants, &[1]).await;
    let unplanned = Community {
        plan: Some(PlanId(Uuid::from_u128(9))),
        ..community(3, 1)
    };
    for tenant in [
        Tenant::Community(community(2, 9)),
        Tenant::Community(unplanned),
        Tenant::Customer(customer(2, 9)),
    ] {
        let refused = tenants.insert_tenant(tenant, nothing()).await;
        assert_eq!(word(refused), "no parent");
    }
    let astray = Community {
        version: 2,
        ..community(1, 9)
    };
    let refused = tenants
        .update_tenant(Tenant::Community(astray), nothing())
        .await;
    assert_eq!(word(refused), "no parent");
    assert_eq!(of_people(&*tenants).await.communities.len(), 1);
}

pub(crate) async fn a_change_replaces_the_version_before_it_only(site: &dyn Site) {
    let Opened { tenants, .. } = site.open().await;
    settled(&*tenants, &[2]).await;
    let again = tenants.insert_tenant(Tenant::Distributor(distributor(1)), nothing());
    assert_eq!(word(again.await), "moved");
    let version = |version| {
        Tenant::Community(Community {
            version,
            name: format!("at {version}"),
            ..community(2, 1)
        })
    };
    assert_eq!(
        word(tenants.update_tenant(version(2), nothing()).await),
        "done"
    );
    for stale in [1, 2, 4] {
        assert_eq!(
            word(tenants.update_tenant(version(stale), nothing()).await),
            "moved"
        );
    }
    let id = version(2).id();
    assert_eq!(removed(&*tenants, id, 1).await, "moved");
    assert_eq!(of_people(&*tenants).await.get(id), Some(version(2)));
    assert_eq!(removed(&*tenants, id, 2).await, "done");
    assert_eq!(removed(&*tenants, id, 2).await, "not found");
    assert_eq!(
        word(tenants.update_tenant(version(3), nothing()).await),
        "not found"
    );
}

pub(crate) async fn a_plan_has_a_name_of_its_own(site: &dyn Site) {
    let Opened { tenants, .. } = site.open().await;
    let taken = tenants.insert_tenant(Tenant::Plan(plan(1, "base")), nothing());
    assert_eq!(word(taken.await), "taken");
    let own = tenants.insert_tenant(Tenant::Plan(plan(1, "Base")), nothing());
    assert_eq!(word(own.await), "done");
    let renamed = Plan {
        version: 2,
        ..plan(1, "pro")
    };
    let taken = tenants
        .update_tenant(Tenant::Plan(renamed), nothing())
        .await;
    assert_eq!(word(taken), "taken");
}

pub(crate) async fn what_something_hangs_on_stays(site: &dyn Site) {
    let Opened { tenants, .. } = site.open().await;
    settled(&*tenants, &[1]).await;
    let tailored = PlanId(Uuid::from_u128(5));
    let planned = Community {
        plan: Some(tailored),
        ..community(2, 1)
    };
    for tenant in [
        Tenant::Plan(plan(5, "tailored")),
        Tenant::Community(planned),
        Tenant::Customer(customer(3, 1)),
    ] {
        tenants.insert_tenant(tenant, nothing()).await.unwrap();
    }
    for used in [
        TenantId::Distributor(distributor(1).id),
        TenantId::Community(community(1, 1).id),
        TenantId::Plan(tailored),
    ] {
        assert_eq!(removed(&*tenants, used, 1).await, "used");
    }
}

fn of_customer(spec: NodeSpec, customer: u128) -> NodeSpec {
    NodeSpec {
        customer_id: Some(Uuid::from_u128(customer)),
        ..spec
    }
}

pub(crate) async fn a_node_belongs_to_what_is_there_and_keeps_it_there(site: &dyn Site) {
    let Opened {
        tenants, registry, ..
    } = site.open().await;
    settled(&*tenants, &[1, 2]).await;
    for id in [7, 0xabcd] {
        let customer = Tenant::Customer(customer(id, 1));
        tenants.insert_tenant(customer, nothing()).await.unwrap();
    }
    let one = || spec(1, "one");
    for astray in [
        in_community(one(), 9),
        of_customer(in_community(one(), 1), 9),
        of_customer(in_community(one(), 2), 7),
        of_customer(one(), 7),
    ] {
        let refused = registry.insert(astray).await;
        assert!(
            matches!(refused, Err(RegistryError::NoTenant)),
            "{refused:?}"
        );
    }
    let whole = of_customer(in_community(one(), 1), 0xabcd);
    registry.insert(whole.clone()).await.unwrap();
    let moved = NodeSpec {
        version: 2,
        ..in_community(whole.clone(), 2)
    };
    let refused = registry.update(moved).await;
    assert!(
        matches!(refused, Err(RegistryError::NoTenant)),
        "{refused:?}"
    );
    let community = TenantId::Community(community(1, 1).id);
    let [idle, owner] = [7, 0xabcd].map(|id| TenantId::Customer(customer(id, 1).id));
    assert_eq!(removed(&*tenants, owner, 1).await, "used");
    assert_eq!(removed(&*tenants, idle, 1).await, "done");
    let alone = NodeSpec {
        version: 2,
        customer_id: None,
        ..whole
    };
    registry.update(alone).await.unwrap();
    assert_eq!(removed(&*tenants, owner, 1).await, "done");
    assert_eq!(removed(&*tenants, community, 1).await, "used");
    registry.remove(node(1)).await.unwrap();
    assert_eq!(removed(&*tenants, community, 1).await, "done");
}

pub(crate) async fn a_customer_moves_without_nodes_only(site: &dyn Site) {
    let Opened {
        tenants, registry, ..
    } = site.open().await;
    settled(&*tenants, &[1, 2]).await;
    let owner = Tenant::Customer(customer(7, 1));
    tenants.insert_tenant(owner, nothing()).await.unwrap();
    let owned = of_customer(in_community(spec(1, "one"), 1), 7);
    registry.insert(owned).await.unwrap();
    let moved = || Customer {
        version: 2,
        ..customer(7, 2)
    };
    let refused = tenants
        .update_tenant(Tenant::Customer(moved()), nothing())
        .await;
    assert_eq!(word(refused), "used");
    registry.remove(node(1)).await.unwrap();
    let done = tenants
        .update_tenant(Tenant::Customer(moved()), nothing())
        .await;
    assert_eq!(word(done), "done");
}

pub(crate) async fn of_two_who_add_below_and_remove_one_wins(site: &dyn Site) {
    let Opened {
        tenants, registry, ..
    } = site.open().await;
    settled(&*tenants, &[1]).await;
    for round in 10..20 {
        let place = Tenant::Community(community(round, 1));
        let id = place.id();
        tenants.insert_tenant(place, nothing()).await.unwrap();
        let below = Tenant::Customer(customer(round + 100, round));
        let (added, removed) = tokio::join!(
            async {
                if round % 2 == 0 {
                    tenants.insert_tenant(below, nothing()).await.is_ok()
                } else {
                    let node = in_community(spec(round, "one"), round);
                    registry.insert(node).await.is_ok()
                }
            },
            async { tenants.remove_tenant(id, 1, nothing()).await.is_ok() },
        );
        assert!(added != removed, "round {round}: {added} {removed}");
        let forest = of_people(&*tenants).await;
        let is_there = |customer: &Customer| forest.communities.contains_key(&customer.community);
        assert!(forest.customers.values().all(is_there));
    }
}

pub(crate) async fn a_tenant_and_its_answer_are_kept_together_or_not_at_all(site: &dyn Site) {
    let Opened {
        tenants, receipts, ..
    } = site.open().await;
    for key in ["a", "b"] {
        begun(&*receipts, name(1, key), 1, at(1)).await;
    }
    let made = Some(kept(name(1, "a"), "made"));
    let tenant = Tenant::Distributor(distributor(1));
    tenants.insert_tenant(tenant, made.into()).await.unwrap();
    assert_eq!(begun(&*receipts, name(1, "a"), 1, at(2)).await, "made");
    let astray = Tenant::Community(community(2, 9));
    let refused = tenants.insert_tenant(astray, Some(kept(name(1, "b"), "made")).into());
    assert_eq!(word(refused.await), "no parent");
    assert_eq!(begun(&*receipts, name(1, "b"), 1, at(2)).await, open(1));
    let again = Tenant::Distributor(distributor(2));
    let again = tenants.insert_tenant(again, Some(kept(name(1, "a"), "again")).into());
    assert!(again.await.is_err());
    assert_eq!(of_people(&*tenants).await.distributors.len(), 1);
}
